"""Answers of the face: kept ones, those of like requests in the air, and else the engine's, behind its queue.

What one caller asked tells another one nothing: answers are kept, and calls shared, among requests with the same
``user`` only, in a folder that no judge of this machine writes or reads. All who hold the token of a face are one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar

from agent_agency.canonical_json import digest_json
from agent_agency.errors import AgencyError, FileUnwritableError
from agent_agency.inference.call_cache import CallCache, ChangingEngine, HandedOver
from agent_agency.inference.keys import call_key, is_determined, label_call_key
from agent_agency.inference.labels import LabelReply
from agent_agency.inference.protocol import Engine, Reply
from agent_agency.inference.scheduling import job as errors
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.inference.scheduling.single_flight import Seat, is_final, like
from agent_agency.web import kept_wish
from agent_agency.web.asked import AskedWrongError, Chat, Labels
from agent_agency.web.kept_wish import KeptWish

T = TypeVar("T", Reply, LabelReply)
Gone: TypeAlias = "asyncio.Future[None]"
"""Done once the client has gone away."""
_BLIND_S = 5.0
"""Seconds for which an engine that could not say what it is is not asked for it again, but by what its queue sends."""


class _Line(TypedDict):
    task: str
    priority: int


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """A reply, and how it was come by, as `kept_wish` has it."""

    reply: T
    how: str


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """How one question is named, kept and asked; seconds are what is left of its deadline."""

    key: Callable[[Mapping[str, str]], str]
    get: Callable[[CallCache, str], T | None]
    put: Callable[[CallCache, str, T], T]
    board: Callable[[str, float], Seat[T]]
    submit: Callable[[float], Future[T]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Who asks, how long it may take, and whether the answer may be shared."""

    deadline_s: float
    until: float
    user: str
    wish: KeptWish
    determined: bool = True


@dataclass(frozen=True, slots=True)
class _Looked(Generic[T]):
    """A call's name under the engine that answers now, and the reply that is kept of it."""

    engine: Engine
    key: str
    kept: T | None


