"""The ledger's file of an earlier version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import LedgerCorruptError
from agent_agency.ledger.chain import Problem
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.head import HEAD_NAME, Head
from agent_agency.store.files import replace_file

LEDGER_NAME = "ledger.jsonl"
_FIX_CORRUPT = "Run agency ledger verify to see what is wrong; to start a new chain, move the ledger's folder aside."


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
