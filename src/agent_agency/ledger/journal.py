"""The ledger of one repository: appending, and reading back what was appended.

``ledger.jsonl`` only grows. An append holds the lock, checks the last entry, writes one or more whole lines in a single
write, forces them to the disk and then remembers the new head. It answers only when the entry would survive a power
cut. What a crash left of a line that was never acknowledged is set aside in a file of its own, and the chain says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency._version import __version__
from agent_agency.canonical_json import digest_bytes
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import LedgerCorruptError, LedgerError
from agent_agency.ledger import lock
from agent_agency.ledger.chain import ChainCheck, Problem, lines
from agent_agency.ledger.entry import (
    FORMAT,
    GENESIS,
    MAX_LINE,
    REPAIRED,
    Entry,
    EntryError,
    check_kind,
    decode,
    encode,
    encode_body,
)
from agent_agency.ledger.files import ensure_folder, open_file, replace_file, sync_folder, told, write_at
from agent_agency.ledger.head import HEAD_NAME, Head, read_head, write_head

LEDGER_NAME = "ledger.jsonl"
_CHUNK = 64 * 1024
_FIX_CORRUPT = "Run agency ledger verify to see what is wrong; to start a new chain, move the ledger's folder aside."


@dataclass(frozen=True, slots=True)
class _Tail:
    """The end of the file: its last whole line, where that ends, and the bytes after it that are no whole line."""

    line: bytes | None
    end: int
    torn: bytes


class Ledger:
    """The record of one repository, shared by all its worktrees and by any number of processes.

    Args:
        folder: ``<git common dir>/agency``; made at the first append, its parent must exist.
        clock: dates the entries.
        new_id: gives 32 hexadecimal digits, new at each call.
        wait_s: how long to wait for the lock, in seconds.
    """

    def __init__(self, folder: Path, clock: Clock, new_id: Callable[[], str], *, wait_s: float = lock.WAIT_S) -> None:
        self.folder = folder
        self.path = folder / LEDGER_NAME
        self._clock = clock
        self._new_id = new_id
        self._wait_s = wait_s

    def append(self, kind: str, body: Mapping[str, Any]) -> Entry:
        """Record one event; when this answers, the entry is on the disk.

        Raises:
            ValueError: the kind is no name or one that the ledger keeps for itself, or the body is not plain JSON data.
            LedgerCorruptError: the end of the ledger does not verify; nothing was written.
            LedgerError: the lock, the folder or the disk refused; nothing was left half-written.
        """
        check_kind(kind)
        if kind in {GENESIS, REPAIRED}:
            raise ValueError(f"entries of kind '{kind}' are written by the ledger itself")
        data = encode_body(body)
        ensure_folder(self.folder)
        with lock.exclusive(self.folder, self._wait_s):
            handle = open_file(self.path, os.O_RDWR | os.O_CREAT)
            try:
                return self._append(handle, kind, data)
            finally:
                os.close(handle)

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first, each verified before it is handed out; nothing where no ledger exists yet.

        Raises:
            LedgerCorruptError: at the first thing that does not verify, a missing end included.
            LedgerError: the file cannot be read.
        """
        head = read_head(self.folder)  # before the file: appends meanwhile only make the file longer
        try:
            handle = open_file(self.path)
        except FileNotFoundError:
            refuse_unless_consistent(self.path, head, None)
            return
        check = ChainCheck(head.chain if head else None, anchors(head))
        with told(self.path, "Reading the ledger"), os.fdopen(handle, "rb") as stream:
            for number, raw in lines(stream, os.fstat(stream.fileno()).st_size):
                if not raw.endswith(b"\n") and len(raw) < MAX_LINE:
                    break  # somebody is appending, or died doing so: never acknowledged
                entry = check.take(number, raw)
                if entry is None:
                    raise corrupt(self.path, check.problems[0])
                if number == 1 and head is None:
                    refuse_unless_consistent(self.path, head, entry)
                yield entry
        check.finish()
        if check.problems:
            raise corrupt(self.path, check.problems[0])

    def _append(self, handle: int, kind: str, body: bytes) -> Entry:
        with told(self.path, "Reading the ledger"):
            tail = _read_tail(handle, os.fstat(handle).st_size, self.path)
        last = None if tail.line is None else _checked_last(tail.line, self.path)
        head = read_head(self.folder)
        refuse_unless_consistent(self.path, head, last)
        pending = _Pending(last, self._new_id)
        if last is None:
            if head is None:
                write_head(self.folder, Head(), self._new_id)
            pending.add(GENESIS, self._now(), encode_body({"format": FORMAT, "tool": f"agent-agency {__version__}"}))
        if tail.torn:
            repaired = set_aside(self.folder, tail.torn, self._new_id())
            pending.add(REPAIRED, self._now(), encode_body(repaired))
        pending.add(kind, self._now(), body)
        with told(self.path, "Writing the ledger"):
            write_at(handle, pending.data, tail.end, cut=bool(tail.torn))
            if last is None:
                sync_folder(self.folder)
        entry, _ = decode(pending.newest)
        write_head(self.folder, Head(entry.seq, entry.chain, entry.hash), self._new_id)
        return entry

    def _now(self) -> str:
        return rfc3339(self._clock.now())


