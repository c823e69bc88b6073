"""JSON from a server that may be anything: bounded, without NaN, and never believed to have a shape."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from agent_agency.errors import EngineError

_SHOWN = 120
_ROUNDING = 1e-3
_MOST_TOKENS = 10**9


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def read_object(data: bytes | str, what: str) -> Mapping[str, Any]:
    """Parse an object.

    Args:
        data: the bytes; UTF-8.
        what: names it in the message, as ``the list of models``.

    Raises:
        EngineError: ``engine.bad_answer``: it is no JSON, or no object.
    """
    try:
        value = _DECODER.decode(data if isinstance(data, str) else data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise bad_answer(f"{what} is no JSON ({_reason(error)}): {shown(data)}") from error
    if not isinstance(value, dict):
        raise bad_answer(f"{what} is no JSON object: {shown(data)}")
    return value


def bad_answer(what: str) -> EngineError:
    """The server's answer cannot be used: ``what`` says which part and why."""
    return EngineError(
        f"The server's answer cannot be used: {what}",
        fix="Check that the URL is that of an OpenAI-compatible server, and look into the server's log.",
        code="engine.bad_answer",
    )


def shown(data: bytes | str) -> str:
    """The beginning of what a server said, on one line."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    line = " ".join(text[: 4 * _SHOWN].split())
    clean = "".join(char if char.isprintable() else "?" for char in line)
    return repr(clean if len(clean) <= _SHOWN else clean[:_SHOWN] + "…")


def as_text(value: Any, what: str) -> str:
    """A text.

    Raises:
        EngineError: it is none.
    """
    if not isinstance(value, str):
        raise bad_answer(f"{what} is no text")
    return value


def as_count(value: Any, what: str) -> int | None:
    """A count of tokens, or ``None`` where none is told.

    Raises:
        EngineError: ``engine.bad_usage``: it is no count that could be true.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_TOKENS:
        raise bad_usage(f"{what} is {shown(str(value))}")
    return value


def bad_usage(what: str) -> EngineError:
    """The server counts tokens in a way that cannot be true."""
    return EngineError(
        f"The server's token counts cannot be true: {what}",
        fix="Update the server; without true counts a cut prompt cannot be told from a whole one.",
        code="engine.bad_usage",
    )


def as_logprob(value: Any) -> float:
    """A natural-log probability; rounding may take it a hair above 0, which is taken as 0.

    Raises:
        EngineError: it is no finite number up to 0.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value) or value > _ROUNDING:
        raise bad_answer(f"a log-probability is {shown(str(value))}")
    return min(0.0, float(value))


def _reason(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:_SHOWN]
