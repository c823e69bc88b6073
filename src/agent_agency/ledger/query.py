"""Finding entries again."""

from __future__ import annotations

from collections.abc import Iterable

from agent_agency.ledger.entry import Entry

_SEQ_DIGITS = 15


def find_entry(entries: Iterable[Entry], reference: str) -> Entry | None:
    """The entry that a person means: by its seq, or the newest one that records the ruling of this id.

    A review that is repeated on the same inputs has the same ruling id, and is recorded again.
    """
    is_seq = reference.isascii() and reference.isdigit() and len(reference) <= _SEQ_DIGITS
    by_seq = int(reference) if is_seq else None
    found = None
    for entry in entries:
        if entry.seq == by_seq:
            return entry
        if entry.body.get("ruling_id") == reference:
            found = entry
    return found
