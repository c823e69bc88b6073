"""Verifying the chains of a database or an export, naming each thing that is wrong.

What this can show: that no byte of what stands there was changed, removed, added or moved since it was written, as far
as the remembered head or the export's header reaches. What it can show only with a witness, who knows signatures and
anchors: that somebody with access to all of it did not write all of it anew.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from agent_agency.errors import FileUnreadableError, LedgerCorruptError
from agent_agency.ledger import rows
from agent_agency.ledger.chain import MAX_PROBLEMS, ChainCheck, Problem, lines
from agent_agency.ledger.columns import beyond_the_end, columns_disagree
from agent_agency.ledger.export_header import MAX_HEADER, ExportHeader, looks_like_header, read_header
from agent_agency.ledger.signed_heads import HeadsKnown, known_heads, signed_heads_of
from agent_agency.ledger.witness import KnownHead, Witness
from agent_agency.store.files import open_file, told
from agent_agency.store.guards import guards_changed

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger
    from agent_agency.ledger.rows import Shelf
    from agent_agency.store.database import Database

LEDGER, IMPORTED, EXPORT, LINES = "ledger", "imported", "export", "lines"
_UNGUARDED = "store.unguarded"


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What a verification found.

    ``path`` is the file or the database. ``form`` is ``ledger`` (the repository's own chain), ``imported``, ``export``,
    or ``lines`` for a file without a header. ``count`` is the number of sound entries, ``head`` the hash of the newest
    one; both are of no worth where ``problems`` is not empty. ``signed`` and ``anchored`` are the newest heads that a
    witness vouches for. ``notes`` are circumstances that are no problem.
    """

    path: str
    form: str
    chain: str | None
    count: int
    head: str | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    signed: KnownHead | None = None
    anchored: KnownHead | None = None

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def of_the_chain(self) -> tuple[Problem, ...]:
        """What is wrong with the entries, so that nothing is shown, exported or concluded from them.

        A guard that was taken away from the tables is told, and leaves sound entries sound.
        """
        return tuple(problem for problem in self.problems if problem.code != _UNGUARDED)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as ``agency ledger verify --json`` prints it."""
        return {
            "path": self.path,
            "form": self.form,
            "verified": self.verified,
            "chain": self.chain,
            "count": self.count,
            "head": self.head,
            "signed": _known(self.signed),
            "anchored": _known(self.anchored),
            "problems": [problem.as_dict() for problem in self.problems],
            "notes": list(self.notes),
        }


def verify_ledger(ledger: Ledger, witness: Witness | None = None) -> list[VerificationReport]:
    """Verify all that a repository keeps: its own chain first, then those that it imported.

    A database that does not hold the repository's chain, or a folder that does not name it any more, is a report too.

    Raises:
        StoreError: the database cannot be reached or read.
        LedgerError: the folder holds a ledger of an earlier version that was not taken in.
    """
    from agent_agency.ledger.chains import imported_chains

    try:
        own = ledger.shelf()
    except LedgerCorruptError as error:
        problem = Problem(error.stable_code, error.message)
        return [VerificationReport(error.path or ledger.path, LEDGER, None, 0, None, (problem,))]
    reports = [verify_chain(ledger.database, own, witness, LEDGER)] if own else []
    return [*reports, *(verify_chain(ledger.database, one, witness, IMPORTED) for one in imported_chains(ledger))]


def verify_chain(database: Database, shelf: Shelf, witness: Witness | None, form: str) -> VerificationReport:
    """Verify one chain of a database: its lines, and that the columns beside them say the same.

    Raises:
        StoreError: the database cannot be reached or read.
    """
    with database.read() as connection:
        head = rows.stored_head(connection, shelf)
        signed = signed_heads_of(connection, shelf)
        unguarded = guards_changed(connection)
    known = known_heads(shelf.chain, signed, witness)
    anchors = {**known.anchors, **({head.seq: head.hash} if head else {})}
    check = ChainCheck(shelf.chain, anchors)
    found = list(known.problems)
    found += [
        _contradiction(seq) for seq in known.anchors if head and seq == head.seq and anchors[seq] != known.anchors[seq]
    ]
    for row in rows.iterate(database.read, shelf):
        entry = check.take(None, row[4] + b"\n")
        if entry is not None:
            found += columns_disagree(row, entry)
        if check.full or len(found) >= MAX_PROBLEMS:
            break
    check.finish()
    with database.read() as connection:
        added = beyond_the_end(check.last, rows.stored_head(connection, shelf))
    check.problems += [added] if added and not check.problems else []
    check.problems += [_changed(unguarded)] if unguarded else []
    return _report(database.shown, check, form, found, known, _notes(check, known, witness))


def verify_file(path: Path, witness: Witness | None = None) -> VerificationReport:
    """Verify an export, which needs no database.

    Raises:
        FileUnreadableError: there is no such file.
        LedgerError: it is no regular file, or may not be read.
    """
    try:
        handle = open_file(path)
    except FileNotFoundError as error:
        fix = "Name a file that agency ledger export wrote."
        raise FileUnreadableError("There is no such file", fix=fix, path=str(path)) from error
    with told(path, "Reading the file"), os.fdopen(handle, "rb") as stream:
        size = os.fstat(handle).st_size
        first = stream.readline(MAX_HEADER)
        if looks_like_header(first):
            return _verify_export(path, stream, size, first, witness)
        stream.seek(0)
        return _verify_lines(path, stream, size)


def _verify_lines(path: Path, stream: BinaryIO, size: int) -> VerificationReport:
    check = ChainCheck()
    _walk(check, stream, size, first=1)
    message = "no header in the file tells where the chain has to end"
    return _report(str(path), check, LINES, [Problem("export.header_missing", message, 1)])


def _verify_export(
    path: Path, stream: BinaryIO, size: int, first: bytes, witness: Witness | None
) -> VerificationReport:
    found: list[Problem] = []
    header: ExportHeader | None = None
    try:
        header = read_header(first)
    except ValueError as error:
        found.append(Problem("export.header_invalid", f"the export's header does not verify: {error}", 1))
    known = HeadsKnown()
    anchors: dict[int, str] = {}
    if header:
        known = known_heads(header.chain, [header.signed_head] if header.signed_head else [], witness)
        found += known.problems
        claimed = {header.signed_head.seq: header.signed_head.hash} if header.signed_head else {}
        anchors = {**claimed, **known.anchors}
        if anchors.setdefault(header.count, header.head) != header.head:
            found.append(_contradiction(header.count))
    check = ChainCheck(header.chain if header else None, anchors)
    _walk(check, stream, size, first=2)
    end = check.last.seq if check.last else 0
    if header and not check.problems and end > header.count:
        message = f"the export's header counts {header.count} entries, and there are {end}: entries were added"
        found.append(Problem("tail.added", message, header.count + 2, header.count + 1))
    return _report(str(path), check, EXPORT, found, known, _notes(check, known, witness))


def _changed(unguarded: str) -> Problem:
    mend = "export the chain, move the database aside, and import it into a new one"
    return Problem(_UNGUARDED, f"somebody changed the database: {unguarded}; {mend}")


def _contradiction(seq: int) -> Problem:
    return Problem("head.contradicted", f"entry {seq} is signed or anchored with another hash", None, seq)


def _walk(check: ChainCheck, stream: BinaryIO, size: int, first: int) -> None:
    for number, raw in lines(stream, size, first):
        check.take(number, raw)
        if check.full:
            break
    check.finish()


def _notes(check: ChainCheck, known: HeadsKnown, witness: Witness | None) -> list[str]:
    if witness is None or check.last is None:
        return []
    if known.newest_signed is None:
        return ["no head of this chain is signed"]
    behind = check.last.seq - known.newest_signed.seq
    return [f"the newest signed head is {behind} behind the chain's end"] if behind > 0 else []


def _report(
    path: str,
    check: ChainCheck,
    form: str,
    found: Sequence[Problem],
    known: HeadsKnown | None = None,
    notes: Sequence[str] = (),
) -> VerificationReport:
    problems = [*found, *check.problems]
    if check.full or len(found) >= MAX_PROBLEMS:
        problems.append(Problem("file.too_much_wrong", f"reading stopped after {MAX_PROBLEMS} problems"))
    newest = check.last.hash if check.last else None
    signed, anchored = (known.newest_signed, known.newest_anchored) if known else (None, None)
    return VerificationReport(
        path, form, check.chain, check.count, newest, tuple(problems), tuple(notes), signed, anchored
    )


def _known(head: KnownHead | None) -> Mapping[str, Any] | None:
    return {"seq": head.seq, "hash": head.hash, "known_by": head.known_by} if head else None
