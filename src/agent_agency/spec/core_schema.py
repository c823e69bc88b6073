"""Plain YAML scalars and keys as the YAML 1.2 core schema reads them.

Source of the rules: YAML 1.2.2, section 10.3, with the two liberties of the reference's reader: ``0b`` integers and
``_`` between the digits of a number.
"""

from __future__ import annotations

import math
import re
from typing import Any

_STARTS = frozenset("-+.0123456789~nNtTfF")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMBER_STARTS = frozenset("-+.0123456789")
_INTEGER = (
    r"[-+]?(?:0b(?P<two>[01_]*[01])|0o(?P<eight>[0-7_]*[0-7])|0x(?P<sixteen>[0-9a-fA-F_]*[0-9a-fA-F])"
    r"|(?P<ten>[0-9](?:[0-9_]*[0-9])?))"
)
_FLOAT = (
    r"(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?(?<!_)"
    r"|(?P<infinite>[-+]?\.(?:inf|Inf|INF))|(?P<nan>\.(?:nan|NaN|NAN))"
)
_BASES = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}
_EXACT = 2**53
_MOST_DIGITS = 1100  # more than any finite double needs, in base 2 too


def plain_scalar(text: str) -> Any:
    """The value of a plain scalar without a tag: str, int, float, bool or None."""
    if text and text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if len(text) == 1 and text.isdigit():
        return int(text)
    number = integer(text)
    if number is None:
        number = floating(text)
    return text if number is None else number


def integer(text: str) -> int | float | None:
    """The integer that a text writes; beyond 2**53 the nearest double, as the reference has it; None for no integer."""
    match = re.fullmatch(_INTEGER, text)
    if match is None or match.lastgroup is None:
        return None
    digits = match[match.lastgroup].replace("_", "").lstrip("0") or "0"
    sign = -1 if text[0] == "-" else 1
    if len(digits) > _MOST_DIGITS:
        return sign * math.inf
    number = sign * int(digits, _BASES[match.lastgroup])
    if abs(number) <= _EXACT:
        return number
    try:
        return float(number)
    except OverflowError:
        return sign * math.inf


def floating(text: str) -> float | None:
    """The floating-point number that a text writes; None for no number."""
    match = re.fullmatch(_FLOAT, text)
    if match is None:
        return None
    if match["infinite"]:
        return -math.inf if text[0] == "-" else math.inf
    if match["nan"]:
        return math.nan
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return math.nan


def boolean(text: str) -> bool | None:
    """The boolean that a text writes; None for no boolean."""
    return _WORDS.get(text)


def is_null(text: str) -> bool:
    """Does the text write null? The empty text does not: only an absent node is null without a word."""
    return text != "" and _WORDS.get(text, text) is None


def key_text(key: Any) -> str:
    """The string that a key of any kind becomes, since the documents' objects have string keys only.

    Raises:
        ValueError: for a list inside a list, which has no such form.
    """
    if isinstance(key, str):
        return key
    if isinstance(key, list):
        if any(isinstance(item, list) for item in key):
            raise ValueError("a list inside a list cannot be a key")
        return ",".join("" if item is None else key_text(item) for item in key)
    if isinstance(key, dict):
        return "[object Object]"
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    return _number_text(key)


def _number_text(number: float) -> str:
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    from agent_agency.canonical_json import canonical_json

    return canonical_json(number).decode()
