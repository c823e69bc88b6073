"""The shape of an answer: the JSON schema that engines decode under, the same in words, and answers as text.

The order of the members is the order in which a model writes them: evidence, then reasoning, then the verdict. A
verdict that is written first is justified afterwards, and stands even where the justification arrives elsewhere.

The schema does not bind the score to the verdict, as that of short answers does: three members would have to depend on
one another, which the strict form of servers cannot say at its root, and whether a quote stands in the material no
schema says. What does not go together is told to the model once (`read_answer`), then it is an abstention.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.judging.answer import VERDICTS, Answer, Verdict

MAX_QUOTES = 8
MAX_QUOTE = 600
MAX_REASONING = 4_000
MAX_SUGGESTIONS = 8
MAX_SUGGESTION = 600
MEMBERS = ("evidence", "reasoning", "verdict", "score", "confidence", "suggestions")
"""The members of an answer, in their order; all are required."""

BANDS: Mapping[Verdict, tuple[float, float]] = MappingProxyType(
    {"fail": (0.0, 0.4), "partial": (0.4, 0.7), "pass": (0.7, 1.0)}
)
"""The scores that go with a verdict, both ends included; at 0.4 and 0.7 either neighbour will do."""


def answer_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of an answer, made anew for whoever may change it."""
    return {
        "type": "object",
        "properties": {
            "evidence": _texts(MAX_QUOTES, MAX_QUOTE),
            "reasoning": {"type": "string", "minLength": 1, "maxLength": MAX_REASONING},
            "verdict": {"type": "string", "enum": list(VERDICTS)},
            "score": _share_or_null(),
            "confidence": _share_or_null(),
            "suggestions": _texts(MAX_SUGGESTIONS, MAX_SUGGESTION),
        },
        "required": list(MEMBERS),
        "additionalProperties": False,
    }


def shape_in_words() -> str:
    """The same for engines that enforce no schema; it stands in every prompt, so that all are asked alike."""
    bands = "; ".join(f"{verdict} {low:g} to {high:g}" for verdict, (low, high) in BANDS.items())
    return (
        "Answer with one JSON object and nothing else. Its members, in this order:\n"
        f'"evidence": 1 to {MAX_QUOTES} verbatim quotes of the judged text, the claims or the reference, each a piece '
        "of one line or more, copied character by character;\n"
        '"reasoning": what the evidence shows, criterion by criterion, in a few sentences;\n'
        '"verdict": "pass", "partial", "fail", or "abstain" where it cannot be told;\n'
        f'"score": 0 to 1 in the band of the verdict ({bands}), null where you abstain;\n'
        '"confidence": 0 to 1, how likely the verdict is right, null where you abstain;\n'
        '"suggestions": what would make the work better, each a sentence; an empty list where nothing would.'
    )


def answer_text(answer: Answer) -> str:
    """An answer as a model would write it: one line of JSON with the members in their order."""
    members = {
        "evidence": list(answer.evidence),
        "reasoning": answer.reasoning,
        "verdict": answer.verdict,
        "score": answer.score,
        "confidence": answer.confidence,
        "suggestions": list(answer.suggestions),
    }
    return json.dumps(members, ensure_ascii=False)


def _texts(most: int, longest: int) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": longest}, "maxItems": most}


def _share_or_null() -> dict[str, Any]:
    return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]}
