"""What became of one record of a batch, and its plain form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from agent_agency.judging.assessment import Assessment, Scored

Status = Literal["judged", "abstained", "error", "not_run"]
STATUSES: tuple[Status, ...] = ("judged", "abstained", "error", "not_run")
RETRIED = frozenset({"engine", "timeout", "cancelled", "defect", "circuit", "deadline", "allowance", "interrupted"})
"""Reasons that say nothing of the record: running again tries it again."""
_TEXTS = ("subject", "judge", "reason", "problem", "at", "run")
_OF_ENGINE = frozenset({"engine", "timeout", "cancelled", "prompt_cut", "prompt_too_long", "too_long", "no_labels"})


@dataclass(frozen=True, slots=True)
class Work:
    """What judging one subject came to; equal subjects share it.

    Args:
        subject: the subject's digest; ``judge`` the judge's version. The two are its key.
        status: ``judged`` has a verdict. ``abstained`` was answered, but decides nothing. ``error`` was not answered.
            ``not_run`` was not asked.
        reason: a stable word for why there is no verdict; empty where there is one, or the judge itself abstained.
        problem: a sentence on it.
        assessment: answer, counts and calls as plain data; empty where nothing was asked.
        at: when it was settled, RFC 3339 in UTC, and ``run`` which run did; empty where nobody writes that down.
    """

    subject: str
    judge: str
    status: Status
    reason: str = ""
    problem: str = ""
    assessment: Mapping[str, Any] | None = None
    at: str = ""
    run: str = ""

    @property
    def settled(self) -> bool:
        """Whether running again would not try it again."""
        return self.status != "not_run" and self.reason not in RETRIED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: each record of the input has exactly one."""

    line: int
    id: str
    work: Work

    def as_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON data, one object per line of a result file."""
        return {"line": self.line, "id": self.id, **work_document(self.work)}


def work_of(assessment: Assessment) -> Work:
    """What an assessment comes to."""
    reason = assessment.answer.abstained_because
    if not assessment.answer.abstained:
        status: Status = "judged"
    else:
        status = "error" if reason in _OF_ENGINE else "abstained"
    document = _assessment(assessment)
    return Work(assessment.subject_digest, assessment.judge_version, status, reason, assessment.problem, document)


def work_document(work: Work) -> dict[str, Any]:
    """Its plain form."""
    return {
        "subject": work.subject,
        "judge": work.judge,
        "status": work.status,
        "reason": work.reason,
        "problem": work.problem,
        "assessment": None if work.assessment is None else dict(work.assessment),
        "at": work.at,
        "run": work.run,
    }


def read_work(value: Any) -> Work:
    """Read what `work_document` wrote.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, dict) or set(value) != {*_TEXTS, "status", "assessment"}:
        raise ValueError("a line of a journal has other keys")
    texts = [value[key] for key in _TEXTS]
    if value["status"] not in STATUSES or not all(isinstance(text, str) for text in texts):
        raise ValueError("a line of a journal has other values")
    if value["assessment"] is not None and not isinstance(value["assessment"], dict):
        raise ValueError("a line of a journal has no assessment")
    return Work(**value)


def _assessment(one: Assessment) -> dict[str, Any]:
    answer = asdict(one.answer)
    return {
        "verdict": one.verdict,
        "answer": {**answer, "evidence": list(one.answer.evidence), "suggestions": list(one.answer.suggestions)},
        "counted": [asdict(result) for result in one.counted],
        "calls": [asdict(call) for call in one.calls],
        "repaired": one.repaired,
        "mode": one.mode,
        "scored": None if one.scored is None else _scored(one.scored),
    }


def _scored(one: Scored) -> dict[str, Any]:
    return {"probabilities": dict(one.probabilities), "calibration": one.calibration}
