"""What a server's refusals mean: each status, and each way in which a connection fails, as one typed error."""

from __future__ import annotations

import json
import re
import ssl
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.untrusted_json import shown

_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|exceeds? the (?:available )?context|maximum context"
    r"|too many tokens|prompt is too long|input length exceeds",
    re.IGNORECASE,
)
_TOO_LONG_STATUSES = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
_SHORTEN = "Shorten the prompt, or give the model a larger context."
_BUSY = ("busy", "Wait, or ask fewer questions at once.")
_MEANINGS = MappingProxyType(
    {
        HTTPStatus.NOT_FOUND: ("not_found", "Check the URL (most end in /v1) and the model's name."),
        HTTPStatus.METHOD_NOT_ALLOWED: ("not_found", "Check the URL (most end in /v1) and the model's name."),
        HTTPStatus.TOO_MANY_REQUESTS: _BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE: _BUSY,
    }
)
_HTML = re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)


def is_html(content_type: str, data: bytes) -> bool:
    """Whether an answer is a page for people."""
    return "html" in content_type or _HTML.match(data) is not None


def refusal(status: int, content_type: str, data: bytes, host: str, key_name: str | None) -> EngineError:
    """The error of a status that is none of success.

    Args:
        status: the HTTP status.
        content_type: of the body.
        data: the body, or its beginning.
        host: of the server.
        key_name: the environment variable that holds the key, where one was sent.
    """
    said = "it sent a page for people" if is_html(content_type, data) else _message(data)
    code, fix = _meaning(status, said, key_name)
    return _error(code, f"{host} answered {status}: {said}", fix)


def _meaning(status: int, said: str, key_name: str | None) -> tuple[str, str]:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return "redirected", "Give the URL that it points to; redirections are never followed."
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        named = f"Check the key in {key_name}."
        return "refused", named if key_name else "Name the key's environment variable in 'api_key_env'."
    if status in _TOO_LONG_STATUSES and _TOO_LONG.search(said):
        return "prompt_too_long", _SHORTEN
    if status in _MEANINGS:
        return _MEANINGS[HTTPStatus(status)]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_failed", "Look into the server's log."
    return "refused", "The server does not take this request; see whether it knows what was asked of it."


def failure_in_stream(value: Any) -> EngineError:
    """The error that a server sends in place of an answer once it has begun."""
    said = _said(value) or shown(json.dumps(value))
    if _TOO_LONG.search(said):
        return _error("prompt_too_long", said, _SHORTEN)
    return _error("server_failed", f"The server gave up: {said}", "Look into the server's log.")


def network_failure(error: Exception, host: str, *, begun: bool) -> EngineError:
    """What a failed connection means.

    Args:
        error: one of httpcore's, without its timeouts.
        host: of the server.
        begun: whether an answer had begun to come.
    """
    reason = shown(str(error) or type(error).__name__)
    if isinstance(_root(error), ssl.SSLError) and not begun:
        fix = "Give the authority's file as 'ca_file', or mend the server's certificate; it is always checked."
        return _error("tls", f"{host} has no connection that can be trusted: {reason}", fix)
    kind = type(error).__name__
    if not begun and kind in {"RemoteProtocolError", "ReadError", "WriteError"}:
        return _no_answer(host, reason, closed=kind != "RemoteProtocolError" or "disconnected" in reason)
    if begun:
        message = f"{host} broke off in the middle of its answer: {reason}"
        return _error("incomplete", message, "Ask again; look into the server's log if it goes on.")
    return _error("unreachable", f"{host} cannot be reached: {reason}", "Start the server, or mend the engine's URL.")


def _no_answer(host: str, reason: str, *, closed: bool) -> EngineError:
    if closed:
        message = f"{host} closed the connection before its answer: {reason}"
        return _error("incomplete", message, "Ask again; look into the server's log if it goes on.")
    return _error("bad_answer", f"{host} does not speak HTTP: {reason}", "Check the URL's port, and http or https.")


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error


def _message(data: bytes) -> str:
    try:
        said = _said(json.loads(data))
    except (ValueError, RecursionError):
        said = ""
    return said or (shown(data) if data.strip() else "it said nothing more")


def _said(value: Any) -> str:
    """The words of an error, in any of the shapes in which servers send one."""
    for key in ("error", "message", "detail"):
        if isinstance(value, dict) and key in value:
            inner = value[key]
            return shown(inner) if isinstance(inner, str) else _said(inner)
    return ""


def _error(code: str, message: str, fix: str) -> EngineError:
    return EngineError(message, fix=fix, code=f"engine.{code}")
