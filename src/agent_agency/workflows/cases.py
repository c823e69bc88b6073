"""Cases in the ledger: finding the case of a matter, reading cases, and what a ruling adds to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.arbitration.cases.fold import advance, fold
from agent_agency.arbitration.cases.model import (
    CASE_KINDS,
    SUBJECT_PREFIX,
    CaseRecord,
    CaseState,
    Matter,
    Step,
    subject_of,
)
from agent_agency.arbitration.cases.note_review import RulingNote, note_review
from agent_agency.config import LawLimits
from agent_agency.errors import CaseError, LedgerMovedError

if TYPE_CHECKING:
    from agent_agency.ledger.entry import Entry
    from agent_agency.ledger.journal import Draft, Ledger

TRIES = 100
"""Each try that fails means that somebody else's write went through, so that all together always get on."""


@dataclass(frozen=True, slots=True)
class CaseNotes:
    """What goes into one ``append_all`` together with the entry that caused it.

    ``drafts`` are the case's entries, after the caller's own; ``unless_moved`` guards them. ``record`` is the case as
    it will stand, ``None`` where there is none.
    """

    drafts: tuple[Draft, ...]
    unless_moved: Mapping[str, int]
    record: CaseRecord | None

    @property
    def case_id(self) -> str | None:
        """The case that the act belongs to."""
        return self.record.id if self.record else None


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A matter's newest case, or one case by its id, and what guards a write that rests on it.

    ``problem`` says why a case is unreadable: its entries contradict each other. Nothing is believed of such a case,
    ``record`` is ``None``, and the next review of its matter opens a new one.
    """

    record: CaseRecord | None
    next_ordinal: int
    unless_moved: Mapping[str, int]
    problem: str | None = None


def newest_case(ledger: Ledger, matter: Matter) -> FoundCase:
    """Find the newest case of a matter; its cases are numbered without gaps.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    ordinal, entries = _newest_entries(ledger, matter)
    follows = subject_of(matter.case_id(ordinal + 1))
    if ordinal == 0:
        return FoundCase(None, 1, {follows: 0})
    subject = subject_of(matter.case_id(ordinal))
    guards = {subject: entries[-1].seq, follows: 0}
    try:
        return FoundCase(fold(entries), ordinal + 1, guards)
    except CaseError as error:
        return FoundCase(None, ordinal + 1, guards, error.message)


def case_by_id(ledger: Ledger, case_id: str) -> FoundCase:
    """Read one case.

    Raises:
        CaseError: there is none of this id, or its entries contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    subject = subject_of(case_id)
    entries = ledger.about(subject)
    record = fold(entries)
    return FoundCase(record, record.ordinal + 1, {subject: entries[-1].seq})


def all_cases(ledger: Ledger) -> tuple[FoundCase, ...]:
    """Every case, in the order in which they were opened; one that is unreadable does not hide the others.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    found: dict[str, FoundCase] = {}
    for entry in ledger.of_kinds(CASE_KINDS):
        subject = str(entry.body.get("subject", ""))
        known = found.get(subject)
        if known is None or known.problem is None:
            found[subject] = _with_entry(known, entry, subject)
    return tuple(found.values())


def _with_entry(known: FoundCase | None, entry: Entry, subject: str) -> FoundCase:
    guards = {subject: entry.seq}
    try:
        record = advance(known.record if known else None, entry)
    except CaseError as error:
        return FoundCase(None, 0, guards, f"{subject.removeprefix(SUBJECT_PREFIX)}: {error.message}")
    return FoundCase(record, record.ordinal + 1, guards)


def note_ruling(ledger: Ledger, note: RulingNote, limits: LawLimits, now: datetime) -> CaseNotes:
    """What a ruling adds to its case; on `LedgerMovedError` call it again and append again.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    found = newest_case(ledger, note.matter)
    return notes_of(found, note_review(found.record, found.next_ordinal, note, limits, now))


def notes_of(found: FoundCase, steps: Iterable[Step]) -> CaseNotes:
    """Steps that follow from a case that was found, ready to be appended."""
    from agent_agency.ledger.journal import Draft

    steps = tuple(steps)
    record = None if found.record is None or found.record.state.ended else found.record
    for step in steps:
        record = advance(None if step.body["from"] == CaseState.NEW else record, step)
    return CaseNotes(tuple(Draft(step.kind, step.body) for step in steps), found.unless_moved, record)


def append_noted(
    ledger: Ledger, plan: Callable[[], CaseNotes], own: Callable[[CaseNotes], Iterable[Draft]] | None = None
) -> tuple[CaseNotes, tuple[Entry, ...]]:
    """Append what a plan asks for, planning anew while others write about the same case.

    Args:
        ledger: where to.
        plan: reads the case and tells what to add.
        own: the entry that causes it, to stand before the case's own in the same transaction.

    Raises:
        CaseError: others kept writing about the case.
        LedgerError: the ledger cannot be read or written.
    """
    for _ in range(TRIES):
        notes = plan()
        drafts = (*(own(notes) if own else ()), *notes.drafts)
        try:
            return notes, ledger.append_all(drafts, unless_moved=notes.unless_moved)
        except LedgerMovedError:
            continue
    raise CaseError(
        f"Others wrote about the same case {TRIES} times in between", fix="Run the command again.", code="case.busy"
    )


def id_of(ledger: Ledger, wanted: str) -> str:
    """The whole id of a case, from its id or the beginning that no other case's id has.

    Raises:
        CaseError: no case or more than one begins so.
    """
    if ledger.about(subject_of(wanted)):
        return wanted
    known = {str(entry.body.get("subject", "")).removeprefix(SUBJECT_PREFIX) for entry in ledger.of_kinds(CASE_KINDS)}
    found = sorted(name for name in known if wanted and name.startswith(wanted))
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} cases begin with {wanted!r}" if found else f"There is no case {wanted!r}"
    raise CaseError(what, fix="Run agency cases list --all for their ids.", code="case.unknown")


def _newest_entries(ledger: Ledger, matter: Matter) -> tuple[int, tuple[Entry, ...]]:
    """The greatest ordinal in use, doubled until one is free, then halved; and the entries about that case."""
    found: dict[int, tuple[Entry, ...]] = {0: ()}

    def used(ordinal: int) -> bool:
        found[ordinal] = ledger.about(subject_of(matter.case_id(ordinal)))
        return bool(found[ordinal])

    free = 1
    while used(free):
        free *= 2
    low, high = free // 2, free
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if used(middle) else (low, middle)
    return low, found[low]
