"""A ruling and its case: what a review adds to the case of its matter, and how the case stands after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.cases.model import CaseRecord, LawAtOpening, Matter
from agent_agency.arbitration.cases.note_review import RulingNote
from agent_agency.arbitration.constitution.model import Category, RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import Condition, Ruling
from agent_agency.clock import rfc3339
from agent_agency.config import LawLimits
from agent_agency.facts import Severity
from agent_agency.ledger.journal import Ledger
from agent_agency.workflows.cases import note_ruling
from agent_agency.workflows.record import Joined
from agent_agency.workflows.spec_choice import ChosenSpec
from agent_agency.workflows.subject import Subject


def matter_of(subject: Subject, chosen: ChosenSpec | None) -> Matter:
    """What a review is about: its spec, and the branch of the change or the commit that it stands on."""
    return Matter.of_change(chosen.spec.id if chosen else None, branch=subject.branch, head=subject.tip)


def ruling_note(ruling: Ruling, case: Case, subject: Subject, chosen: ChosenSpec | None) -> RulingNote:
    """What the case needs to know of a ruling."""
    return RulingNote(
        ruling_id=ruling.ruling_id,
        verdict=ruling.decision.verdict,
        matter=matter_of(subject, chosen),
        tree=str(ruling.head["tree"]),
        law=LawAtOpening(str(ruling.constitution["commit"]), case.constitution.digest, subject.base_ref),
        outcomes=ruling.outcomes,
        unsettled=unsettled(ruling, case),
        change_empty=not ruling.change["files"],
    )


def join_case(ruling: Ruling, note: RulingNote, ledger: Ledger, limits: LawLimits, now: datetime) -> Joined:
    """The ruling with its case, and the entries that the case gets.

    Raises:
        CaseError: the entries of the matter's case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    notes = note_ruling(ledger, note, limits, now)
    case = None if notes.record is None else _as_member(notes.record)
    return Joined(replace(ruling, case=case), notes.drafts, notes.unless_moved)


def unsettled(ruling: Ruling, case: Case) -> tuple[RuleOutcome, ...]:
    """What keeps the change from being approved: violated and covered by no waiver, or not known."""
    open_still = {(v.rule, v.subject) for v in case.violations if v.covered_by is None}
    asked = {(condition.rule, condition.subject) for condition in ruling.decision.conditions if condition.rule}
    found = [
        outcome
        for outcome in ruling.outcomes
        if (outcome.status is RuleStatus.VIOLATED and (outcome.rule, outcome.subject) in open_still)
        or (outcome.status is RuleStatus.UNKNOWN and (outcome.rule, outcome.subject) in asked)
    ]
    there = {(outcome.rule, outcome.subject) for outcome in found}
    return (*found, *_without_outcome(ruling.decision.conditions, there))


def _without_outcome(conditions: tuple[Condition, ...], there: set[tuple[str, str]]) -> Iterator[RuleOutcome]:
    """Conditions that no rule states: the law of the verdict itself."""
    for condition in conditions:
        if (condition.rule, condition.subject) not in there:
            yield RuleOutcome(
                rule=condition.rule or condition.id,
                version=1,
                status=RuleStatus.UNKNOWN,
                category=Category.PROCESS,
                severity=Severity.CRITICAL,
                waivable=False,
                message=condition.message,
                remedy=condition.remedy,
                subject=condition.subject,
                by=condition.by,
            )


def _as_member(record: CaseRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "state": str(record.state),
        "due": rfc3339(record.due),
        "conditions": [
            {"id": one.id, "state": str(one.settled) if one.settled else "open", "due": rfc3339(one.due)}
            for one in record.conditions
        ],
    }
