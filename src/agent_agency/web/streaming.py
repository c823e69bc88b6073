"""An answer piece by piece: from an engine's thread into server-sent events, ended when nobody listens any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from agent_agency.errors import AgencyError, InternalError
from agent_agency.inference.protocol import Cancel, Piece, Usage
from agent_agency.web import answers
from agent_agency.web.asked import Chat
from agent_agency.web.face import Face
from agent_agency.web.kept_wish import BYPASS, NAME

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"cache-status", f"{NAME}; {BYPASS}".encode()),
]


class Pieces:
    """The pieces of one streamed answer, handed from the thread that waits for the engine to the event loop.

    Args:
        face: what is asked.
        chat: the question.
    """

    def __init__(self, face: Face, chat: Chat) -> None:
        self._face = face
        self._chat = chat
        self._loop = asyncio.get_running_loop()
        self._come: asyncio.Queue[Piece | AgencyError | None] = asyncio.Queue()
        self.cancel = Cancel()
        threading.Thread(target=self._run, name="stream", daemon=True).start()

    async def next(self) -> Piece | None:
        """The next piece; ``None`` at the end.

        Raises:
            AgencyError: the engine gave up.
        """
        found = await self._come.get()
        if isinstance(found, AgencyError):
            raise found
        return found

    def _run(self) -> None:
        end: AgencyError | None = None
        try:
            chat = self._chat
            stream = self._face.scheduler.stream(chat.request, self.cancel, task=chat.task, priority=chat.priority)
            for piece in stream:
                self._put(piece)
        except AgencyError as error:
            end = error
        except Exception as error:  # noqa: BLE001 - a defect must reach who waits, or the client would wait for ever
            end = InternalError(error)
        self._put(end)

    def _put(self, found: Piece | AgencyError | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._come.put_nowait, found)
        except RuntimeError:  # the loop is closed: the server ends, and nobody listens
            self.cancel.cancel()


@dataclass(frozen=True, slots=True)
class EventStream:
    """A response of server-sent events; when the client goes away the engine is told at once.

    Args:
        face: what is asked.
        chat: the question.
        pieces: what comes of it.
        first: the first piece, which was waited for so that a refusal has a status of its own.
    """

    face: Face
    chat: Chat
    pieces: Pieces
    first: Piece | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the answer."""
        gone = asyncio.ensure_future(until_gone(receive))
        work = asyncio.ensure_future(self._send(send))
        try:
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            self.pieces.cancel.cancel()
            for task in (gone, work):
                task.cancel()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        async for data in self._events():
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _events(self) -> AsyncIterator[bytes]:
        named = f"chatcmpl-{self.face.new_id()}", int(self.face.seconds()), self.face.name
        usage: dict[str, Usage | None] = {"usage": None} if self.chat.usage else {}
        yield answers.chunk(*named, [answers.delta("", role=True)], usage)
        piece = self.first
        try:
            while piece is not None:
                if piece.text:
                    yield answers.chunk(*named, [answers.delta(piece.text)], usage)
                if piece.reply is not None:
                    reply, wanted = piece.reply, self.chat.logprobs
                    told = None if wanted is None else answers.logprobs_document(reply.logprobs, wanted)
                    yield answers.chunk(*named, [answers.delta(finish=reply.finish, logprobs=told)], usage)
                    if self.chat.usage:
                        yield answers.chunk(*named, [], {"usage": reply.usage})
                piece = await self.pieces.next()
        except AgencyError as error:
            yield answers.event(answers.refusal(error)[2])
            return
        yield answers.DONE


async def until_gone(receive: Receive) -> None:
    """Wait until the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
