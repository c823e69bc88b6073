"""What a judge answers when it compares two pieces of work: its schema, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from agent_agency.judging.answer_schema import MAX_QUOTE, MAX_QUOTES, MAX_REASONING
from agent_agency.judging.quotes import missing_quote
from agent_agency.judging.read_answer import Refused, one_object, share_problem, texts_problem

Choice = Literal["first", "second", "neither", "abstain"]
CHOICES: tuple[Choice, ...] = ("first", "second", "neither", "abstain")
MEMBERS = ("evidence", "reasoning", "choice", "confidence")


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """One comparison in one order; ``neither`` says that they are equally good, ``abstain`` that it cannot be told."""

    choice: Choice
    confidence: float | None
    reasoning: str
    evidence: tuple[str, ...] = ()


def pair_schema() -> dict[str, Any]:
    """The JSON schema of a comparison: evidence, reasoning, then the choice."""
    texts = {"type": "string", "minLength": 1, "maxLength": MAX_QUOTE}
    return {
        "type": "object",
        "properties": {
            "evidence": {"type": "array", "items": texts, "maxItems": MAX_QUOTES},
            "reasoning": {"type": "string", "minLength": 1, "maxLength": MAX_REASONING},
            "choice": {"type": "string", "enum": list(CHOICES)},
            "confidence": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]},
        },
        "required": list(MEMBERS),
        "additionalProperties": False,
    }


def pair_shape_in_words() -> str:
    """The same for engines that enforce no schema."""
    return (
        "Answer with one JSON object and nothing else. Its members, in this order:\n"
        f'"evidence": 1 to {MAX_QUOTES} verbatim quotes of the two pieces of work, each a piece of one line or more;\n'
        '"reasoning": what the evidence shows, criterion by criterion, in a few sentences;\n'
        '"choice": "first", "second", "neither" where they are equally good, or "abstain" where it cannot be told;\n'
        '"confidence": 0 to 1, how likely the choice is right, null where you abstain.'
    )


def read_pair_answer(text: str, material: str) -> PairAnswer | Refused:
    """Read one comparison; nothing is guessed.

    Args:
        text: all that the model wrote.
        material: both pieces of work as they were shown.
    """
    value = one_object(text)
    if isinstance(value, Refused):
        return value
    problem = _problem(value)
    if problem:
        return Refused("invalid", problem)
    confidence = None if value["confidence"] is None else float(value["confidence"])
    answer = PairAnswer(value["choice"], confidence, value["reasoning"], tuple(value["evidence"]))
    if (answer.choice == "abstain") != (confidence is None):
        return Refused("incoherent", "a choice needs a confidence, and an abstention has none")
    problem = missing_quote(answer.evidence, material, abstained=answer.choice == "abstain")
    return Refused("quote", problem) if problem else answer


def _problem(value: dict[str, Any]) -> str:
    if set(value) != set(MEMBERS):
        return f"its members are not {', '.join(MEMBERS)}"
    if value["choice"] not in CHOICES:
        return f"choice is none of {', '.join(CHOICES)}"
    if not isinstance(value["reasoning"], str) or not 0 < len(value["reasoning"].strip()) <= MAX_REASONING:
        return f"reasoning is no text of 1 to {MAX_REASONING:,} characters"
    return texts_problem(value["evidence"], "evidence", MAX_QUOTES, MAX_QUOTE) or share_problem(
        value["confidence"], "confidence"
    )