class Once:
    """Asks what has a determined answer only once.

    Args:
        serving: kept answers, single flight and the queue.
        shares: whether the first two are used; else every request is a call of its own.
        timer: seconds that only go forward.
    """

    def __init__(self, serving: Serving, *, shares: bool, timer: Callable[[], float] = time.monotonic) -> None:
        self._serving = serving
        self._shares = shares
        self._timer = timer
        self._blind_until = float("-inf")
        self.kept = 0
        """Requests that were answered by a kept reply."""

    @property
    def joined(self) -> int:
        """Requests that were answered by the call of another one."""
        return self._serving.flights.shared

    @property
    def open(self) -> int:
        """Requests that wait for a call which others may join."""
        return self._serving.flights.seats

    async def chat(self, chat: Chat, wish: KeptWish, gone: Gone) -> Answered[Reply] | None:
        """Answer a chat; ``None`` where the client went away first, and then its share in the call is given up.

        Raises:
            AgencyError: as the engine behind its queue.
            AskedWrongError: a kept answer is asked for, and there is none.
        """
        serving, asked, how = self._serving, chat.request, _Line(task=chat.task, priority=chat.priority)
        kind = _Kind(
            partial(call_key, asked),
            CallCache.get,
            CallCache.put,
            lambda key, seconds: serving.flights.board(key, replace(asked, deadline_s=seconds), **how),
            lambda seconds: serving.scheduler.submit(replace(asked, deadline_s=seconds), **how),
        )
        until, determined = self._timer() + asked.deadline_s, is_determined(asked.parameters)
        return await self._answer(kind, _Wanted(asked.deadline_s, until, chat.user, wish, determined), gone)

    async def labels(self, labels: Labels, wish: KeptWish, gone: Gone) -> Answered[LabelReply] | None:
        """Score labels, as `chat`.

        Raises:
            AgencyError: as `chat`.
            AskedWrongError: as `chat`.
        """
        serving, asked, how = self._serving, labels.request, _Line(task=labels.task, priority=labels.priority)
        kind = _Kind(
            partial(label_call_key, asked),
            CallCache.get_labels,
            CallCache.put_labels,
            lambda key, seconds: serving.flights.board_labels(key, replace(asked, deadline_s=seconds), **how),
            lambda seconds: serving.scheduler.submit_labels(replace(asked, deadline_s=seconds), **how),
        )
        until = self._timer() + asked.deadline_s
        return await self._answer(kind, _Wanted(asked.deadline_s, until, labels.user, wish), gone)

    async def _answer(self, kind: _Kind[T], wanted: _Wanted, gone: Gone) -> Answered[T] | None:
        looked: _Looked[T] | None = None
        if self._shares and wanted.determined and not wanted.wish.anew:
            looked = await self._looked(kind, wanted, gone)
            if gone.done():
                return None
        if looked is not None and looked.kept is not None:
            self.kept += 1
            return Answered(looked.kept, kept_wish.HIT)
        if wanted.wish.only_kept:
            raise not_kept()
        if looked is not None:
            return await self._boarded(kind, looked, wanted, gone)
        return await self._alone(kind, wanted, gone)

    async def _looked(self, kind: _Kind[T], wanted: _Wanted, gone: Gone) -> _Looked[T] | None:
        """What is kept, looked up beside the event loop: a disk or a server may be slow."""
        looking = asyncio.ensure_future(asyncio.to_thread(self._look, kind, wanted.user))
        both: set[asyncio.Future[Any]] = {looking, gone}
        await asyncio.wait(both, timeout=wanted.deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if looking.done():
            return looking.result()
        if gone.done():
            return None
        raise errors.late_in_queue(wanted.deadline_s)

    def _look(self, kind: _Kind[T], user: str) -> _Looked[T] | None:
        """``None`` where it cannot be said which engine answers, so that the call has no name."""
        engine = self._holder()
        if isinstance(engine, ChangingEngine) or self._timer() < self._blind_until:
            return None
        try:
            key = kind.key(engine.identity)
        except AgencyError:
            self._blind_until = self._timer() + _BLIND_S
            return None
        if user:
            key = digest_json(["user", user, key])
        cache = self._serving.cache
        return _Looked(engine, key, None if cache is None else kind.get(cache, key))

    async def _alone(self, kind: _Kind[T], wanted: _Wanted, gone: Gone) -> Answered[T] | None:
        ticket = kind.submit(self._left(wanted))
        try:
            if not await _ended(ticket, gone):
                return None
        finally:
            ticket.cancel()  # nothing where it has ended
        return Answered(ticket.result(), kept_wish.ON_REQUEST if wanted.wish.anew else kept_wish.BYPASS)

    async def _boarded(self, kind: _Kind[T], looked: _Looked[T], wanted: _Wanted, gone: Gone) -> Answered[T] | None:
        began = self._timer()
        while True:
            left = self._left(wanted)
            seat = kind.board(looked.key, left)
            try:
                ended = await _ended(seat.ticket, gone, None if seat.own else left)
            finally:
                if not seat.ticket.done():
                    seat.leave()
            if not ended:
                if gone.done():
                    return None
                raise errors.overran(wanted.deadline_s)
            error = seat.ticket.exception()
            if error is None:
                return await self._told(kind, looked, seat, self._timer() - began)
            if is_final(seat, error):
                raise like(error)

    async def _told(self, kind: _Kind[T], looked: _Looked[T], seat: Seat[T], waited_s: float) -> Answered[T]:
        reply, stored = seat.ticket.result(), False
        if seat.claim():
            reply, stored = await asyncio.to_thread(self._keep, kind, looked, reply)
        if seat.own:
            return Answered(reply, kept_wish.STORED if stored else kept_wish.MISS)
        return Answered(self._serving.flights.handed_on(reply, waited_s), kept_wish.COLLAPSED)

    def _keep(self, kind: _Kind[T], looked: _Looked[T], reply: T) -> tuple[T, bool]:
        """The reply that is kept, and whether one is: none of a role that somebody else has by now."""
        cache = self._serving.cache
        if cache is None or self._holder() is not looked.engine:
            return reply, False
        try:
            return kind.put(cache, looked.key, reply), True
        except FileUnwritableError as error:
            cache.note(error)
            return reply, False

    def _holder(self) -> Engine:
        engine = self._serving.engine
        return engine.holder() if isinstance(engine, HandedOver) else engine

    def _left(self, wanted: _Wanted) -> float:
        left = wanted.until - self._timer()
        if left <= 0:
            raise errors.late_in_queue(wanted.deadline_s)
        return left


def not_kept() -> AskedWrongError:
    """A kept answer is asked for, and there is none (RFC 9111, section 5.2.1.7)."""
    return AskedWrongError("No answer to this is kept.", code="not_kept", status=504)


async def _ended(ticket: Future[T], gone: Gone, seconds: float | None = None) -> bool:
    """Wait until a call has ended, its client is gone, or the time is over; whether it has ended."""
    loop = asyncio.get_running_loop()
    over: Gone = loop.create_future()

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_settle, over)

    ticket.add_done_callback(tell)
    await asyncio.wait({over, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return ticket.done()


def _settle(over: Gone) -> None:
    if not over.done():
        over.set_result(None)
