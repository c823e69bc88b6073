"""The triggers that keep a mistake from changing what only grows: whether they are there, and no others beside them.

They stop mistakes, not the owner of the file; but one that is missing, or one that somebody added, is worth telling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

_GUARDED = ("agency_chains", "agency_entries", "agency_signed_heads")
_SQLITE = {
    "agency_chains_forward",
    "agency_entries_no_delete",
    "agency_entries_no_update",
    "agency_signed_heads_no_delete",
    "agency_signed_heads_no_update",
}
_POSTGRES = {
    "agency_chains_forward",
    "agency_entries_no_change",
    "agency_entries_no_truncate",
    "agency_signed_heads_no_change",
    "agency_signed_heads_no_truncate",
}
_SQLITE_QUERY = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({})"
_POSTGRES_QUERY = (
    "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND relname IN ({}) AND pg_table_is_visible(pg_class.oid)"
)


def guards_changed(connection: Connection) -> str | None:
    """What is wrong with the triggers of the tables that only grow, as a clause; ``None`` when nothing is."""
    sqlite = connection.dialect.name == "sqlite"
    query = (_SQLITE_QUERY if sqlite else _POSTGRES_QUERY).format(", ".join(f"'{name}'" for name in _GUARDED))
    found = set(connection.exec_driver_sql(query).scalars())
    expected = _SQLITE if sqlite else _POSTGRES
    if expected - found:
        return f"a guard of its tables was taken away ({min(expected - found)})"
    return "a trigger that is none of ours was put on its tables" if found - expected else None
