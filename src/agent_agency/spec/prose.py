"""Tells prose from paths: what was written for people where a path was needed."""

from __future__ import annotations

import re
from typing import Final

_FEW_WORDS: Final = 3
_MANY_WORDS: Final = 6
_JOINED: Final = re.compile(r"[,;] | \(| [-\u2013\u2014=:]+ |: ")
_FUNCTION_WORDS: Final = re.compile(
    r"\b(?:a|all|and|any|are|as|at|be|by|except|following|for|from|in|including|into|is|like|must|new|no|not|of|on|only"
    r"|or|related|should|that|the|this|to|under|via|where|which|with|within)\b",
    re.IGNORECASE,
)


def is_prose(entry: str) -> bool:
    """Is a scope entry a sentence, a note, or a list of paths in one text?

    A path may hold blanks; so blanks alone prove nothing. What does: separators between words, words that only serve
    grammar, many words, or several words without any sign of a path.
    """
    words = entry.split()
    if len(words) < 2:  # noqa: PLR2004 - one word is no sentence
        return False
    if _JOINED.search(entry) or entry.endswith("."):
        return True
    if "/" not in entry and "." not in entry and "*" not in entry:
        return True
    if len(words) >= _MANY_WORDS:
        return True
    return len(words) >= _FEW_WORDS and any(_FUNCTION_WORDS.fullmatch(word) for word in words)
