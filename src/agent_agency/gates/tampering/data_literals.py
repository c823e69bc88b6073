"""Literals that are data rather than words of a program: hardly any rule compares an input with one."""

from __future__ import annotations

import ast
import re

MIN_TEXT = 5
MIN_WORDS = 4
MIN_NUMBER = 10_000
_WORD = re.compile(r"[\w./*%:+ -]*")
_DATA = re.compile(r"""[0-9=<>,;(){}\[\]|&?"']""")
_ROUND = (60, 100, 1024)


def is_data(value: str) -> bool:
    """Whether a literal looks like one input among many.

    Sentences; texts of digits, or of digits and signs that no name holds; numbers of five digits that are no round
    ones; mappings of several.
    """
    try:
        held = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value.startswith("{") and value.count(": ") > 1
    if isinstance(held, str):
        if len(held.split()) >= MIN_WORDS:
            return True
        spaced = any(char.isdigit() for char in held) and len(held.split()) > 2  # noqa: PLR2004 - more than a name
        unlike_a_word = not _WORD.fullmatch(held) or held.isdigit() or spaced
        return len(held) >= MIN_TEXT and unlike_a_word and _DATA.search(held) is not None
    if isinstance(held, dict):
        return len(held) > 1
    return isinstance(held, int) and not isinstance(held, bool) and _is_telling(abs(held))


def _is_telling(number: int) -> bool:
    near_a_power = any((number + step).bit_count() <= 1 for step in (-1, 0, 1))
    return number >= MIN_NUMBER and not near_a_power and all(number % unit for unit in _ROUND)
