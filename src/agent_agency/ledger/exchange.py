"""Carrying chains between clones: exporting one to a file, taking one in from a file.

An imported chain is stored as an export of its own, which verifies by itself. A chain that is already here may only
grow: a copy that says something else about an entry is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain as joined
from itertools import islice
from pathlib import Path

from agent_agency.errors import LedgerError
from agent_agency.ledger import lock
from agent_agency.ledger.chain import ChainCheck, Problem
from agent_agency.ledger.chains import CHAINS, own_chain, raw_lines
from agent_agency.ledger.entry import decode
from agent_agency.ledger.export_header import ExportHeader, write_header
from agent_agency.store.files import ensure_folder, open_file, replace_file, sync_folder, told, write_at
from agent_agency.ledger.head import HEAD_NAME, Head, read_head, write_head
from agent_agency.ledger.old_file import LEDGER_NAME, corrupt, set_aside
from agent_agency.ledger.verify import VerificationReport, verify_file, verify_held

_BLOCK = 1024 * 1024
_MENDABLE = {"ledger.missing", "tail.missing", "tail.torn"}  # what a longer copy of the same chain makes good


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


def export_chain(path: Path, write: Callable[[Iterator[bytes]], None]) -> ExportHeader:
    """Verify a chain, then hand its export to ``write``, the header first.

    Raises:
        LedgerCorruptError: it does not verify; nothing was handed on.
        LedgerError: there is nothing to export, or the file cannot be read.
    """
    report = verify_file(path)
    if report.problems:
        raise corrupt(path, report.problems[0])
    header = _header(report)
    write(joined([write_header(header)], (raw for _, raw in islice(raw_lines(path), header.count))))
    return header


def write_export(target: Path, folder: Path, new_id: Callable[[], str]) -> Callable[[Iterator[bytes]], None]:
    """A writer for `export_chain` that puts the file in place as a whole, so that it is never half-written.

    Args:
        target: the file; one that is there already is replaced.
        folder: the ledger's own folder, in which nothing may be replaced.
        new_id: names the temporary file beside the target.
    """

    def write(parts: Iterator[bytes]) -> None:
        inside = folder.resolve() in target.resolve().parents
        if inside or target.is_symlink() or (target.exists() and not target.is_file()):
            what = "This lies in the ledger's own folder" if inside else "This is no regular file"
            raise LedgerError(f"{what}, so it is not replaced", fix="Name another file.", path=str(target))
        replace_file(target, parts, target.parent / f".agency-export-{new_id()}", mode=0o666)

    return write


def import_chain(folder: Path, source: Path, new_id: Callable[[], str]) -> Imported | Refused:
    """Take in an export, if it verifies and agrees with what is here.

    The repository's own chain may be extended in this way too: by a copy of the clone that went on, or by an export
    that was made before its last entries were lost.

    Raises:
        LedgerCorruptError: what is here of this chain does not verify, other than by a missing end.
        LedgerError: a file cannot be read or written, or the lock was not free in time.
    """
    report = verify_file(source)
    if report.form != "export" and not report.problems:
        problem = Problem("export.header_missing", "this is a ledger's own file; agency ledger export makes an export")
        return Refused((problem,))
    if report.problems:
        return Refused(report.problems)
    header = _header(report)
    ensure_folder(folder)
    with lock.exclusive(folder):
        if header.chain == own_chain(folder):
            return _into_own(folder, source, header, new_id)
        return _beside(folder, source, header, new_id)


def _header(report: VerificationReport) -> ExportHeader:
    if report.chain is None or report.head is None:
        fix = "Run agency review first; each review is recorded."
        raise LedgerError("There is no entry yet", fix=fix, path=report.path, code="ledger.empty")
    return ExportHeader(report.chain, report.count, report.head)


def _beside(folder: Path, source: Path, header: ExportHeader, new_id: Callable[[], str]) -> Imported | Refused:
    target = folder / CHAINS / f"{header.chain}.jsonl"
    here = 0
    if os.path.lexists(target):
        known = verify_file(target)
        if known.problems:
            raise corrupt(target, known.problems[0])
        here = known.count
    fork = _fork(target, source, min(here, header.count))
    if fork:
        return Refused((fork,))
    if here < header.count:
        ensure_folder(folder / CHAINS)
        parts = joined([write_header(header)], _checked_lines(source, header))
        replace_file(target, parts, folder / CHAINS / f".{header.chain}-{new_id()}")
    return Imported(_outcome(here, header.count), header.chain, header.count, max(here, header.count), own=False)


def _into_own(folder: Path, source: Path, header: ExportHeader, new_id: Callable[[], str]) -> Imported | Refused:
    path = folder / LEDGER_NAME
    known = verify_held(path)
    for problem in known.problems:
        if problem.code not in _MENDABLE:
            raise corrupt(path, problem)
    here = known.count
    fork = _fork(path, source, min(here, header.count))
    if fork is None and (known.problems or here < header.count):
        fork = _against_head(folder, source, header)
    if fork:
        return Refused((fork,))
    if here < header.count or known.problems:
        _extend(path, source, header, here, new_id)
        write_head(folder, Head(header.count, header.chain, header.head), new_id)
        return Imported(Outcome.EXTENDED, header.chain, header.count, header.count, own=True)
    return Imported(_outcome(here, header.count), header.chain, header.count, here, own=True)


def _outcome(here: int, there: int) -> Outcome:
    if here == 0:
        return Outcome.STORED
    if here == there:
        return Outcome.UNCHANGED
    return Outcome.EXTENDED if here < there else Outcome.OLDER


def _against_head(folder: Path, source: Path, header: ExportHeader) -> Problem | None:
    """A copy may make good a lost end only if it has the very entry that ``head.json`` remembers."""
    head = read_head(folder)
    if head is None or not head.seq:
        return None
    if header.count < head.seq:
        return Problem("tail.missing", f"it ends at entry {header.count}, and {HEAD_NAME} remembers entry {head.seq}")
    with closing(raw_lines(source)) as found:
        number, raw = next(islice(found, head.seq - 1, None))
    if decode(raw[:-1])[0].hash != head.hash:
        return Problem("chain.forked", f"its entry {head.seq} is not the one that {HEAD_NAME} remembers", number)
    return None


def _fork(here: Path, source: Path, shared: int) -> Problem | None:
    """Hold the chain that is here against the one that comes in, over the entries that both have."""
    with closing(raw_lines(here)) as ours, closing(raw_lines(source)) as theirs:
        pairs = islice(zip(ours, theirs, strict=False), shared)
        for seq, ((_, our), (number, their)) in enumerate(pairs, start=1):
            if our != their:
                message = f"the chain forks: its entry {seq} is not the entry {seq} that is here"
                return Problem("chain.forked", message, number, seq)
    return None


def _extend(path: Path, source: Path, header: ExportHeader, here: int, new_id: Callable[[], str]) -> None:
    """Append the entries after ``here``, a block of whole lines at a time; each block leaves a sound chain."""
    handle = open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        end = sum(len(raw) for _, raw in raw_lines(path))
        torn = os.pread(handle, max(0, os.fstat(handle).st_size - end), end)
        if torn:
            set_aside(path.parent, torn, new_id())
        with told(path, "Writing the ledger"):
            for block in _blocks(islice(_checked_lines(source, header), here, None)):
                write_at(handle, block, end, cut=True)
                end += len(block)
            sync_folder(path.parent)
    finally:
        os.close(handle)


def _blocks(raws: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines to blocks worth one write each; one empty block where there is no line."""
    block = bytearray()
    for raw in raws:
        block += raw
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _checked_lines(source: Path, header: ExportHeader) -> Iterator[bytes]:
    """The lines once more, checked once more: the file may have changed since it was verified.

    Raises:
        LedgerError: it has.
    """
    check = ChainCheck(header.chain, {header.count: header.head})
    with closing(raw_lines(source)) as found:
        for number, raw in islice(found, header.count):
            if check.take(number, raw) is None:
                break
            yield raw
        check.finish()
    if check.problems:
        fix = "Import it again when nothing else writes to it."
        raise LedgerError("The file changed while it was imported", fix=fix, path=str(source))
