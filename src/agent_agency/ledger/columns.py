"""The columns beside a line: they repeat what it says, and whoever changes one is told apart from the line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent_agency.ledger.chain import Problem
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.rows import StoredHead, subject_of


def columns_disagree(row: Sequence[Any], entry: Entry) -> list[Problem]:
    """What the columns of a row say otherwise than its line, one problem for each."""
    says = (entry.seq, entry.hash, entry.kind, subject_of(entry.body))
    if tuple(row[:4]) == says:
        return []
    return [
        Problem("row.column", f"the column {name} beside entry {entry.seq} says something else", None, entry.seq)
        for name, value, stated in zip(("seq", "hash", "kind", "subject"), says, row, strict=False)
        if stated != value
    ]


def beyond_the_end(last: Entry | None, head: StoredHead | None) -> Problem | None:
    """An entry that stands after the one that the chain is remembered to end with, read after all entries were."""
    if last is None or (head is not None and last.seq <= head.seq):
        return None
    end = f"entry {head.seq}" if head else "nothing"
    return Problem("tail.added", f"entry {last.seq} stands there, and {end} is remembered as the end", None, last.seq)
