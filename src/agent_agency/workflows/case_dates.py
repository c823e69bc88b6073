"""Due dates of cases: evaluated by every command that reads a case, and by ``agency cases tick``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.arbitration.cases.model import CaseRecord, Step
from agent_agency.arbitration.cases.steps import lapse
from agent_agency.errors import LedgerMovedError
from agent_agency.workflows.cases import CaseNotes, FoundCase, all_cases, append_noted, case_by_id, notes_of

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Draft, Ledger

_AT_ONCE = 250
"""Cases that lapse in one transaction; a larger one would keep others from writing for longer."""


def tick(ledger: Ledger, now: datetime) -> tuple[CaseRecord, ...]:
    """Let every case whose time has passed lapse; told again, it does nothing.

    Raises:
        CaseError: others kept writing about one of them.
        LedgerError: the ledger cannot be read or written.
    """
    lapsed: list[CaseRecord] = []
    due = _due(all_cases(ledger), now)
    for start in range(0, len(due), _AT_ONCE):
        lapsed += _lapse_together(ledger, due[start : start + _AT_ONCE], now)
    return tuple(lapsed)


def _due(found: Iterable[FoundCase], now: datetime) -> list[FoundCase]:
    return [case for case in found if case.record is not None and case.record.is_due(now)]


def _lapse_together(ledger: Ledger, due: Sequence[FoundCase], now: datetime) -> list[CaseRecord]:
    """All in one transaction; one by one where somebody wrote about one of them in between."""
    drafts: list[Draft] = []
    guards: dict[str, int] = {}
    lapsed: list[CaseRecord] = []
    for case in due:
        notes = notes_of(case, _lapse(case.record, now))
        drafts += notes.drafts
        guards.update(notes.unless_moved)
        lapsed += [notes.record] if notes.record else []
    try:
        ledger.append_all(drafts, unless_moved=guards)
    except LedgerMovedError:
        alone = (_lapse_alone(ledger, case, now) for case in due)
        return [record for record in alone if record is not None]
    return lapsed


def _lapse_alone(ledger: Ledger, case: FoundCase, now: datetime) -> CaseRecord | None:
    """The case as it lapsed, ``None`` where somebody else saw to it or it is no longer due."""
    if case.record is None:
        return None
    case_id = case.record.id

    def plan() -> CaseNotes:
        found = case_by_id(ledger, case_id)
        return notes_of(found, _lapse(found.record, now))

    notes, written = append_noted(ledger, plan)
    return notes.record if written else None


def _lapse(record: CaseRecord | None, now: datetime) -> tuple[Step, ...]:
    return (lapse(record, now),) if record is not None and record.is_due(now) else ()
