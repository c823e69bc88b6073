"""What a ruling means for its case: which entries to write, told without writing anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent_agency.arbitration.cases.fold import advance
from agent_agency.arbitration.cases.model import (
    CaseCondition,
    CaseEvent,
    CaseRecord,
    CaseState,
    LawAtOpening,
    Matter,
    Settled,
    Step,
    condition_id,
    plain,
)
from agent_agency.arbitration.cases.steps import Opening, lapse, opening, step
from agent_agency.arbitration.constitution.model import RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import Verdict
from agent_agency.clock import rfc3339
from agent_agency.config import LawLimits

_OPENS = frozenset({Verdict.REJECTED, Verdict.CONDITIONAL, Verdict.WAIVED})
_ENDS = frozenset({Verdict.APPROVED, Verdict.WAIVED})


@dataclass(frozen=True, slots=True)
class RulingNote:
    """What a case needs to know of a ruling.

    ``outcomes`` are all rule outcomes; ``unsettled`` those of them that keep the change from being approved: violated
    and covered by no waiver, or unknown. ``change_empty`` tells that nothing differs from the base any more.
    """

    ruling_id: str
    verdict: Verdict
    matter: Matter
    tree: str
    law: LawAtOpening
    outcomes: tuple[RuleOutcome, ...]
    unsettled: tuple[RuleOutcome, ...]
    change_empty: bool = False


def note_review(
    record: CaseRecord | None, next_ordinal: int, note: RulingNote, limits: LawLimits, now: datetime
) -> tuple[Step, ...]:
    """Tell which entries a ruling adds.

    Args:
        record: the newest case of the matter, ended or not; ``None`` where there never was one.
        next_ordinal: the ordinal that a new case of the matter would get.
        note: the ruling.
        limits: the law's limits, for due dates.
        now: the present moment, in UTC.

    Raises:
        ValueError: the verdict does not follow from what is unsettled.
    """
    if (note.verdict in _ENDS) == bool(note.unsettled):
        raise ValueError(f"the verdict {note.verdict} does not go with {len(note.unsettled)} unsettled outcomes")
    steps: list[Step] = []
    if record is not None and record.is_due(now):
        steps.append(lapse(record, now))
        record = advance(record, steps[-1])
    if record is not None and not record.state.ended:
        return (*steps, *_continue(record, note, limits, now))
    if note.verdict not in _OPENS or _same_again(record, note):
        return tuple(steps)
    first = _open(next_ordinal, note, limits, now)
    steps.append(first)
    if note.verdict is Verdict.WAIVED:
        steps.append(_noted(advance(None, first), note, limits, now))
    return tuple(steps)


def _same_again(record: CaseRecord | None, note: RulingNote) -> bool:
    """The same inputs were ruled on again, and that ruling ended the matter's last case."""
    return record is not None and record.state is CaseState.WAIVED and record.ruling_id == note.ruling_id


def _open(ordinal: int, note: RulingNote, limits: LawLimits, now: datetime) -> Step:
    return opening(
        Opening(note.matter, ordinal, now, now + timedelta(days=limits.case_days), note.law),
        _event(note),
        _details(note, (), limits, now),
    )


def _continue(record: CaseRecord, note: RulingNote, limits: LawLimits, now: datetime) -> tuple[Step, ...]:
    if record.ruling_id == note.ruling_id:
        return ()
    return (_noted(record, note, limits, now),)


def _noted(record: CaseRecord, note: RulingNote, limits: LawLimits, now: datetime) -> Step:
    return step(record, _event(note), now, _details(note, record.conditions, limits, now))


def _event(note: RulingNote) -> CaseEvent:
    if note.change_empty and note.verdict in _ENDS:
        return CaseEvent.CHANGE_VANISHED
    return CaseEvent(f"review_{note.verdict}")


def _details(note: RulingNote, known: Collection[CaseCondition], limits: LawLimits, now: datetime) -> dict[str, Any]:
    """What a review tells of conditions: which it settles and how, which arose again, which are new."""
    by_id = {condition.id: condition for condition in known}
    unsettled = {condition_id(outcome.rule, outcome.subject): outcome for outcome in note.unsettled}
    how = _settled_by(note.outcomes)
    settled = {
        name: str(how.get(name, Settled.MOOT))
        for name, condition in sorted(by_id.items())
        if name not in unsettled and condition.settled is None
    }
    again = {
        name: str(outcome.status)
        for name, outcome in sorted(unsettled.items())
        if name in by_id and (by_id[name].settled is not None or by_id[name].status != str(outcome.status))
    }
    due = now + timedelta(days=limits.condition_days)
    arose = [_raw(name, outcome, now, due) for name, outcome in sorted(unsettled.items()) if name not in by_id]
    return {
        "ruling_id": note.ruling_id,
        "verdict": str(note.verdict),
        "tree": note.tree,
        "settled": settled,
        "again": again,
        "arose": arose,
    }


def _settled_by(outcomes: Iterable[RuleOutcome]) -> dict[str, Settled]:
    """How each outcome that is not unsettled settles its condition."""
    found: dict[str, Settled] = {}
    for outcome in outcomes:
        name = condition_id(outcome.rule, outcome.subject)
        if outcome.status is RuleStatus.VIOLATED:
            found[name] = Settled.COVERED
        elif outcome.status is RuleStatus.SATISFIED and found.get(name) is not Settled.COVERED:
            found[name] = Settled.MET
    return found


def _raw(name: str, outcome: RuleOutcome, since: datetime, due: datetime) -> dict[str, Any]:
    return {
        "id": name,
        "rule": outcome.rule,
        "subject": plain(outcome.subject),
        "status": str(outcome.status),
        "message": plain(outcome.message),
        "remedy": plain(outcome.remedy),
        "by": outcome.by,
        "since": rfc3339(since),
        "due": rfc3339(due),
    }
