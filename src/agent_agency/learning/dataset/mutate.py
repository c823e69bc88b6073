"""Small faults put into a right text by chance: another comparison, another number, another operator."""

from __future__ import annotations

import re
from random import Random

_SWAPS = (
    (r"<=", "<"),
    (r">=", ">"),
    (r"(?<![<=>!-])<(?!=)", "<="),
    (r"(?<![<=>!-])>(?!=)", ">="),
    (r"==", "!="),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r"\bmax\(", "min("),
    (r"\bmin\(", "max("),
    (r" and ", " or "),
    (r" or ", " and "),
    (r"\b0\b", "1"),
    (r"\b1\b", "0"),
    (r"\b2\b", "3"),
    (r"\bnot ", ""),
    (r"\bTrue\b", "False"),
    (r"\.partition\(", ".rpartition("),
    (r"\.strip\(", ".rstrip("),
    (r"\.find\(", ".rfind("),
    (r"\.lower\(\)", ".upper()"),
)


def mutated(text: str, chance: Random) -> str:
    """The text with one fault; the text itself where nothing can be swapped."""
    places = [(found, new) for old, new in _SWAPS for found in re.finditer(old, text)]
    if not places:
        return text
    found, new = chance.choice(places)
    return text[: found.start()] + new + text[found.end() :]
