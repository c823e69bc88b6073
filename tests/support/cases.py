"""Cases to test with: outcomes, notes of rulings, and a matter, without a repository."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from agent_agency.arbitration.cases.fold import advance
from agent_agency.arbitration.cases.model import CaseRecord, LawAtOpening, Matter, Step
from agent_agency.arbitration.cases.note_review import RulingNote, note_review
from agent_agency.arbitration.constitution.model import Category, RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import Verdict
from agent_agency.config import LawLimits
from agent_agency.facts import Severity

START = datetime(2026, 1, 31, 8, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = LawLimits(case_days=30, condition_days=14)
LAW = LawAtOpening("a" * 40, "sha256:" + "b" * 64, "main")
MATTER = Matter.of_change("SPEC-1", branch="feature", head="c" * 40)


def outcome(rule: str, status: RuleStatus, subject: str = "") -> RuleOutcome:
    return RuleOutcome(
        rule=rule,
        version=1,
        status=status,
        category=Category.PROCESS,
        severity=Severity.MAJOR,
        waivable=True,
        message=f"{rule} of {subject or 'the case'}",
        remedy="Mend it.",
        subject=subject,
    )


def violated(rule: str, subject: str = "") -> RuleOutcome:
    return outcome(rule, RuleStatus.VIOLATED, subject)


def unknown(rule: str, subject: str = "") -> RuleOutcome:
    return outcome(rule, RuleStatus.UNKNOWN, subject)


def satisfied(rule: str, subject: str = "") -> RuleOutcome:
    return outcome(rule, RuleStatus.SATISFIED, subject)


def note(
    ruling_id: str,
    unsettled: Iterable[RuleOutcome] = (),
    others: Iterable[RuleOutcome] = (),
    *,
    matter: Matter = MATTER,
    law: LawAtOpening = LAW,
    waived: bool = False,
    change_empty: bool = False,
) -> RulingNote:
    """A ruling whose verdict follows from what is unsettled, as the law says."""
    unsettled = tuple(unsettled)
    statuses = {one.status for one in unsettled}
    verdict = Verdict.WAIVED if waived else Verdict.APPROVED
    if RuleStatus.VIOLATED in statuses:
        verdict = Verdict.REJECTED
    elif statuses:
        verdict = Verdict.CONDITIONAL
    everything = (*unsettled, *others)
    return RulingNote(ruling_id, verdict, matter, "d" * 40, law, everything, unsettled, change_empty)


def follow(record: CaseRecord | None, steps: Iterable[Step]) -> CaseRecord | None:
    """The case after these steps."""
    for step in steps:
        record = advance(None if step.body["from"] == "new" else record, step)
    return record


def reviewed(record: CaseRecord | None, ruling: RulingNote, now: datetime, limits: LawLimits = LIMITS) -> CaseRecord:
    """The case after one more review; there has to be one."""
    after = follow(record, note_review(record, record.ordinal + 1 if record else 1, ruling, limits, now))
    assert after is not None
    return after
