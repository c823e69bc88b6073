"""Importing the database library before something is counted or killed."""

from __future__ import annotations

from importlib import import_module


def preload() -> None:
    """Import what the first use of a store imports."""
    for name in ("sqlalchemy.dialects.sqlite.pysqlite", "agent_agency.store.tables", "agent_agency.store.schema"):
        import_module(name)
