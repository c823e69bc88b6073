"""Taking in a chain from a file: all of it in one transaction, or nothing.

A chain that is already here may only grow: a copy that says something else about an entry is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from agent_agency.canonical_json import CanonicalReader
from agent_agency.errors import LedgerError
from agent_agency.ledger import rows
from agent_agency.ledger.chain import ChainCheck, Problem, lines
from agent_agency.ledger.entry import Entry, decode
from agent_agency.ledger.export_header import MAX_HEADER, ExportHeader, looks_like_header, read_header
from agent_agency.ledger.exports import header_of
from agent_agency.ledger.journal import Ledger, corrupt
from agent_agency.ledger.old_files import is_old_file, refuse_old_files, set_taken_in
from agent_agency.ledger.rows import EntryRow, Shelf, StoredHead
from agent_agency.ledger.signed_heads import add_signed_head
from agent_agency.ledger.verify import EXPORT, LEDGER, VerificationReport, verify_chain, verify_file
from agent_agency.ledger.witness import Witness
from agent_agency.store.files import open_file, told

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MENDABLE = {"tail.missing"}  # what a longer copy of the same chain makes good


class Outcome(StrEnum):
    """What an import did: the chain is new here, it grew, or it was here already, as long or longer."""

    STORED = "stored"
    EXTENDED = "extended"
    UNCHANGED = "unchanged"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Imported:
    """A chain that came in: how many entries the file holds, how many are here now, and whether it is this ledger's."""

    outcome: Outcome
    chain: str
    count: int
    here: int
    own: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file was not taken in: it does not verify, or it parts from what is here."""

    problems: tuple[Problem, ...]


def read_export(path: Path) -> Iterator[Entry]:
    """The entries of an export that was verified before.

    Raises:
        LedgerError: it cannot be read, or was changed since.
    """
    reader = CanonicalReader()
    return (decode(row.line, reader)[0] for row in _checked_lines(path, _header(path)))


class _RefusedError(Exception):
    """Ends the transaction without writing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def import_chain(ledger: Ledger, source: Path, witness: Witness | None = None) -> Imported | Refused:
    """Take in an export, if it verifies and agrees with what is here; or the file of an earlier version's ledger.

    The repository's own chain may be extended in this way too: by a copy of the clone that went on, by an export that
    was made before its last entries were lost, or by one from the database that it was kept in before.

    Raises:
        LedgerCorruptError: what is here of this chain does not verify, other than by a missing end.
        LedgerError: the file or the database cannot be read or written.
    """
    old = is_old_file(ledger.folder, source)
    refuse_old_files(ledger.folder, but=source if old else None)
    report = verify_file(source, witness)
    problems = _without_header(report) if old else report.problems
    if problems:
        return Refused(problems)
    try:
        result = _taken(ledger, source, report)
    except _RefusedError as refused:
        return Refused((refused.problem,))
    if old:
        set_taken_in(source)
    return result


def _without_header(report: VerificationReport) -> tuple[Problem, ...]:
    """An earlier version's own ledger had no header; bytes after its last line feed were never acknowledged."""
    return tuple(one for one in report.problems if one.code not in {"export.header_missing", "tail.torn"})


def _taken(ledger: Ledger, source: Path, report: VerificationReport) -> Imported:
    header = _header(source) if report.form == EXPORT else header_of(report)
    with ledger.taking_in(header.chain, as_own=report.form != EXPORT) as (connection, shelf):
        before = rows.stored_head(connection, shelf)
        here = _sound(ledger, shelf) if before else 0
        if before and here < before.seq and header.count < before.seq:
            message = f"it ends at entry {header.count}, and entry {before.seq} is remembered here"
            raise _RefusedError(Problem("tail.missing", message))
        _merge(connection, shelf, source, header, before)
        if header.signed_head and shelf.chain != shelf.ledger:  # over its own chain a repository signs by itself
            add_signed_head(connection, shelf, header.signed_head)
    own = shelf.ledger == shelf.chain
    return Imported(_outcome(here, header.count), header.chain, header.count, max(here, header.count), own)


def _header(source: Path) -> ExportHeader:
    with _opened(source) as stream:
        return read_header(stream.readline(MAX_HEADER))


def _sound(ledger: Ledger, shelf: Shelf) -> int:
    """How many entries of a chain are here; it must verify, but for an end that is missing."""
    known = verify_chain(ledger.database, shelf, None, LEDGER)
    for problem in known.of_the_chain:
        if problem.code not in _MENDABLE:
            raise corrupt(ledger.path, problem)
    return known.count


def _outcome(here: int, there: int) -> Outcome:
    if here == 0:
        return Outcome.STORED
    if here == there:
        return Outcome.UNCHANGED
    return Outcome.EXTENDED if here < there else Outcome.OLDER


def _merge(connection: Connection, shelf: Shelf, source: Path, header: ExportHeader, before: StoredHead | None) -> None:
    """Hold each line against the row that is here, and add those that are not, a batch at a time."""
    found = _checked_lines(source, header)
    while batch := list(islice(found, rows.BATCH)):
        kept = rows.rows_at(connection, shelf, [row.seq for row in batch])
        for row in batch:
            if _forks(row, kept.get(row.seq), before):
                message = f"the chain forks: its entry {row.seq} is not the entry {row.seq} that is here"
                raise _RefusedError(Problem("chain.forked", message, None, row.seq))
        added = [row for row in batch if row.seq not in kept]
        if added:
            rows.add_entries(connection, shelf, added)


def _forks(row: EntryRow, here: EntryRow | None, before: StoredHead | None) -> bool:
    """Whether an entry that comes in is another than the one that is here, or than the one that is remembered."""
    known = before is None or before.seq != row.seq or before.hash == row.hash
    return not known or (here is not None and here.line != row.line)


def _checked_lines(source: Path, header: ExportHeader) -> Iterator[EntryRow]:
    """The lines once more, checked once more: the file may have changed since it was verified.

    Raises:
        LedgerError: it has.
    """
    check = ChainCheck(header.chain, {header.count: header.head})
    with _opened(source) as stream:
        numbered = lines(stream, os.fstat(stream.fileno()).st_size)
        found = (raw for number, raw in numbered if not (number == 1 and looks_like_header(raw)))
        for raw in islice(found, header.count):
            entry = check.take(None, raw)
            if entry is None:
                break
            yield EntryRow(entry.seq, entry.hash, entry.kind, rows.subject_of(entry.body), raw[:-1])
        check.finish()
    if check.problems:
        fix = "Import it again when nothing else writes to it."
        raise LedgerError("The file changed while it was imported", fix=fix, path=str(source))


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    with told(source, "Reading the file"), os.fdopen(open_file(source), "rb") as stream:
        yield stream
