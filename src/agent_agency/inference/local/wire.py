"""Lines of JSON over a pipe: one object a line, bounded, finite numbers only, and nothing believed to have a shape."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

_T = TypeVar("_T")

MAX_LINE_BYTES = 32 * 1024 * 1024
"""More than the longest answer with twenty alternatives a token."""
_SHOWN = 80
_MOST_TOKENS = 10**9
_ROUNDING = 1e-3


class WireError(ValueError):
    """What came over a pipe is no message; the text says why."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def encode(document: Mapping[str, Any]) -> bytes:
    """One line with its end.

    Raises:
        ValueError: JSON or UTF-8 has no form for it.
        TypeError: likewise.
    """
    return _ENCODER.encode(document).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The object of one line.

    Raises:
        WireError: it is none.
    """
    try:
        value = _DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"it is no JSON: {shown(line)}") from error
    if not isinstance(value, dict):
        raise WireError(f"it is no object: {shown(line)}")
    return value


class Lines:
    """Cuts what comes in pieces into lines."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now, without their ends.

        Raises:
            WireError: a line is longer than any message.
        """
        first, *rest = data.split(b"\n")
        self._kept.append(first)
        self._size += len(first)
        if self._size > MAX_LINE_BYTES:
            raise WireError(f"a line is longer than {MAX_LINE_BYTES:,} bytes: {shown(self._kept[0])}")
        if not rest:
            return []
        lines = [b"".join(self._kept), *rest[:-1]]
        self._kept, self._size = [rest[-1]], len(rest[-1])
        return lines


def shown(data: bytes | str) -> str:
    """The beginning of some text, printable and on one line."""
    text = data[: 4 * _SHOWN].decode("utf-8", "replace") if isinstance(data, bytes) else data[: 4 * _SHOWN]
    clean = "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))
    return repr(clean if len(clean) <= _SHOWN else clean[:_SHOWN] + "…")


def text_of(document: Mapping[str, Any], key: str) -> str:
    """A member that is text.

    Raises:
        WireError: it is none.
    """
    found = document.get(key)
    if not isinstance(found, str):
        raise WireError(f"'{key}' is no text")
    return found


def count_of(document: Mapping[str, Any], key: str, least: int = 0) -> int:
    """A member that counts something.

    Raises:
        WireError: it is no whole number from ``least``.
    """
    return as_count(document.get(key), key, least)


def as_count(found: Any, what: str, least: int = 0) -> int:
    """A count.

    Raises:
        WireError: it is no whole number from ``least``.
    """
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= _MOST_TOKENS:
        raise WireError(f"'{what}' is no count: {shown(str(found))}")
    return found


def flag_of(document: Mapping[str, Any], key: str) -> bool:
    """A member that is true or false.

    Raises:
        WireError: it is neither.
    """
    found = document.get(key)
    if not isinstance(found, bool):
        raise WireError(f"'{key}' is neither true nor false")
    return found


def as_logprob(found: Any) -> float:
    """A natural-log probability; rounding may take it a hair above 0, which is taken as 0.

    Raises:
        WireError: it is no finite number up to 0.
    """
    if not isinstance(found, (int, float)) or isinstance(found, bool) or not math.isfinite(found) or found > _ROUNDING:
        raise WireError(f"a log-probability is {shown(str(found))}")
    return min(0.0, float(found))


def list_of(document: Mapping[str, Any], key: str, read: Callable[[Any], _T]) -> tuple[_T, ...]:
    """A member that is a list, each part read.

    Raises:
        WireError: it is none, or a part is not what ``read`` takes.
    """
    found = document.get(key)
    if not isinstance(found, list):
        raise WireError(f"'{key}' is no list")
    return tuple(read(one) for one in found)
