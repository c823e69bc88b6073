"""Cases in the ledger: finding the case of a matter, and what a ruling adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.arbitration.cases.fold import advance, fold
from agent_agency.arbitration.cases.model import CaseRecord, Matter, Step, subject_of
from agent_agency.arbitration.cases.note_review import RulingNote, note_review
from agent_agency.config import LawLimits

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Draft, Ledger


@dataclass(frozen=True, slots=True)
class CaseNotes:
    """What goes into one ``append_all`` together with the entry that caused it.

    ``drafts`` are the case's entries, after the caller's own; ``unless_moved`` guards them. ``record`` is the case as
    it will stand, ``None`` where the ruling has none.
    """

    drafts: tuple[Draft, ...]
    unless_moved: Mapping[str, int]
    record: CaseRecord | None

    @property
    def case_id(self) -> str | None:
        """The case that the ruling belongs to."""
        return self.record.id if self.record else None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest case of a matter, and what guards a write that rests on it."""

    record: CaseRecord | None
    next_ordinal: int
    unless_moved: Mapping[str, int]


def newest_case(ledger: Ledger, matter: Matter) -> Newest:
    """Find the newest case of a matter; its cases are numbered without gaps.

    Raises:
        CaseError: its entries contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    ordinal = _last_ordinal(ledger, matter)
    follows = subject_of(matter.case_id(ordinal + 1))
    if ordinal == 0:
        return Newest(None, 1, {follows: 0})
    subject = subject_of(matter.case_id(ordinal))
    entries = ledger.about(subject)
    return Newest(fold(entries), ordinal + 1, {subject: entries[-1].seq, follows: 0})


def note_ruling(ledger: Ledger, note: RulingNote, limits: LawLimits, now: datetime) -> CaseNotes:
    """What a ruling adds to its case; on `LedgerMovedError` call it again and append again.

    Raises:
        CaseError: the entries of the matter's case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    newest = newest_case(ledger, note.matter)
    steps = note_review(newest.record, newest.next_ordinal, note, limits, now)
    record = None if newest.record is None or newest.record.state.ended else newest.record
    for step in steps:
        opens = step.body["from"] == "new"
        record = advance(None if opens else record, step)
    return CaseNotes(as_drafts(steps), newest.unless_moved, record)


def as_drafts(steps: tuple[Step, ...]) -> tuple[Draft, ...]:
    """The entries to append."""
    from agent_agency.ledger.journal import Draft

    return tuple(Draft(step.kind, step.body) for step in steps)


def _last_ordinal(ledger: Ledger, matter: Matter) -> int:
    """The greatest ordinal in use: doubled until one is free, then halved."""

    def used(ordinal: int) -> bool:
        return ledger.last_about(subject_of(matter.case_id(ordinal))) > 0

    free = 1
    while used(free):
        free *= 2
    low, high = free // 2, free
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if used(middle) else (low, middle)
    return low
