"""What every request must pass before it is read: the host that it names, where a page sent it from, the token.

There is no CORS: a page of another origin can neither read an answer nor have a model work, because what it sends is
refused by its Origin header, and a body must say that it is JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_agency.web.answers import error_document
from agent_agency.web.face import Face

OPEN_PATHS = frozenset({"/health"})
"""Paths that need no token: they tell only whether the face answers."""
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Stands before an application.

    Args:
        app: what is guarded.
        face: says who may ask.
    """

    def __init__(self, app: ASGIApp, face: Face) -> None:
        self._app = app
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = self._refusal(Headers(scope=scope), scope["path"])
        if found is None:
            with suppress(asyncio.CancelledError):  # only a server that ends at once calls off: nobody is to blame
                await self._app(scope, receive, send)
            return
        status, message = found
        await _refuse(send, status, message)

    def _refusal(self, headers: Headers, path: str) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._face.is_called(host):
            return 421, "This server is not called so; ask it by the address that it listens on."
        if any(not _is_of(origin, host) for origin in headers.getlist("origin")):
            return 403, "Pages of other origins may not ask this server."
        if path not in OPEN_PATHS and not self._face.knows(headers.get("authorization", "")):
            return 401, "The token is missing or wrong; send it as 'Authorization: Bearer TOKEN'."
        return None


def _is_of(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.strip().lower()
    except ValueError:
        return False


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps(error_document(message, status, code="refused")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:  # noqa: PLR2004 - RFC 9110, section 15.5.2
        headers.append((b"www-authenticate", b"Bearer"))
    start: Message = {"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]}
    await send(start)
    await send({"type": "http.response.body", "body": body})