class _Pending:
    """The lines of one append, each linked to the one before."""

    def __init__(self, last: Entry | None, new_id: Callable[[], str]) -> None:
        self.data = b""
        self.newest = b""
        self._seq = last.seq if last else 0
        self._prev = last.hash if last else None
        self._chain = last.chain if last else new_id()

    def add(self, kind: str, ts: str, body: bytes) -> None:
        self._seq += 1
        self.newest, self._prev = encode(self._seq, kind, ts, self._chain, body, self._prev)
        self.data += self.newest + b"\n"


def set_aside(folder: Path, torn: bytes, name_id: str) -> dict[str, Any]:
    """Keep what a crash left of a line in a file of its own; answer what the chain has to say about it.

    Raises:
        LedgerError: it could not be kept, so it must not be cut off either.
    """
    name = f".torn-{name_id}"
    replace_file(folder / name, [torn], folder / f"{name}.part")
    return {"what": "torn_tail_set_aside", "bytes": len(torn), "digest": digest_bytes(torn), "kept_as": name}


def anchors(head: Head | None) -> dict[int, str]:
    """What the head file lets a reader expect, by seq."""
    return {head.seq: head.hash} if head and head.hash else {}


def corrupt(path: Path, problem: Problem) -> LedgerCorruptError:
    """The error for a reader that can go no further."""
    return LedgerCorruptError(
        f"The ledger does not verify: {problem.message}", fix=_FIX_CORRUPT, path=str(path), line=problem.line
    )


def refuse_unless_consistent(path: Path, head: Head | None, last: Entry | None) -> None:
    """Hold the remembered head against the last entry of the file.

    Raises:
        LedgerCorruptError: the file is shorter than remembered, ends otherwise, or nothing remembers its length.
    """
    problem = head_problem(head, last)
    if problem:
        raise corrupt(path, problem)


def head_problem(head: Head | None, last: Entry | None) -> Problem | None:
    """What is wrong between the remembered head and the last entry of the file; ``None`` when they agree."""
    if head is None:
        if last is None:
            return None
        message = f"{HEAD_NAME} is missing, so nothing tells whether the last entries were removed"
        return Problem("head.missing", message)
    if head.seq > (last.seq if last else 0):
        end = f"ends at entry {last.seq}" if last else "holds no entry"
        return Problem("tail.missing", f"{HEAD_NAME} remembers entry {head.seq}, and the ledger {end}")
    if last and head.chain not in {None, last.chain}:
        return Problem("head.other_chain", f"{HEAD_NAME} belongs to another chain")
    if last and head.seq == last.seq and head.hash != last.hash:
        return Problem("entry.not_the_known", f"entry {last.seq} is not the one that {HEAD_NAME} remembers")
    return None


def _read_tail(handle: int, size: int, path: Path) -> _Tail:
    """Read backwards from the end until one whole line is in hand: the cost does not grow with the ledger."""
    length = 0
    data = b""
    while length < size:
        length = min(size, max(_CHUNK, 2 * length))
        if length > 2 * MAX_LINE:
            raise corrupt(path, Problem("entry.too_long", f"its last line is longer than {MAX_LINE:,} bytes"))
        data = os.pread(handle, length, size - length)
        if len(data) != length:
            raise LedgerError("The ledger shrank while it was read", fix=_FIX_CORRUPT, path=str(path))
        if data.count(b"\n") > 1:
            break
    whole, feed, torn = data.rpartition(b"\n")
    if not feed:
        return _Tail(None, 0, torn)
    return _Tail(whole.rpartition(b"\n")[2], size - len(torn), torn)


def _checked_last(line: bytes, path: Path) -> Entry:
    try:
        entry, found = decode(line)
    except EntryError as error:
        raise corrupt(path, Problem(error.code, f"its last line is not an entry: {error}", None, error.seq)) from error
    if found != entry.hash:
        raise corrupt(path, Problem("entry.edited", f"entry {entry.seq} was changed: it does not give its hash"))
    return entry
