"""How JavaScript reads plain data: truth, members, numbers and text.

The command lines of 2025 and early 2026 decided with loose comparisons. Whoever reproduces their verdicts must read a
value as they did. Source of each rule: ECMA-262, sections 7.1.2 ToBoolean, 7.1.4 ToNumber, 7.1.17 ToString, 7.2.12
IsLessThan.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """JavaScript's ``undefined``: a member that is not there, which differs from one that is null."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Absent.UNDEFINED

_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\Z")
_RADIX = re.compile(r"0(?:[xX](?P<x>[0-9a-fA-F]+)|[oO](?P<o>[0-7]+)|[bB](?P<b>[01]+))\Z")
_WHITESPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


class JavaScriptTypeError(Exception):
    """Where JavaScript would stop: a member of null or undefined was read, or a missing method called."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A ``Date``: what an unquoted date or time of day becomes under the YAML 1.1 types. ``epoch_ms`` is UTC."""

    epoch_ms: float
    written: str


def is_true(value: Any) -> bool:
    """Tell whether ``if (value)`` takes the branch: empty lists and mappings do, empty text and 0 do not."""
    if value is UNDEFINED or value is None or value is False:
        return False
    if isinstance(value, str):
        return value != ""
    if isinstance(value, int | float):
        return value != 0 and not (isinstance(value, float) and math.isnan(value))
    return True


def member(value: Any, name: str) -> Any:
    """Read ``value.name``.

    Raises:
        JavaScriptTypeError: the value is null or undefined.
    """
    if value is None or value is UNDEFINED:
        raise JavaScriptTypeError(f"no member {name} of nothing")
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if name == "length" and isinstance(value, list | bytes):
        return len(value)
    if name == "length" and isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return UNDEFINED


def is_empty(value: Any) -> bool:
    """Tell whether ``value.length === 0``; a mapping has the length that it says it has."""
    length = member(value, "length")
    return is_number(length) and length == 0


def is_number(value: Any) -> bool:
    """Tell whether ``typeof value`` is ``number``; in JavaScript a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_one_of(value: Any, *numbers: int) -> bool:
    """Tell whether ``value === n`` holds for one of the numbers."""
    return is_number(value) and value in numbers


def is_outside(value: Any, low: int, high: int) -> bool:
    """Tell whether ``value < low || value > high`` holds; what is no number is on neither side."""
    number = to_number(value)
    return number < low or number > high


def to_number(value: Any) -> float:
    """Read any value as a number; NaN where it has none."""
    if value is UNDEFINED:
        return math.nan
    if value is None:
        return 0
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Moment):
        return value.epoch_ms
    return _text_to_number(to_text(value))


def _text_to_number(text: str) -> float:
    bare = text.strip(_WHITESPACE)
    if not bare:
        return 0
    if radix := _RADIX.match(bare):
        base = {"x": 16, "o": 8, "b": 2}[radix.lastgroup or ""]
        return int(radix.group(radix.lastgroup or ""), base)
    if _DECIMAL.match(bare):
        return float(bare.replace("Infinity", "inf"))
    return math.nan


def to_text(value: Any) -> str:
    """Read any value as text, as ``String(value)`` does.

    Raises:
        JavaScriptTypeError: a mapping has a key ``toString``, which hides the method that would be called.
    """
    if isinstance(value, list):
        return ",".join("" if item is None else to_text(item) for item in value)
    if isinstance(value, bytes):
        return ",".join(str(byte) for byte in value)
    if isinstance(value, dict):
        if "toString" in value:
            raise JavaScriptTypeError("a mapping without a method toString")
        return "[object Object]"
    return value.written if isinstance(value, Moment) else _scalar_text(value)


def _scalar_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return _number_text(value)


def _number_text(value: float) -> str:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), str(value))
