"""A reply as plain JSON data, for recordings and the cache; what is read back is checked again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from agent_agency.inference.protocol import Reply, TokenChoice, Usage


def to_document(reply: Reply) -> dict[str, Any]:
    """Write a reply; whether it came from a cache is no part of it."""
    return {
        "text": reply.text,
        "finish": reply.finish,
        "usage": {
            "prompt": reply.usage.prompt,
            "completion": reply.usage.completion,
            "cached": reply.usage.cached,
        },
        "model": reply.model,
        "model_digest": reply.model_digest,
        "latency_s": reply.latency_s,
        "logprobs": [[one.text, one.logprob, [list(other) for other in one.others]] for one in reply.logprobs],
    }


def from_document(value: Any) -> Reply:
    """Read a reply.

    Raises:
        ValueError: it is none; the message says which part.
    """
    if not isinstance(value, dict):
        raise ValueError("the reply is no object")  # noqa: TRY004 - bad data, not a bad argument
    finish = _text(value, "finish")
    if finish not in {"stop", "length"}:
        raise ValueError(f"'finish' is {finish[:40]!r}, neither 'stop' nor 'length'")
    usage = value.get("usage")
    if not isinstance(usage, dict):
        raise ValueError("'usage' is no object")  # noqa: TRY004
    latency = _number(value.get("latency_s"), "latency_s")
    if latency < 0:
        raise ValueError("'latency_s' is negative")
    return Reply(
        text=_text(value, "text"),
        finish="stop" if finish == "stop" else "length",
        usage=Usage(_count(usage, "prompt"), _count(usage, "completion"), _count(usage, "cached")),
        model=_text(value, "model"),
        model_digest=_text(value, "model_digest"),
        latency_s=latency,
        logprobs=_choices(value.get("logprobs", [])),
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str):
        raise ValueError(f"'{key}' is no text")  # noqa: TRY004
    return found


def _count(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError(f"'usage.{key}' is no count of tokens")
    return found


def _number(value: Any, key: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"'{key}' is no number")
    return float(value)


def _choices(value: Any) -> tuple[TokenChoice, ...]:
    if not isinstance(value, list):
        raise ValueError("'logprobs' is no list")  # noqa: TRY004
    return tuple(_choice(one) for one in value)


def _choice(value: Any) -> TokenChoice:
    match value:
        case [str(text), logprob, list(others)]:
            return TokenChoice(text, _number(logprob, "logprobs"), tuple(_other(one) for one in others))
    raise ValueError("'logprobs' holds what is no token")


def _other(value: Any) -> tuple[str, float]:
    match value:
        case [str(text), logprob]:
            return text, _number(logprob, "logprobs")
    raise ValueError("'logprobs' holds what is no token")
