"""Answers as OpenAI's clients read them: whole, piece by piece, and errors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from agent_agency.errors import AgencyError, EngineError
from agent_agency.inference.labels import LabelReply
from agent_agency.inference.protocol import Reply, TokenChoice, Usage
from agent_agency.web.asked import AskedWrongError

DONE = b"data: [DONE]\n\n"
BUSY = 429
_STATUS = MappingProxyType(
    {
        "engine.busy": BUSY,
        "engine.breaker_open": 503,
        "engine.closed": 503,
        "engine.timeout": 504,
        "engine.cancelled": 499,
        "engine.bad_request": 400,
        "engine.context_too_short": 400,
        "engine.no_labels": 400,
        "engine.no_logprobs": 400,
        "engine.prompt_too_long": 400,
        "engine.prompt_cut": 400,
        "engine.schema_unsupported": 400,
        "engine.over_budget": 503,
        "spend.stopped": 402,
        "spend.month_used_up": 402,
        "spend.task_used_up": 402,
    }
)
_OPENAI_CODES = MappingProxyType(
    {"engine.prompt_too_long": "context_length_exceeded", "engine.busy": "rate_limit_exceeded"}
)
_SERVER = 500


def chat_document(reply: Reply, *, ident: str, created: int, model: str, logprobs: int | None) -> dict[str, Any]:
    """A whole answer."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text, "refusal": None},
        "finish_reason": reply.finish,
        "logprobs": None if logprobs is None else logprobs_document(reply.logprobs, logprobs),
    }
    return {
        "id": ident,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "system_fingerprint": reply.model_digest,
        "choices": [choice],
        "usage": usage_document(reply.usage),
    }


def chunk(
    ident: str, created: int, model: str, choices: list[dict[str, Any]], told: Mapping[str, Usage | None]
) -> bytes:
    """One event of a streamed answer; ``told`` has its ``usage``, ``None`` where it is still to come, or nothing."""
    document: dict[str, Any] = {
        "id": ident,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": choices,
    }
    return event(document | {name: None if one is None else usage_document(one) for name, one in told.items()})


def delta(text: str | None = None, *, role: bool = False, finish: str | None = None, logprobs: Any = None) -> Any:
    """What one piece adds."""
    added: dict[str, Any] = {"role": "assistant"} if role else {}
    if text is not None:
        added["content"] = text
    return {"index": 0, "delta": added, "finish_reason": finish, "logprobs": logprobs}


def event(document: Any) -> bytes:
    """A document as one server-sent event."""
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def logprobs_document(chosen: Sequence[TokenChoice], others: int) -> dict[str, Any]:
    """Log-probabilities of an answer's tokens, with so many alternatives each."""
    return {"content": [_token(one, others) for one in chosen], "refusal": None}


def labels_document(reply: LabelReply, *, ident: str, created: int, model: str) -> dict[str, Any]:
    """Scores of labels; ``probability`` is renormalised over the labels that were asked for."""
    best = max(score.logprob for score in reply.scores)
    whole = sum(math.exp(score.logprob - best) for score in reply.scores)
    scores = [
        {
            "label": score.label,
            "logprob": score.logprob,
            "tokens": score.tokens,
            "mean_logprob": score.mean_logprob,
            "probability": math.exp(score.logprob - best) / whole,
        }
        for score in reply.scores
    ]
    return {
        "id": ident,
        "object": "labels",
        "created": created,
        "model": model,
        "system_fingerprint": reply.model_digest,
        "scores": scores,
        "usage": usage_document(reply.usage),
    }


def usage_document(usage: Usage) -> dict[str, Any] | None:
    """Tokens; ``None`` where the engine does not count."""
    if usage.prompt is None or usage.completion is None:
        return None
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached or 0},
    }


def refusal(error: AskedWrongError | AgencyError) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and body of an error, in OpenAI's shape."""
    if isinstance(error, AskedWrongError):
        return error.status, {}, error_document(error.message, error.status, error.param, error.code)
    status = _STATUS.get(error.stable_code, 502 if isinstance(error, EngineError) else _SERVER)
    headers = {}
    wait = error.retry_after_s if isinstance(error, EngineError) else None
    if status in {BUSY, 503}:
        headers["Retry-After"] = str(max(1, math.ceil(wait or 1.0)))
    code = _OPENAI_CODES.get(error.stable_code, error.stable_code)
    return status, headers, error_document(f"{error.message}. {error.fix}", status, None, code)


def error_document(message: str, status: int, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    kind = "rate_limit_error" if status == BUSY else "invalid_request_error" if status < _SERVER else "server_error"
    at = None if param is None else _writable(param)
    return {"error": {"message": _writable(message), "type": kind, "param": at, "code": code}}


def _writable(text: str) -> str:
    """A text with a form in UTF-8: what was asked wrongly may hold half a surrogate pair."""
    return text.encode("utf-8", "backslashreplace").decode()


def _token(one: TokenChoice, others: int) -> dict[str, Any]:
    top = [{"token": text, "logprob": value, "bytes": list(text.encode())} for text, value in one.others[:others]]
    return {"token": one.text, "logprob": one.logprob, "bytes": list(one.text.encode()), "top_logprobs": top}
