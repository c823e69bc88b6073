"""Ledgers to test with, and the programs that append to one from other processes."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.ledger import rows
from agent_agency.ledger.chains import find_chain
from agent_agency.ledger.entry import Entry, encode, encode_body
from agent_agency.ledger.exports import export_chain, write_export
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.opening import open_ledger
from support.signed_rulings import signed_body

if TYPE_CHECKING:
    from sqlalchemy import Connection

GUARDED = ("agency_entries", "agency_chains", "agency_signed_heads")

APPENDER = """
import os, sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.opening import open_ledger
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = open_ledger(folder, SystemClock(), random_id, os.environ)
for number in range(count):
    padding = "x" * int(sys.argv[4]) if len(sys.argv) > 4 else ""
    entry = ledger.append("ruling", {"by": name, "number": number, "padding": padding})
    print(entry.seq, number, flush=True)
"""


class TickingClock:
    """One second later at each look."""

    def __init__(self) -> None:
        self._next = datetime(2026, 1, 31, 8, tzinfo=UTC)

    def now(self) -> datetime:
        self._next += timedelta(seconds=1)
        return self._next


def counted_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):032x}"


def make_ledger(folder: Path, count: int = 0, url: str | None = None, *, signed: bool = False) -> Ledger:
    """A ledger with a genesis and ``count`` rulings (so with ``count + 1`` entries), or none for 0.

    It stands in a SQLite file in the folder, or in the database of the URL.
    """
    environment = {"AGENCY_STORE_URL": url} if url else {}
    ledger = open_ledger(folder, TickingClock(), counted_ids(), environment, wait_s=0.3)
    for number in range(1, count + 1):
        body = {"ruling_id": f"R-{number}", "verdict": "approved", "score": 0.5, "note": "§ naïve"}
        ledger.append("ruling", signed_body(body) if signed else body)
    return ledger


def start_appender(
    folder: Path, name: str, count: int, padding: int = 0, url: str | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(folder), name, str(count), str(padding)],
        env={**os.environ, **({"AGENCY_STORE_URL": url} if url else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def forged_lines(bodies: list[dict[str, Any]], chain: str = "a" * 32) -> list[bytes]:
    """A chain whose hashes are all right, made without the ledger."""
    made: list[bytes] = []
    previous: str | None = None
    whole = [{"format": "agency-ledger/1", "tool": "test"}, *bodies]
    for seq, body in enumerate(whole, start=1):
        kind = "genesis" if seq == 1 else "ruling"
        line, previous = encode(seq, kind, "2026-01-31T08:00:00.000Z", chain, encode_body(body), previous)
        made.append(line + b"\n")
    return made


def lines_of(ledger: Ledger) -> list[bytes]:
    """The lines of the ledger's own chain as they stand in the database, each with a line feed."""
    shelf = ledger.shelf()
    assert shelf is not None
    return [row[4] + b"\n" for row in rows.iterate(ledger.database.read, shelf)]


def entries_of(repo: Path) -> list[Entry]:
    """What is recorded of a repository, where no URL names another database."""
    return list(make_ledger(repo / ".git" / "agency").entries())


def tamper(ledger: Ledger, statement: str, **values: Any) -> None:
    """Change the database behind the ledger's back, as its owner can: the triggers are taken away first."""
    from sqlalchemy import text

    with ledger.database.write() as connection:
        _without_guards(connection)
        connection.execute(text(statement), values)


def _without_guards(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS taken_away (name TEXT PRIMARY KEY, sql TEXT)")
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, sql in found:
            connection.exec_driver_sql("INSERT OR REPLACE INTO taken_away VALUES (?, ?)", (name, sql))
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        for table in GUARDED:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def restore_guards(ledger: Ledger) -> None:
    """Put back the triggers that `tamper` took away, so that nothing tells of it."""
    with ledger.database.write() as connection:
        if connection.dialect.name == "sqlite":
            for (sql,) in connection.exec_driver_sql("SELECT sql FROM taken_away").fetchall():
                connection.exec_driver_sql(sql)
            connection.exec_driver_sql("DROP TABLE taken_away")
        else:
            for table in GUARDED:
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def replace_line(ledger: Ledger, seq: int, old: bytes, new: bytes) -> None:
    """Edit the line of one entry."""
    line = lines_of(ledger)[seq - 1][:-1]
    assert old in line
    tamper(ledger, "UPDATE agency_entries SET line = :line WHERE seq = :seq", line=line.replace(old, new), seq=seq)


def export_to(ledger: Ledger, target: Path, chain: str | None = None) -> Path:
    """Export the own chain, or an imported one, to the file."""
    shelf = find_chain(ledger, chain)
    assert shelf is not None
    export_chain(ledger.database, shelf, write_export(target, ledger.folder, counted_ids()))
    return target
