"""What an optimisation came to, in words and figures that every report shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_A_MODEL = "demonstration learner, not a language model"
_LEAST = 0.0001


def mark(document: Mapping[str, Any]) -> str:
    """The warning that stands over every figure which no language model made; empty where one did."""
    if document["language_model"]:
        return ""
    return f"{document['engine']}: {NOT_A_MODEL}. These figures say that the loop works, and nothing of any model."


def summary(document: Mapping[str, Any]) -> str:
    """One sentence: for how many judges the gain is more than chance."""
    judges = document["judges"].values()
    sure = sum(1 for one in judges if one["significant"] and one["gain"] > 0)
    worse = sum(1 for one in judges if one["significant"] and one["gain"] < 0)
    told = f"{sure} of {len(judges)} judges are better on the sealed test, beyond chance (p below 0.05, Holm)"
    return f"{told}; {worse} worse." if worse else f"{told}."


def percent(share: float) -> str:
    """A share as per cent."""
    return f"{share:.1%}"


def points(difference: float) -> str:
    """A difference of shares in points."""
    return f"{difference * 100:+.1f}"


def probability(p: float) -> str:
    """A p-value, as exactly as it means anything."""
    return f"< {_LEAST}" if p < _LEAST else f"{p:.4f}"
