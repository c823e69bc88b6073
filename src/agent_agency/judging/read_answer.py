"""Read what a model answered: an answer that holds, or what is wrong with it; nothing is guessed in between.

One JSON object is looked for in the text, whole or fenced or after a model's thinking. It must have exactly the members
of the schema, types and bounds included; the score must lie in the verdict's band; each quote must stand in the
material. Whatever fails here is told, so that the model can be asked once to mend it.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from agent_agency.canonical_json import parse_json
from agent_agency.judging.answer import VERDICTS, Answer, Verdict
from agent_agency.judging.answer_schema import (
    BANDS,
    MAX_QUOTE,
    MAX_QUOTES,
    MAX_REASONING,
    MAX_SUGGESTION,
    MAX_SUGGESTIONS,
    MEMBERS,
)
from agent_agency.judging.quotes import missing_quote

Reason = Literal["invalid", "incoherent", "quote"]
MAX_TEXT = 64_000
"""The longest answer, in characters, that is looked at."""

_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(?P<inside>.*)\n```\Z", re.DOTALL)
_THINKING = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that cannot be used: a stable word why, and a sentence that the model can mend it by."""

    reason: Reason
    problem: str


def read_answer(text: str, material: str) -> Answer | Refused:
    """Read one answer.

    Args:
        text: all that the model wrote.
        material: the text that quotes must stand in, prepared as it was shown.
    """
    value = one_object(text)
    if isinstance(value, Refused):
        return value
    problem = _form_problem(value)
    if problem:
        return Refused("invalid", problem)
    answer = Answer(
        verdict=cast("Verdict", value["verdict"]),
        score=None if value["score"] is None else float(value["score"]),
        confidence=None if value["confidence"] is None else float(value["confidence"]),
        reasoning=value["reasoning"],
        evidence=tuple(value["evidence"]),
        suggestions=tuple(value["suggestions"]),
    )
    problem = _coherence_problem(answer)
    if problem:
        return Refused("incoherent", problem)
    problem = missing_quote(answer.evidence, material, abstained=answer.abstained)
    return Refused("quote", problem) if problem else answer


def one_object(text: str) -> dict[str, Any] | Refused:
    """The one JSON object of a text: the text itself, or what a code fence that spans it holds.

    A block of a model's thinking before it is left out. Prose around the object is refused: what stands there could be
    a second answer.
    """
    if len(text) > MAX_TEXT:
        return Refused("invalid", f"the answer has {len(text):,} characters; {MAX_TEXT:,} are read")
    bare = _THINKING.sub("", text, count=1).strip()
    fenced = _FENCED.match(bare)
    try:
        value = parse_json((fenced["inside"] if fenced else bare).encode("utf-8"))
    except (ValueError, UnicodeEncodeError) as error:
        return Refused("invalid", f"the answer is not one JSON object: {error}")
    return value if isinstance(value, dict) else Refused("invalid", "the answer is JSON but no object")


def _form_problem(value: dict[str, Any]) -> str:
    missing = [name for name in MEMBERS if name not in value]
    unknown = [name for name in value if name not in MEMBERS]
    if missing:
        return f"it has no {_listed(missing)}"
    if unknown:
        return f"it has members that are not asked for: {_listed(unknown[:4])}"
    if value["verdict"] not in VERDICTS:
        return f"verdict is none of {_listed(VERDICTS)}"
    if not isinstance(value["reasoning"], str) or not 0 < len(value["reasoning"].strip()) <= MAX_REASONING:
        return f"reasoning is no text of 1 to {MAX_REASONING:,} characters"
    return (
        texts_problem(value["evidence"], "evidence", MAX_QUOTES, MAX_QUOTE)
        or texts_problem(value["suggestions"], "suggestions", MAX_SUGGESTIONS, MAX_SUGGESTION)
        or share_problem(value["score"], "score")
        or share_problem(value["confidence"], "confidence")
    )


def texts_problem(value: Any, name: str, most: int, longest: int) -> str:
    """Why a member is no list of texts; empty where it is one."""
    if not isinstance(value, list) or len(value) > most:
        return f"{name} is no list of at most {most} texts"
    if not all(isinstance(item, str) and item.strip() and len(item) <= longest for item in value):
        return f"{name} holds something that is no text of 1 to {longest} characters"
    return ""


def share_problem(value: Any, name: str) -> str:
    """Why a member is neither null nor a number from 0 to 1; empty where it is."""
    if value is None:
        return ""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "" if is_number and math.isfinite(value) and 0 <= value <= 1 else f"{name} is no number from 0 to 1"


def _coherence_problem(answer: Answer) -> str:
    if answer.verdict == "abstain":
        given = answer.score is not None or answer.confidence is not None
        return "an abstention has neither score nor confidence: write null for both" if given else ""
    if answer.score is None or answer.confidence is None:
        return f"a verdict of {answer.verdict} needs a score and a confidence"
    low, high = BANDS[answer.verdict]
    if not low <= answer.score <= high:
        return f"the score {answer.score:g} does not go with {answer.verdict}, whose scores are {low:g} to {high:g}"
    return ""


def _listed(names: Any) -> str:
    return ", ".join(json.dumps(str(name)[:40]) for name in names)
