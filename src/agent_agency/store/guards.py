"""The triggers that keep a mistake from changing what only grows: whether they are there, and no others beside them.

They stop mistakes, not the owner of the file; but one that is missing, or one that somebody added, is worth telling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

_GUARDED = ("agency_chains", "agency_entries", "agency_signed_heads")
_ONLY_GROWS = {
    f"{table}_no_{act.lower()}": (
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
    )
    for table in ("agency_entries", "agency_signed_heads")
    for act in ("UPDATE", "DELETE")
}
_SQLITE = {
    **_ONLY_GROWS,
    "agency_chains_forward": (
        "CREATE TRIGGER agency_chains_forward BEFORE UPDATE ON agency_chains "
        "WHEN NEW.ledger IS NOT OLD.ledger OR NEW.chain IS NOT OLD.chain OR NEW.seq <= OLD.seq "
        "BEGIN SELECT RAISE(ABORT, 'a chain only grows'); END"
    ),
}
"""Each trigger as the first revision makes it: one of the same name that does something else is none of ours."""

_REFUSES = " BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END "
"""What the function of every trigger on Postgres does."""

_POSTGRES = {
    "agency_chains_forward",
    "agency_entries_no_change",
    "agency_entries_no_truncate",
    "agency_signed_heads_no_change",
    "agency_signed_heads_no_truncate",
}
_SQLITE_QUERY = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({})"
_POSTGRES_QUERY = (
    "SELECT tgname, prosrc FROM pg_trigger "
    "JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND relname IN ({}) AND pg_table_is_visible(pg_class.oid)"
)


def guards_changed(connection: Connection) -> str | None:
    """What is wrong with the triggers of the tables that only grow, as a clause; ``None`` when nothing is."""
    sqlite = connection.dialect.name == "sqlite"
    query = (_SQLITE_QUERY if sqlite else _POSTGRES_QUERY).format(", ".join(f"'{name}'" for name in _GUARDED))
    found = {row[0]: row[1] for row in connection.exec_driver_sql(query)}
    expected = _SQLITE if sqlite else dict.fromkeys(_POSTGRES, _REFUSES)
    if missing := expected.keys() - found.keys():
        return f"a guard of its tables was taken away ({min(missing)})"
    if changed := [name for name, does in expected.items() if found[name] != does]:
        return f"a guard of its tables was replaced by another of its name ({min(changed)})"
    return "a trigger that is none of ours was put on its tables" if found.keys() - expected.keys() else None
