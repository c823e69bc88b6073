"""The door to llama.cpp's server inside this process: HTTP over a socket file in a private folder.

The library's own calls into the server know only the OpenAI shapes, cannot tokenise or copy slots, and can be stopped
only when a token comes. Over the socket all of it is there, a closed connection frees the slot at once, and nobody
else on the machine can knock: there is no port, and the folder is its user's alone.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.event_stream import sse_events
from agent_agency.inference.local.llama_cpp.call import Call

_CHUNK = 1 << 16
_TOO_LONG = "exceed_context_size_error"


class Door:
    """Asks the server.

    Args:
        path: the socket file.
        key: what the server wants to see, a second lock to the folder's.
    """

    def __init__(self, path: str, key: str) -> None:
        self._path = path
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self, where: str, body: Mapping[str, Any] | None, call: Call) -> Mapping[str, Any]:
        """One question and its whole answer; without a body it is a GET.

        Raises:
            EngineError: refused, or cancelled.
        """
        with self._answer(where, body, call) as answer:
            found = json.loads(answer.read())
        if not isinstance(found, dict):
            raise _odd(f"{where} answered no object")
        return found

    def events(self, where: str, body: Mapping[str, Any], call: Call) -> Iterator[Mapping[str, Any]]:
        """A question whose answer is a stream of events.

        Raises:
            EngineError: refused, cancelled, or it failed on the way.
        """
        with self._answer(where, {**body, "stream": True}, call) as answer:
            for data in sse_events(iter(lambda: answer.read1(_CHUNK), b"")):
                event = json.loads(data)
                if "error" in event:
                    raise _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, event)
                yield event

    @contextmanager
    def _answer(self, where: str, body: Mapping[str, Any] | None, call: Call) -> Iterator[http.client.HTTPResponse]:
        connection = _SocketConnection(self._path)
        try:
            connection.connect()
            with call.waiting_on(connection.sock):
                method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
                connection.request(method, where, data, self._headers)
                answer = connection.getresponse()
                if answer.status != HTTPStatus.OK:
                    raise _refusal(answer.status, json.loads(answer.read()))
                yield answer
        except (OSError, http.client.HTTPException, ValueError) as broken:
            raise _odd(f"{type(broken).__name__} at {where}") from broken
        finally:
            connection.close()


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def _refusal(status: int, document: Any) -> EngineError:
    error = document.get("error") if isinstance(document, dict) else None
    told = error if isinstance(error, dict) else {}
    said = " ".join(str(told.get("message", "no reason given")).split())[:300]
    if told.get("type") == _TOO_LONG:
        return EngineError(
            f"The prompt does not fit: {said}",
            fix="Shorten the prompt, or give the engine a larger 'context'.",
            code="engine.prompt_too_long",
        )
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return EngineError(
            f"llama.cpp does not take the request: {said}", fix="Ask otherwise.", code="engine.bad_request"
        )
    return EngineError(
        f"llama.cpp failed: {said}", fix="Ask again; if it goes on, use the other engine.", code="engine.server_failed"
    )


def _odd(what: str) -> EngineError:
    return EngineError(
        f"llama.cpp broke off: {what}", fix="Ask again; if it goes on, use the other engine.", code="engine.failed"
    )
