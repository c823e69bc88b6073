"""The form ``short``: a verdict and its score, and nothing else.

It is the least that keeps an answer's rules: the verdict is one of the four, and the score lies in its band. Both are
one text, ``{"verdict":"pass 0.8"}``, and the schema lists every text that may be written. So no engine that keeps to it
can say a verdict with a score of another's band, or a score beside an abstention, which weak models otherwise do. A
list of texts in one member is what the grammars of engines in process, those of servers and OpenAI's strict form of
schemas all know; a schema that binds two members to one another is not. It takes fewer tokens than two members, too.

A stated confidence is left out, as it costs tokens and a small model's says little; so is every quote, which is why
nothing that needs evidence takes a short answer. Scores are asked for in steps, so that a model cannot fill its answer
with digits.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from agent_agency.judging.answer import VERDICTS, Answer, Verdict
from agent_agency.judging.answer_form import AnswerForm
from agent_agency.judging.answer_schema import BANDS
from agent_agency.judging.read_answer import Refused, one_object

SHORT_TOKENS = 64
"""The most that a short answer may take; one without white space has about a dozen."""
_STEPS = 10
"""Scores in tenths, each with one decimal: none is the beginning of another, which one library's grammars need
(OpenVINO GenAI 2026.4 went on past 0.25 with more digits where twentieths were asked for)."""
_MEMBER = "verdict"
_SAID = re.compile(r"(?P<verdict>[a-z]+)(?: (?P<score>[01](?:\.[0-9]{1,6})?))?", re.ASCII)


def short_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a short answer, made anew for whoever may change it."""
    return {
        "type": "object",
        "properties": {_MEMBER: {"type": "string", "enum": [text for one in VERDICTS for text in _texts(one)]}},
        "required": [_MEMBER],
        "additionalProperties": False,
    }


def read_short(text: str, material: str = "") -> Answer | Refused:  # noqa: ARG001 - it holds no quotes to look for
    """Read one short answer; from an engine that keeps to no schema, a score between the steps is one, too."""
    value = one_object(text)
    if isinstance(value, Refused):
        return value
    if set(value) != {_MEMBER}:
        return Refused("invalid", f'its one member is not "{_MEMBER}"')
    said = _SAID.fullmatch(value[_MEMBER]) if isinstance(value[_MEMBER], str) else None
    if said is None or said["verdict"] not in VERDICTS:
        return Refused("invalid", f"{_MEMBER} is not one of {', '.join(VERDICTS)}, with a score from 0 to 1 behind it")
    return _coherent(cast("Verdict", said["verdict"]), None if said["score"] is None else float(said["score"]))


def _coherent(verdict: Verdict, score: float | None) -> Answer | Refused:
    if verdict == "abstain":
        return Answer(verdict, None, None) if score is None else Refused("incoherent", "an abstention has no score")
    if score is None:
        return Refused("incoherent", f"a verdict of {verdict} needs a score")
    low, high = BANDS[verdict]
    if low <= score <= high:
        return Answer(verdict, score, None)
    problem = f"the score {score:g} does not go with {verdict}, whose scores are {low:g} to {high:g}"
    return Refused("incoherent", problem)


def _texts(verdict: Verdict) -> list[str]:
    """All that may be written for a verdict, from its lowest score to its highest."""
    if verdict not in BANDS:
        return [verdict]
    low, high = (round(end * _STEPS) for end in BANDS[verdict])
    return [f"{verdict} {step / _STEPS:.1f}" for step in range(low, high + 1)]


def _written(answer: Answer) -> str:
    texts = _texts(answer.verdict)
    score = 0.0 if answer.score is None else answer.score
    nearest = min(texts, key=lambda text: abs(score - float(text.partition(" ")[2] or 0)))
    return json.dumps({_MEMBER: nearest}, separators=(",", ":"))


def _shape() -> str:
    ends = [(_texts(verdict)[0], _texts(verdict)[-1]) for verdict in VERDICTS if verdict in BANDS]
    bands = ", ".join(f'"{low}" to "{high}"' for low, high in ends)
    return (
        f'Answer with one JSON object and nothing else. Its only member is "{_MEMBER}": the verdict and its score in '
        f'one text, in steps of {1 / _STEPS:g}: {bands}; or "abstain" where it cannot be told.'
    )


SHORT = AnswerForm("short", _shape(), "Answer with the JSON object only.", _written, short_schema(), read_short)
"""Verdict and score."""
