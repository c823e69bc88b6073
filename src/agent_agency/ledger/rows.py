"""The rows of a ledger in the database: what the statements are, and nothing of what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH = 1000
_PARAMETER = re.compile(r":([a-z][a-z0-9]*)")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where one chain stands: ``ledger`` is the own chain of the repository that keeps it, ``chain`` the chain's id."""

    ledger: str
    chain: str


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The newest entry of a chain, as its own row says."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry's row; ``line`` is without its line feed."""

    seq: int
    hash: str
    kind: str
    subject: str | None
    line: bytes


def stored_head(connection: Connection, shelf: Shelf) -> StoredHead | None:
    """The newest entry of a chain, as remembered; ``None`` where no such chain is kept."""
    query = "SELECT seq, hash FROM agency_chains WHERE ledger = :ledger AND chain = :chain"
    found = _asked(connection, query, shelf).one_or_none()
    return StoredHead(found[0], found[1]) if found else None


def newest_row(connection: Connection, shelf: Shelf) -> EntryRow | None:
    """The row with the highest seq."""
    found = connection.execute(_rows(shelf, newest_first=True).limit(1)).one_or_none()
    return EntryRow(*_whole(found)) if found else None


def rows_between(connection: Connection, shelf: Shelf, after: Any, most: int = BATCH) -> Sequence[Sequence[Any]]:
    """The next rows by seq, as tuples of an `EntryRow`'s members; ``after`` is the last row's seq, ``None`` before."""
    from agent_agency.store.tables import entries

    query = _rows(shelf)
    if after is not None:
        query = query.where(entries.c.seq > after)
    return [_whole(row) for row in connection.execute(query.limit(most)).fetchall()]


def row_at(connection: Connection, shelf: Shelf, seq: int) -> EntryRow | None:
    """The row of one entry."""
    from agent_agency.store.tables import entries

    found = connection.execute(_rows(shelf).where(entries.c.seq == seq)).one_or_none()
    return EntryRow(*_whole(found)) if found else None


def rows_at(connection: Connection, shelf: Shelf, seqs: Sequence[int]) -> dict[int, EntryRow]:
    """The rows of these entries, by seq."""
    if not seqs:
        return {}
    names = {f"s{at}": seq for at, seq in enumerate(seqs)}
    wanted = ", ".join(f":{name}" for name in names)
    query = (
        "SELECT seq, hash, kind, subject, line FROM agency_entries "  # noqa: S608 - names of parameters are added alone
        f"WHERE ledger = :ledger AND chain = :chain AND seq IN ({wanted})"
    )
    return {row[0]: EntryRow(*_whole(row)) for row in _asked(connection, query, shelf, **names)}


def _asked(connection: Connection, query: str, shelf: Shelf, **names: Any) -> Any:
    """What the driver answers, without the building of a statement, which takes longer than the answer."""
    if connection.dialect.name != "sqlite":
        query = _PARAMETER.sub(r"%(\1)s", query)
    return connection.exec_driver_sql(query, {"ledger": shelf.ledger, "chain": shelf.chain, **names})


def add_ledger(connection: Connection, ledger: str, place: str) -> None:
    """Make the row of a repository, unless it is there."""
    from sqlalchemy import insert, select

    from agent_agency.store.tables import ledgers

    if not connection.execute(select(ledgers.c.ledger).where(ledgers.c.ledger == ledger)).one_or_none():
        connection.execute(insert(ledgers).values(ledger=ledger, place=place))


def ledgers_at(connection: Connection, place: str) -> list[str]:
    """The repositories that named their chain in this folder."""
    from sqlalchemy import select

    from agent_agency.store.tables import ledgers

    return list(connection.execute(select(ledgers.c.ledger).where(ledgers.c.place == place)).scalars())


def chains_of(connection: Connection, ledger: str) -> list[str]:
    """The ids of all chains that a repository keeps, its own among them, by id."""
    from sqlalchemy import select

    from agent_agency.store.tables import chains

    query = select(chains.c.chain).where(chains.c.ledger == ledger).order_by(chains.c.chain)
    return list(connection.execute(query).scalars())


def add_entries(connection: Connection, shelf: Shelf, added: Sequence[EntryRow]) -> None:
    """Insert entries and remember the newest as the chain's head, unless the head is further on already."""
    from sqlalchemy import insert, update

    from agent_agency.store.tables import chains, entries

    head = stored_head(connection, shelf)
    newest = added[-1]
    members = {"ledger": shelf.ledger, "chain": shelf.chain}
    if head is None:
        connection.execute(insert(chains).values(**members, seq=newest.seq, hash=newest.hash))
    elif head.seq < newest.seq:
        here = (chains.c.ledger == shelf.ledger, chains.c.chain == shelf.chain)
        connection.execute(update(chains).where(*here).values(seq=newest.seq, hash=newest.hash))
    connection.execute(
        insert(entries),
        [
            {**members, "seq": row.seq, "hash": row.hash, "kind": row.kind, "subject": row.subject, "line": row.line}
            for row in added
        ],
    )


def _whole(row: Sequence[Any]) -> Sequence[Any]:
    """A row whose line is bytes whatever stands there: a value of another type becomes bytes that are no entry."""
    return row if isinstance(row[4], bytes) else (*row[:4], repr(row[4]).encode("utf-8", "replace"))


def _rows(shelf: Shelf, *, newest_first: bool = False) -> Any:
    from sqlalchemy import select, type_coerce
    from sqlalchemy.types import NullType

    from agent_agency.store.tables import entries

    columns = entries.c
    line = type_coerce(columns.line, NullType())  # as it stands there: whoever changed it may have put in a text
    query = select(columns.seq, columns.hash, columns.kind, columns.subject, line)
    order = columns.seq.desc() if newest_first else columns.seq
    return query.where(columns.ledger == shelf.ledger, columns.chain == shelf.chain).order_by(order)


def subject_of(body: Any) -> str | None:
    """The subject that an entry's body names, where it names one that a column can hold."""
    subject = body.get("subject")
    return subject if isinstance(subject, str) and "\0" not in subject else None


def iterate(connection_of: Callable[[], AbstractContextManager[Connection]], shelf: Shelf) -> Iterator[Sequence[Any]]:
    """All rows of a chain, oldest first, a batch per transaction: nothing stays open between two batches."""
    after: Any = None
    while True:
        with connection_of() as connection:
            batch = rows_between(connection, shelf, after)
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1][0]
