"""Verifying a ledger or an export, naming each thing that is wrong with it.

What this can show: that no byte of what stands there was changed, removed, added or moved since it was written, as far
as ``head.json`` or the export's header reaches. What it cannot show without a signature or a head that was published
elsewhere: that somebody with access to the files did not write all of them anew.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from agent_agency.errors import FileUnreadableError, LedgerCorruptError
from agent_agency.ledger import lock
from agent_agency.ledger.chain import MAX_PROBLEMS, ChainCheck, Problem, lines
from agent_agency.ledger.export_header import ExportHeader, looks_like_header, read_header
from agent_agency.store.files import open_file, told
from agent_agency.ledger.head import HEAD_NAME, Head, read_head
from agent_agency.ledger.old_file import LEDGER_NAME, anchors, head_problem


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What a verification found.

    ``count`` is the number of sound entries, ``head`` the hash of the newest one; both are of no worth where
    ``problems`` is not empty. ``notes`` are circumstances that are no problem. ``form`` is ``ledger`` or ``export``.
    """

    path: str
    form: str
    chain: str | None
    count: int
    head: str | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as ``agency ledger verify --json`` prints it."""
        return {
            "path": self.path,
            "form": self.form,
            "verified": self.verified,
            "chain": self.chain,
            "count": self.count,
            "head": self.head,
            "problems": [problem.as_dict() for problem in self.problems],
            "notes": list(self.notes),
        }


def verify_file(path: Path, *, wait_s: float = lock.WAIT_S) -> VerificationReport:
    """Verify a ledger (with its ``head.json`` beside it) or an export (with its header), in one pass.

    Raises:
        FileUnreadableError: there is no such file.
        LedgerError: it is no regular file, may not be read, or the ledger's lock was not free in time.
    """
    with lock.shared(path.parent, wait_s):  # only while the measure is taken; appends may go on during the reading
        taken = _take(path)
    return taken if isinstance(taken, VerificationReport) else _verify(taken)


def verify_held(path: Path) -> VerificationReport:
    """As `verify_file`, for a caller who holds the ledger's lock already."""
    taken = _take(path)
    return taken if isinstance(taken, VerificationReport) else _verify(taken)


@dataclass(frozen=True, slots=True)
class _Taken:
    """An open file, its size, and the head remembered at the same moment."""

    path: Path
    stream: BinaryIO
    size: int
    head: Head | None
    damaged: Problem | None


def _take(path: Path) -> _Taken | VerificationReport:
    damaged: Problem | None = None
    try:
        head = read_head(path.parent)
    except LedgerCorruptError as error:
        head, damaged = None, Problem("head.damaged", error.message)
    try:
        handle = open_file(path)
    except FileNotFoundError as error:
        if path.name == LEDGER_NAME and (damaged or (head and head.seq)):
            return _report(path, ChainCheck(), "ledger", [damaged or _gone(head)])
        raise FileUnreadableError(
            "There is no such file", fix="Name a ledger, or a file that agency ledger export wrote.", path=str(path)
        ) from error
    return _Taken(path, os.fdopen(handle, "rb"), os.fstat(handle).st_size, head, damaged)


def _verify(taken: _Taken) -> VerificationReport:
    with told(taken.path, "Reading the file"), taken.stream as stream:
        first = stream.readline(4096)
        stream.seek(0)
        if looks_like_header(first):
            return _verify_export(taken.path, stream, taken.size)
        return _verify_ledger(taken.path, stream, taken.size, taken.head, taken.damaged)


def _verify_ledger(
    path: Path, stream: BinaryIO, size: int, head: Head | None, damaged: Problem | None
) -> VerificationReport:
    check = ChainCheck(None, anchors(head))
    _walk(check, stream, size, first=1)
    found = [damaged] if damaged else []
    if size == 0 and path.name != LEDGER_NAME:
        found.append(Problem("file.empty", "the file is empty: neither a ledger nor an export"))
    if head and head.chain and check.chain and head.chain != check.chain:
        check.problems = [
            other for other in check.problems if other.code not in {"entry.not_the_known", "tail.missing"}
        ]
        found.append(Problem("head.other_chain", f"the {HEAD_NAME} beside it belongs to another chain"))
    elif not damaged and (head is None or not check.problems):
        disagreement = head_problem(head, check.last)
        if disagreement and disagreement.code == "head.missing" and path.name != LEDGER_NAME:
            message = f"neither a header in the file nor a {HEAD_NAME} beside it tells where the chain has to end"
            disagreement = Problem("export.header_missing", message, 1)
        found += [disagreement] if disagreement else []
    behind = check.last.seq - head.seq if head and check.last else 0
    notes = []
    if behind > 0 and not check.problems and not found:
        notes.append(f"{HEAD_NAME} is {behind} behind: an append ended before it could remember its entry")
    return _report(path, check, "ledger", found, notes)


def _verify_export(path: Path, stream: BinaryIO, size: int) -> VerificationReport:
    found: list[Problem] = []
    header: ExportHeader | None = None
    try:
        header = read_header(stream.readline(4096))
    except ValueError as error:
        found.append(Problem("export.header_invalid", f"the export's header does not verify: {error}", 1))
    known: Mapping[int, str] = {header.count: header.head} if header else {}
    check = ChainCheck(header.chain if header else None, known)
    _walk(check, stream, size, first=2)
    end = check.last.seq if check.last else 0
    if header and not check.problems and end > header.count:
        message = f"the export's header counts {header.count} entries, and there are {end}: entries were added"
        found.append(Problem("tail.added", message, header.count + 2, header.count + 1))
    return _report(path, check, "export", found)


def _walk(check: ChainCheck, stream: BinaryIO, size: int, first: int) -> None:
    for number, raw in lines(stream, size, first):
        check.take(number, raw)
        if check.full:
            break
    check.finish()


def _report(
    path: Path, check: ChainCheck, form: str, found: list[Problem], notes: list[str] | None = None
) -> VerificationReport:
    problems = [*found, *check.problems]
    if check.full:
        problems.append(Problem("file.too_much_wrong", f"reading stopped after {MAX_PROBLEMS} problems"))
    newest = check.last.hash if check.last else None
    return VerificationReport(str(path), form, check.chain, check.count, newest, tuple(problems), tuple(notes or ()))


def _gone(head: Head | None) -> Problem:
    seq = head.seq if head else 0
    return Problem("ledger.missing", f"the ledger is gone: {HEAD_NAME} remembers {seq} entries", None, 1)
