"""Importing the database library ahead of its use, beside other work."""

from __future__ import annotations


def preload() -> None:
    """Import what the first use of a store imports; for a thread that runs while git does."""
    from importlib import import_module

    for name in ("sqlalchemy.dialects.sqlite.pysqlite", "agent_agency.store.tables", "agent_agency.store.schema"):
        import_module(name)
