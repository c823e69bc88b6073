"""The form ``short``: a verdict and its score, and nothing else.

It is the least that keeps an answer's rules: the verdict is one of the four, and the score lies in its band. A stated
confidence is left out, as it costs tokens and a small model's says little; so is every quote, which is why nothing that
needs evidence takes a short answer. Scores are asked for in steps, so that a model cannot fill its answer with digits,
and as numbers alone: one that stands beside an abstention is not read.
"""

from __future__ import annotations

import json
from typing import Any

from agent_agency.judging.answer import VERDICTS, Answer, Verdict
from agent_agency.judging.answer_form import AnswerForm
from agent_agency.judging.answer_schema import BANDS
from agent_agency.judging.read_answer import Refused, one_object, share_problem

SHORT_TOKENS = 64
"""The most that a short answer may take; one without white space has about a dozen."""
_STEPS = 10
"""Scores in tenths: none is the beginning of another, which one library's grammars need (OpenVINO GenAI 2026.4 went on
past 0.25 with more digits where twentieths were asked for)."""
_MEMBERS = ("verdict", "score")


def short_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a short answer, made anew for whoever may change it."""
    scores = [step / _STEPS for step in range(_STEPS + 1)]
    return {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": list(VERDICTS)},
            "score": {"type": "number", "enum": scores},
        },
        "required": list(_MEMBERS),
        "additionalProperties": False,
    }


def read_short(text: str, material: str = "") -> Answer | Refused:  # noqa: ARG001 - it holds no quotes to look for
    """Read one short answer."""
    value = one_object(text)
    if isinstance(value, Refused):
        return value
    if set(value) != set(_MEMBERS):
        return Refused("invalid", 'its members are not just "verdict" and "score"')
    verdict, score = value["verdict"], value["score"]
    problem = f"verdict is none of {', '.join(VERDICTS)}" if verdict not in VERDICTS else share_problem(score, "score")
    return Refused("invalid", problem) if problem else _coherent(verdict, score)


def _coherent(verdict: Verdict, score: float | None) -> Answer | Refused:
    if verdict == "abstain":
        return Answer("abstain", None, None)
    if score is None:
        return Refused("incoherent", f"a verdict of {verdict} needs a score")
    low, high = BANDS[verdict]
    if low <= score <= high:
        return Answer(verdict, float(score), None)
    problem = f"the score {score:g} does not go with {verdict}, whose scores are {low:g} to {high:g}"
    return Refused("incoherent", problem)


def _written(answer: Answer) -> str:
    score = round((answer.score or 0.0) * _STEPS) / _STEPS
    return json.dumps({"verdict": answer.verdict, "score": score}, separators=(",", ":"))


def _shape() -> str:
    bands = "; ".join(f"{verdict} {low:g} to {high:g}" for verdict, (low, high) in BANDS.items())
    return (
        "Answer with one JSON object and nothing else. Its members, in this order:\n"
        '"verdict": "pass", "partial", "fail", or "abstain" where it cannot be told;\n'
        f'"score": 0 to 1 in steps of {1 / _STEPS:g}, in the band of the verdict ({bands}), 0 where you abstain.'
    )


SHORT = AnswerForm("short", _shape(), "Answer with the JSON object only.", _written, short_schema(), read_short)
"""Verdict and score."""
