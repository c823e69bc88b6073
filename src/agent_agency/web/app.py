"""The HTTP face: OpenAI's chat, labels of ours, health and figures, over one engine behind its queue.

Nothing here waits for an engine in the event loop, so that ``/health`` answers however much waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent_agency.errors import AgencyError, InternalError
from agent_agency.web import answers
from agent_agency.web.asked import AskedWrongError, Chat, read_chat, read_labels, refuse_other_model
from agent_agency.web.bodies import Bodies
from agent_agency.web.face import Face
from agent_agency.web.guard import Guard
from agent_agency.web.kept_wish import KeptWish, read_wish, status_header
from agent_agency.web.metrics import CONTENT_TYPE, Spared, metrics_text
from agent_agency.web.once import Once, not_kept
from agent_agency.web.streaming import EventStream, Pieces, until_gone

_GONE = 499
"""Nobody reads this status: the client has gone away."""


def make_app(face: Face) -> ASGIApp:
    """The application of one engine."""
    handlers = Handlers(face)
    routes = [
        Route("/v1/chat/completions", handlers.chat, methods=["POST"]),
        Route("/v1/labels", handlers.labels, methods=["POST"]),
        Route("/v1/models", handlers.models, methods=["GET"]),
        Route("/v1/models/{model:path}", handlers.model, methods=["GET"]),
        Route("/health", handlers.health, methods=["GET"]),
        Route("/metrics", handlers.metrics, methods=["GET"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, face=face)],
        exception_handlers={HTTPException: _http_refusal, Exception: _defect},
    )


class Handlers:
    """What answers each path.

    Args:
        face: what is served.
    """

    def __init__(self, face: Face) -> None:
        self._face = face
        self._once = Once(face.serving, shares=face.shares)
        self._bodies = Bodies(face.limits)

    async def chat(self, request: Request) -> Any:
        """``POST /v1/chat/completions``."""
        return await _answered(self._chat, request)

    async def labels(self, request: Request) -> Any:
        """``POST /v1/labels``: messages and labels to scores."""
        return await _answered(self._labels, request)

    async def models(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """``GET /v1/models``."""
        return JSONResponse({"object": "list", "data": [self._model()]})

    async def model(self, request: Request) -> Any:
        """``GET /v1/models/NAME``."""
        return await _answered(self._one_model, request)

    async def health(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """``GET /health``: from what is known here alone, so that it answers at once."""
        found, served = self._face.scheduler.health_now(), self._face.scheduler.served()
        document = {
            "status": "ok" if found.ready else "unavailable",
            "detail": found.detail,
            "model": self._face.name,
            "state": self._face.state() or None,
            "waiting": served.waiting,
            "running": served.running,
            "width": served.width,
            "breaker": served.breaker,
        }
        return JSONResponse(document, 200 if found.ready else 503)

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """``GET /metrics``."""
        spared = Spared(self._once.kept, self._once.joined, self._once.open)
        text = metrics_text(self._face.scheduler.served(), spared, self._face.name, self._face.state())
        return PlainTextResponse(text, headers={"Content-Type": CONTENT_TYPE})

    def _model(self) -> dict[str, Any]:
        return {"id": self._face.name, "object": "model", "created": 0, "owned_by": "agency"}

    async def _one_model(self, request: Request) -> Response:
        refuse_other_model(request.path_params["model"], self._face.name)
        return JSONResponse(self._model())

    async def _chat(self, request: Request) -> Any:
        face = self._face
        chat = read_chat(await self._bodies.read(request), face.name, face.parameters, face.limits)
        wish = _wish(request)
        if chat.stream:
            if wish.only_kept:
                raise not_kept()
            return await self._streamed(chat, request)
        with _watched(request) as gone:
            found = await self._once.chat(chat, wish, gone)
        if found is None:
            return Response(status_code=_GONE)
        document = answers.chat_document(found.reply, logprobs=chat.logprobs, **self._named("chatcmpl"))
        return JSONResponse(document, headers=status_header(found.how))

    async def _streamed(self, chat: Chat, request: Request) -> Any:
        pieces = Pieces(self._face, chat)
        first = asyncio.ensure_future(pieces.next())
        gone = asyncio.ensure_future(until_gone(request.receive))
        try:
            await asyncio.wait({first, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                pieces.cancel.cancel()
                return Response(status_code=_GONE)
            return EventStream(self._face, chat, pieces, first.result())
        except BaseException:
            pieces.cancel.cancel()
            raise
        finally:
            first.cancel()
            gone.cancel()

    async def _labels(self, request: Request) -> Response:
        asked = read_labels(await self._bodies.read(request), self._face.name, self._face.limits)
        with _watched(request) as gone:
            found = await self._once.labels(asked, _wish(request), gone)
        if found is None:
            return Response(status_code=_GONE)
        return JSONResponse(
            answers.labels_document(found.reply, **self._named("labels")), headers=status_header(found.how)
        )

    def _named(self, kind: str) -> dict[str, Any]:
        created = int(self._face.seconds())
        return {"ident": f"{kind}-{self._face.new_id()}", "created": created, "model": self._face.name}


async def _answered(handler: Callable[[Request], Awaitable[Any]], request: Request) -> Any:
    """What a handler answers, or the error that it came to."""
    try:
        return await handler(request)
    except ClientDisconnect:
        return Response(status_code=_GONE)
    except (AskedWrongError, AgencyError) as error:
        status, headers, document = answers.refusal(error)
        return JSONResponse(document, status, headers)


def _wish(request: Request) -> KeptWish:
    return read_wish(request.headers.getlist("cache-control"))


@contextmanager
def _watched(request: Request) -> Iterator[asyncio.Future[None]]:
    """What is done once the client has gone away."""
    gone = asyncio.ensure_future(until_gone(request.receive))
    try:
        yield gone
    finally:
        gone.cancel()


async def _http_refusal(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = "There is nothing here." if status == 404 else "This path is not asked in this way."  # noqa: PLR2004
    headers = error.headers if isinstance(error, HTTPException) else None  # which methods there are
    return JSONResponse(answers.error_document(message, status, code="not_found"), status, headers)


async def _defect(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    return JSONResponse(answers.refusal(InternalError(error))[2], 500)
