"""Scored labels as plain JSON data, for the cache; what is read back is checked again."""

from __future__ import annotations

import math
from typing import Any

from agent_agency.inference.labels import LabelReply, LabelScore
from agent_agency.inference.protocol import Usage

_ROUNDING = 1e-3  # a sum of log-probabilities in single precision may come out a little above 0


def label_document(reply: LabelReply) -> dict[str, Any]:
    """Write scored labels; whether they came from a cache is no part of it."""
    usage = reply.usage
    return {
        "scores": [[one.label, one.logprob, one.tokens] for one in reply.scores],
        "usage": {"prompt": usage.prompt, "completion": usage.completion, "cached": usage.cached},
        "model": reply.model,
        "model_digest": reply.model_digest,
        "latency_s": reply.latency_s,
    }


def read_label_document(value: Any) -> LabelReply:
    """Read scored labels.

    Raises:
        ValueError: they are none; the message says which part.
    """
    match value:
        case {
            "scores": [_, _, *_] as scores,
            "usage": {"prompt": prompt, "completion": completion, "cached": cached},
            "model": str(model),
            "model_digest": str(digest),
            "latency_s": latency,
        }:
            usage = Usage(_count(prompt), _count(completion), _count(cached))
            seconds = _number(latency, "the latency")
            if seconds < 0:
                raise ValueError("the latency is negative")
            return LabelReply(tuple(_score(one) for one in scores), usage, model, digest, seconds)
    raise ValueError("these are no scored labels")


def _score(value: Any) -> LabelScore:
    match value:
        case [str(label), logprob, int(tokens)] if tokens >= 1 and not isinstance(tokens, bool):
            number = _number(logprob, "a log-probability")
            if number > _ROUNDING:
                raise ValueError("a log-probability is above 0")
            return LabelScore(label, number, tokens)
    raise ValueError("a score is no label with its log-probability and tokens")


def _count(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError("a usage is no count of tokens")


def _number(value: Any, what: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{what} is no number")
    return float(value)
