"""What waiver requests and appeals mean for a case: which entries to write, told without writing anything.

The acts themselves stand in signed entries of their own; a case only follows how they came out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent_agency.arbitration.cases.fold import advance
from agent_agency.arbitration.cases.model import (
    PENDING,
    CaseEvent,
    CaseRecord,
    CaseState,
    LawAtOpening,
    Matter,
    MatterKind,
    Step,
)
from agent_agency.arbitration.cases.steps import Opening, lapse, opening, step
from agent_agency.config import LawLimits


class WaiverAnswer(StrEnum):
    """How a waiver request came out, or that a granted one was taken back."""

    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class AppealAnswer(StrEnum):
    """How an appeal came out."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Filed:
    """A waiver request or an appeal: its id, what it would be a case about by itself, and the law at that moment.

    ``ruling_id`` is the ruling that an appeal is against; empty for a waiver request.
    """

    id: str
    matter: Matter
    law: LawAtOpening | None
    ruling_id: str = ""


def note_waiver_request(
    record: CaseRecord | None, next_ordinal: int, filed: Filed, limits: LawLimits, now: datetime
) -> tuple[Step, ...]:
    """A waiver was requested; ``record`` is the open case that it belongs to, or the newest of its own matter."""
    details = {"waiver_id": filed.id}
    return _note_filed(record, next_ordinal, filed, CaseEvent.WAIVER_REQUESTED, details, _until(limits, now))


def note_waiver_answer(record: CaseRecord, waiver_id: str, answer: WaiverAnswer, now: datetime) -> tuple[Step, ...]:
    """A request was decided, withdrawn or revoked; nothing where its case has ended or told so already."""
    if record.is_due(now):
        return (lapse(record, now),)
    known = record.waivers.get(waiver_id)
    if record.state.ended or known is None or known == answer:
        return ()
    event = _waiver_event(record, waiver_id, answer)
    return (step(record, event, now, {"waiver_id": waiver_id, "answer": str(answer)}),)


def note_appeal_filed(
    record: CaseRecord | None, next_ordinal: int, filed: Filed, limits: LawLimits, now: datetime
) -> tuple[Step, ...]:
    """An appeal was filed; ``record`` is the open case of the ruling, or the newest of the appeal's own matter."""
    details = {"appeal_id": filed.id, "ruling_id": filed.ruling_id}
    return _note_filed(record, next_ordinal, filed, CaseEvent.APPEAL_FILED, details, _until(limits, now))


def note_appeal_answer(
    record: CaseRecord, appeal_id: str, answer: AppealAnswer, new_ruling_id: str | None, now: datetime
) -> tuple[Step, ...]:
    """An appeal was decided; a ruling that it let stand and that approved the change ends the case then."""
    if record.is_due(now):
        return (lapse(record, now),)
    if record.state is not CaseState.UNDER_APPEAL or record.appeals.get(appeal_id) != PENDING:
        return ()
    details = {"appeal_id": appeal_id, "answer": str(answer), "new_ruling_id": new_ruling_id}
    event = _appeal_event(record, appeal_id, answer)
    first = step(record, event, now, details)
    stands = advance(record, first)
    last = next((happened for happened in reversed(record.history) if happened.event in _FINAL_REVIEWS), None)
    if event is not CaseEvent.APPEAL_UPHELD or last is None or last.details["ruling_id"] != record.ruling_id:
        return (first,)
    again = {name: last.details[name] for name in ("ruling_id", "verdict", "tree")}
    return (first, step(stands, last.event, now, {**again, "settled": {}, "again": {}, "arose": []}))


_FINAL_REVIEWS = frozenset({CaseEvent.REVIEW_APPROVED, CaseEvent.REVIEW_WAIVED, CaseEvent.CHANGE_VANISHED})


def _until(limits: LawLimits, now: datetime) -> tuple[datetime, datetime]:
    return now, now + timedelta(days=limits.case_days)


def _note_filed(
    record: CaseRecord | None,
    next_ordinal: int,
    filed: Filed,
    event: CaseEvent,
    details: Mapping[str, str],
    span: tuple[datetime, datetime],
) -> tuple[Step, ...]:
    now, due = span
    steps: list[Step] = []
    if record is not None and record.is_due(now):
        steps.append(lapse(record, now))
        record = advance(record, steps[-1])
    if record is not None and (filed.id in record.waivers or filed.id in record.appeals):
        return tuple(steps)
    if record is not None and not record.state.ended:
        return (*steps, step(record, event, now, details))
    return (*steps, opening(Opening(filed.matter, next_ordinal, now, due, filed.law), event, details))


def _waiver_event(record: CaseRecord, waiver_id: str, answer: WaiverAnswer) -> CaseEvent:
    if record.waivers[waiver_id] != PENDING:
        return CaseEvent.WAIVER_REVOKED
    others = [name for name, how in record.waivers.items() if how == PENDING and name != waiver_id]
    if record.state is not CaseState.AWAITING_WAIVER or others:
        return CaseEvent.WAIVER_ANSWERED
    if record.matter.kind is MatterKind.WAIVER:
        return CaseEvent.REQUEST_SETTLED
    return CaseEvent.WAIVER_GRANTED if answer is WaiverAnswer.GRANTED else CaseEvent.WAIVER_DENIED


def _appeal_event(record: CaseRecord, appeal_id: str, answer: AppealAnswer) -> CaseEvent:
    if answer is AppealAnswer.OVERTURNED:
        return CaseEvent.APPEAL_DECIDED
    if any(how == PENDING and name != appeal_id for name, how in record.appeals.items()):
        return CaseEvent.APPEAL_ANSWERED
    return CaseEvent.APPEAL_DECIDED if record.matter.kind is MatterKind.APPEAL else CaseEvent.APPEAL_UPHELD
