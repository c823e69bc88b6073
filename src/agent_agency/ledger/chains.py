"""Which chains a repository keeps: its own, and those that it imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_agency.canonical_json import CanonicalReader
from agent_agency.errors import LedgerError
from agent_agency.ledger import rows
from agent_agency.ledger.chain import Problem
from agent_agency.ledger.entry import Entry, EntryError, decode
from agent_agency.ledger.journal import Ledger, corrupt
from agent_agency.ledger.own_chain import read_own_chain
from agent_agency.ledger.rows import Shelf

if TYPE_CHECKING:
    from agent_agency.store.database import Database


def imported_chains(ledger: Ledger) -> tuple[Shelf, ...]:
    """The imported chains, by id.

    Raises:
        LedgerError: the database cannot be read.
    """
    own = read_own_chain(ledger.folder)
    if own is None or not ledger.database.exists():
        return ()
    with ledger.database.read() as connection:
        kept = rows.chains_of(connection, own.chain)
    return tuple(Shelf(own.chain, chain) for chain in kept if chain != own.chain)


def find_chain(ledger: Ledger, chain: str | None) -> Shelf | None:
    """The repository's own chain for ``None`` (``None`` before its first entry), an imported one by its id.

    Raises:
        LedgerError: no chain of that id is here (``ledger.no_chain``), or the database cannot be read.
    """
    own = ledger.shelf()
    if chain is None or (own and own.chain == chain):
        return own
    for shelf in imported_chains(ledger):
        if shelf.chain == chain:
            return shelf
    raise LedgerError(
        f"No chain {chain!r} is here",
        fix="Run agency ledger verify for the chains that are, or import it first.",
        code="ledger.no_chain",
    )


def read_entries(database: Database, shelf: Shelf | None) -> Iterator[Entry]:
    """The entries of a chain that was verified before; nothing for ``None``.

    Raises:
        LedgerCorruptError: at a row whose line does not give its hash, or stands in another's place.
        StoreError: the database cannot be read.
    """
    if shelf is None:
        return
    reader = CanonicalReader()
    for seq, row in enumerate(rows.iterate(database.read, shelf), start=1):
        try:
            entry, found = decode(row[4], reader)
        except EntryError as error:
            raise corrupt(database.shown, Problem(error.code, str(error), None, seq)) from error
        if found != entry.hash or (entry.seq, entry.chain) != (seq, shelf.chain):
            raise corrupt(database.shown, Problem("entry.edited", f"entry {seq} was changed", None, seq))
        yield entry
