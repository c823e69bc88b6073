"""Which schema a database has, and bringing it to the one that this version uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0005"
"""The newest revision under ``migrations/versions``; a test holds it against them."""

VERSION_TABLE = "agency_schema"

BETWEEN = ";\n\n"


def revision_of(connection: Connection) -> str | None:
    """The revision that a database has; ``None`` where nothing was made in it yet.

    Raises:
        StoreError: it holds what no version of this program leaves behind.
    """
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = [str(row[0]) for row in connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))]  # noqa: S608 - a constant
    if len(found) != 1 or not re.fullmatch(r"[0-9]{4}", found[0]):
        raise StoreError(
            "The database does not say which schema it has",
            fix="Restore it from a backup, or name another database.",
            code="store.schema_unknown",
        )
    return found[0]


def refuse_newer(revision: str | None) -> None:
    """Refuse a database that a newer version of this program has changed.

    Raises:
        StoreError: with the code ``store.newer``.
    """
    if revision is not None and revision > HEAD:
        raise StoreError(
            f"The database has schema {revision}, and this version knows {HEAD} at most",
            fix="Use the version of agency that changed it, or a newer one.",
            code="store.newer",
        )


def make(connection: Connection) -> None:
    """Make the schema of ``HEAD`` in an empty database, inside the transaction that the connection is in.

    For SQLite by the statements that all migrations together come to, without Alembic: a test holds them against those.
    """
    path = statements_path()
    if connection.dialect.name != "sqlite" or not path.exists():
        upgrade(connection)
        return
    for statement in path.read_text("utf-8").split(BETWEEN):
        connection.exec_driver_sql(statement)


def statements_path() -> Path:
    """Where the statements lie that make the schema of ``HEAD`` in SQLite; ``BETWEEN`` stands between each two."""
    return Path(__file__).parent / "migrations" / f"sqlite_{HEAD}.sql"


def upgrade(connection: Connection) -> None:
    """Bring the database to ``HEAD`` inside the transaction that the connection is in; the caller holds the lock."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
