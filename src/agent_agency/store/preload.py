"""Importing the database library ahead of its use, beside other work."""

from __future__ import annotations


def preload() -> None:
    """Import what the first use of a store imports; for a thread that runs while git does."""
    import sqlalchemy.dialects.sqlite.pysqlite

    import agent_agency.store.tables  # noqa: F401 - imported for later use
