"""What others ask over HTTP, read strictly: a chat in OpenAI's form, or labels in ours.

Every member is known or refused, so that nobody is answered as if a wish had been heeded that was not. Source: OpenAI's
reference of ``POST /v1/chat/completions``; members of ours: ``deadline_s``, ``priority``, ``shared``, ``rollout``,
``task``. Requests of one task, or where none is named of one ``user``, share the engine fairly with those of others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

from agent_agency.canonical_json import parse_json
from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.protocol import Message, Parameters, Request, Speaker
from agent_agency.web.face import FaceLimits

MOST_LOGPROBS = 20
MOST_STOPS = 16
_ROLES: Mapping[str, Speaker] = MappingProxyType(
    {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
)
_OURS = frozenset({"deadline_s", "priority", "shared", "rollout", "task"})
_LONGEST_TASK = 200
_CHAT = frozenset(
    {
        "model",
        "messages",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "response_format",
        "logprobs",
        "top_logprobs",
        "repeat_penalty",
        "user",
    }
)
_OF_NO_EFFECT = frozenset({"metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"})
_ONLY_AS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "n": (1, None),
        "frequency_penalty": (0, None),
        "presence_penalty": (0, None),
        "logit_bias": (None, {}),
        "tools": (None, []),
        "functions": (None, []),
        "tool_choice": (None, "none", "auto"),
        "parallel_tool_calls": (None, True, False),
        "modalities": (None, ["text"]),
    }
)


class AskedWrongError(Exception):
    """A request is none; the message is a whole sentence.

    Args:
        message: what is wrong.
        param: the member at fault.
        code: for programs.
        status: of HTTP.
    """

    def __init__(self, message: str, param: str | None = None, *, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that is asked for.

    Args:
        request: as engines take it.
        stream: the answer is wanted piece by piece.
        usage: the stream's end is to tell tokens.
        logprobs: alternatives per token that are to be told; ``None`` for no log-probabilities.
        priority: higher goes first.
        task: whose share of the engine it takes.
        user: who it is asked for; its answers are nobody else's.
    """

    request: Request
    stream: bool
    usage: bool
    logprobs: int | None
    priority: int
    task: str
    user: str


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels that are to be scored."""

    request: LabelRequest
    priority: int
    task: str
    user: str


def read_chat(data: bytes, name: str, parameters: Parameters, limits: FaceLimits) -> Chat:
    """Read the body of a chat.

    Args:
        data: JSON in UTF-8.
        name: of the model that is served.
        parameters: how answers are drawn where the body does not say.
        limits: bounds.

    Raises:
        AskedWrongError: it is none.
    """
    body = _body(data, name, _CHAT | _OURS)
    stream = _flag(body, "stream")
    options = _stream_options(body, stream=stream)
    wants = _flag(body, "logprobs")
    others = _whole(body, "top_logprobs", 0, MOST_LOGPROBS)
    if others is not None and not wants:
        raise AskedWrongError("'top_logprobs' is for requests whose 'logprobs' is true.", "top_logprobs")
    drawn = replace(
        parameters,
        temperature=_number(body, "temperature", 0.0, 10.0, parameters.temperature),
        top_p=_number(body, "top_p", 1e-6, 1.0, parameters.top_p),
        max_tokens=_most_tokens(body, limits) or parameters.max_tokens,
        seed=_seed(body, parameters),
        repeat_penalty=_number(body, "repeat_penalty", 0.01, 10.0, parameters.repeat_penalty),
        top_logprobs=max(1, others or 0) if wants else 0,
        stop=_stops(body) or parameters.stop,
    )
    request = Request(
        messages=_messages(body, limits),
        parameters=drawn,
        schema=_schema(body),
        deadline_s=_number(body, "deadline_s", 0.01, limits.longest_deadline_s, limits.deadline_s),
        rollout=_whole(body, "rollout", 0, 2**31) or 0,
        shared=_shared(body),
    )
    _refuse_unwritable(request)
    return Chat(
        request,
        stream,
        _flag(options, "include_usage"),
        (others or 0) if wants else None,
        _priority(body),
        _task(body),
        _user(body),
    )


def read_labels(data: bytes, name: str, limits: FaceLimits) -> Labels:
    """Read the body of a request for labels: ``messages`` and ``labels``.

    Raises:
        AskedWrongError: it is none.
    """
    body = _body(data, name, _OURS | {"model", "messages", "labels"})
    labels = body.get("labels")
    if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
        raise AskedWrongError("'labels' is no list of texts.", "labels")
    request = LabelRequest(
        messages=_messages(body, limits),
        labels=tuple(labels),
        deadline_s=_number(body, "deadline_s", 0.01, limits.longest_deadline_s, limits.deadline_s),
        rollout=_whole(body, "rollout", 0, 2**31) or 0,
        shared=_shared(body),
    )
    _refuse_unwritable(request)
    return Labels(request, _priority(body), _task(body), _user(body))


def _body(data: bytes, name: str, known: frozenset[str]) -> Mapping[str, Any]:
    try:
        body = parse_json(data)
    except (ValueError, RecursionError) as error:
        raise AskedWrongError(f"The body is no JSON: {error}.") from None
    if not isinstance(body, dict):
        raise AskedWrongError("The body is no JSON object.")
    for key, value in body.items():
        if key in _ONLY_AS and any(value == one and type(value) in {type(one), float} for one in _ONLY_AS[key]):
            continue
        if key not in known and key not in _OF_NO_EFFECT:
            raise AskedWrongError(f"{key[:80]!r} is not supported here.", key[:80], code="unsupported_parameter")
    refuse_other_model(body.get("model", name), name)
    return body


def refuse_other_model(model: Any, name: str) -> None:
    """Refuse what asks for another model than the one that is served.

    Raises:
        AskedWrongError: it does.
    """
    if model != name:
        message = f"There is no model {str(model)[:80]!r} here; it is called {name!r}."
        raise AskedWrongError(message, "model", code="model_not_found", status=404)


def _stream_options(body: Mapping[str, Any], *, stream: bool) -> Mapping[str, Any]:
    options = _table(body, "stream_options")
    if options and not stream:
        raise AskedWrongError("'stream_options' is for requests whose 'stream' is true.", "stream_options")
    for key, value in options.items():
        if key != "include_usage" and not (key == "include_obfuscation" and value in (None, False)):
            at = f"stream_options.{key[:80]}"
            raise AskedWrongError(f"{at!r} is not supported here.", at, code="unsupported_parameter")
    return options


def _messages(body: Mapping[str, Any], limits: FaceLimits) -> tuple[Message, ...]:
    found = body.get("messages")
    if not isinstance(found, list) or not 0 < len(found) <= limits.messages:
        raise AskedWrongError(f"'messages' is no list of 1 to {limits.messages:,} messages.", "messages")
    return tuple(_message(one, f"messages[{at}]") for at, one in enumerate(found))


def _message(one: Any, at: str) -> Message:
    role = one.get("role") if isinstance(one, dict) else None
    if not isinstance(role, str) or role not in _ROLES:
        raise AskedWrongError(f"'{at}.role' is none of system, developer, user and assistant.", f"{at}.role")
    content = one.get("content")
    if isinstance(content, list) and content and all(_is_text(part) for part in content):
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise AskedWrongError(f"'{at}.content' is no text.", f"{at}.content")
    if strange := [key for key in one if key not in {"role", "content", "name"} and one[key] not in (None, [])]:
        raise AskedWrongError(f"'{at}.{strange[0][:80]}' is not supported here.", f"{at}.{strange[0][:80]}")
    return Message(_ROLES[role], content)


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = _table(body, "response_format")
    kind = wanted.get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    told = wanted.get("json_schema")
    schema = told.get("schema") if kind == "json_schema" and isinstance(told, dict) else None
    if not isinstance(schema, dict):
        raise AskedWrongError(
            "'response_format' is none of text, json_object and json_schema with a schema.", "response_format"
        )
    return cast("Mapping[str, Any]", schema)


def _most_tokens(body: Mapping[str, Any], limits: FaceLimits) -> int | None:
    newer = _whole(body, "max_completion_tokens", 1, limits.max_tokens)
    return newer or _whole(body, "max_tokens", 1, limits.max_tokens)


def _seed(body: Mapping[str, Any], parameters: Parameters) -> int | None:
    if "seed" not in body:
        return parameters.seed
    return _whole(body, "seed", -(2**63), 2**63 - 1)


def _stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    stops = body.get("stop")
    listed: Sequence[Any] = [stops] if isinstance(stops, str) else stops or []
    if not isinstance(listed, list) or len(listed) > MOST_STOPS or not all(isinstance(s, str) and s for s in listed):
        raise AskedWrongError(f"'stop' is no text and no list of up to {MOST_STOPS} texts.", "stop")
    return tuple(listed)


def _shared(body: Mapping[str, Any]) -> int:
    return _whole(body, "shared", 0, len(body["messages"])) or 0


def _priority(body: Mapping[str, Any]) -> int:
    return _whole(body, "priority", -100, 100) or 0


def _task(body: Mapping[str, Any]) -> str:
    return _short(body, "task") or _user(body)


def _user(body: Mapping[str, Any]) -> str:
    return _short(body, "user")


def _short(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_TASK:
        raise AskedWrongError(f"'{key}' is no text of up to {_LONGEST_TASK} signs.", key)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise AskedWrongError(f"'{key}' cannot be written as UTF-8: {error}.", key) from None
    return value


def _table(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AskedWrongError(f"'{key}' is no object.", key)
    return value


def _flag(body: Mapping[str, Any], key: str) -> bool:
    value = body.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise AskedWrongError(f"'{key}' is not true or false.", key)


def _whole(body: Mapping[str, Any], key: str, least: int, most: int) -> int | None:
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise AskedWrongError(f"'{key}' is no whole number from {least:,} to {most:,}.", key)


def _number(body: Mapping[str, Any], key: str, least: float, most: float, default: float) -> float:
    value = body.get(key)
    if value is None:
        return default
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if is_number and least <= value <= most:
        return float(value)
    raise AskedWrongError(f"'{key}' is no number from {least:g} to {most:g}.", key)


def _refuse_unwritable(request: Request | LabelRequest) -> None:
    try:
        _ = request.prompt_digest
        if isinstance(request, Request):
            "".join(request.parameters.stop).encode()
    except ValueError as error:
        raise AskedWrongError(f"The messages cannot be written as UTF-8: {error}.", "messages") from None
