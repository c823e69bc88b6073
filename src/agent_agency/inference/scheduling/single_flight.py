"""Like requests in the air share one call: who asks what is being asked already waits for that answer.

Requests are alike where their calls have one name (see `keys`), so that a retest, whose rollout differs, is never
answered by another one; a request that is to be fresh passes by. The call belongs to all who wait for it: it has the
deadline, task and priority of who came first, and it is cancelled when the last of them goes. Its failure is told to
all who wait and kept for nobody who comes later; only where the call ran out of its own, shorter time does somebody who
has time left ask again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Protocol, TypeVar

from agent_agency.errors import EngineError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.keys import call_key, label_call_key
from agent_agency.inference.labels import LabelReply, LabelRequest
from agent_agency.inference.protocol import Cancel, Engine, Piece, Reply, Request
from agent_agency.inference.scheduling import job as errors

T = TypeVar("T", Reply, LabelReply)


class QueueingEngine(Engine, Protocol):
    """An engine that takes requests without waiting for their answers, as a `Scheduler`."""

    def submit(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Future[Reply]:
        """As `Scheduler.submit`."""
        ...

    def submit_labels(
        self, request: LabelRequest, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Future[LabelReply]:
        """As `Scheduler.submit_labels`."""
        ...

    def stream(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Iterator[Piece]:
        """As `Scheduler.stream`."""
        ...


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    ticket: Future[T]
    waiting: int = 1


class _Air(Generic[T]):
    """The calls of one kind that are under way."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._flights: dict[str, _Flight[T]] = {}

    def board(self, key: str, start: Callable[[], Future[T]]) -> tuple[_Flight[T], bool]:
        """The call of a name, and whether it had to be started.

        Raises:
            EngineError: it cannot be.
        """
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and not flight.ticket.done():
                flight.waiting += 1
                return flight, False
            flight = self._flights[key] = _Flight(start())
        flight.ticket.add_done_callback(lambda _: self._land(key, flight))
        return flight, True

    def leave(self, key: str, flight: _Flight[T]) -> None:
        """One waits no more; the last one ends the call."""
        with self._lock:
            flight.waiting -= 1
            last = flight.waiting == 0
            if last and self._flights.get(key) is flight:
                del self._flights[key]
        if last:
            flight.ticket.cancel()

    def _land(self, key: str, flight: _Flight[T]) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]


class SingleFlight(AroundEngine):
    """A queueing engine that asks the same thing only once at a time; put a cache around it, not inside.

    Args:
        engine: what answers.
        timer: seconds that only go forward.
    """

    def __init__(self, engine: QueueingEngine, *, timer: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(engine)
        self._queueing = engine
        self._timer = timer
        self._lock = threading.Lock()
        self._texts: _Air[Reply] = _Air(self._lock)
        self._labels: _Air[LabelReply] = _Air(self._lock)
        self._shared = 0

    @property
    def shared(self) -> int:
        """Requests that were answered by a call of somebody else's."""
        return self._shared

    def generate(self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0) -> Reply:
        """Answer one request, by a like call in the air where there is one; the reply is then marked as a hit.

        Raises:
            EngineError: as the inner engine.
        """

        def submit(seconds: float) -> Future[Reply]:
            asked = replace(request, deadline_s=seconds)
            return self._queueing.submit(asked, cancel if request.fresh else None, task=task, priority=priority)

        if request.fresh:
            return _awaited(submit(request.deadline_s))
        key = call_key(request, self._engine.identity)
        return self._answer(self._texts, key, request.deadline_s, cancel, submit)

    def score_labels(
        self, request: LabelRequest, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> LabelReply:
        """Score labels, by a like call in the air where there is one.

        Raises:
            EngineError: as the inner engine.
        """

        def submit(seconds: float) -> Future[LabelReply]:
            asked = replace(request, deadline_s=seconds)
            own = cancel if request.fresh else None
            return self._queueing.submit_labels(asked, own, task=task, priority=priority)

        if request.fresh:
            return _awaited(submit(request.deadline_s))
        key = label_call_key(request, self._engine.identity)
        return self._answer(self._labels, key, request.deadline_s, cancel, submit)

    def stream(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Iterator[Piece]:
        """Answer piece by piece, by a call of its own.

        Raises:
            EngineError: as the inner engine.
        """
        return self._queueing.stream(request, cancel, task=task, priority=priority)

    def _answer(
        self, air: _Air[T], key: str, deadline_s: float, cancel: Cancel | None, submit: Callable[[float], Future[T]]
    ) -> T:
        started = self._timer()
        while True:
            left = deadline_s - (self._timer() - started)
            if left <= 0:
                raise errors.overran(deadline_s)
            flight, own = air.board(key, partial(submit, left))
            try:
                _wait(flight.ticket, cancel, left)
            except BaseException:
                air.leave(key, flight)
                raise
            if not flight.ticket.done():
                air.leave(key, flight)
                raise errors.cancelled() if cancel is not None and cancel.cancelled else errors.overran(deadline_s)
            error = flight.ticket.exception()
            if error is None:
                reply = flight.ticket.result()
                return reply if own else self._handed_on(reply, self._timer() - started)
            if own or not _ran_out(error):
                raise _like(error)

    def _handed_on(self, reply: T, waited_s: float) -> T:
        with self._lock:
            self._shared += 1
        return replace(reply, cache_hit=True, latency_s=waited_s)


def _wait(ticket: Future[T], cancel: Cancel | None, seconds: float) -> None:
    """Wait until the call has ended, the asker wants it no more, or the asker's time is over."""
    over = threading.Event()
    ticket.add_done_callback(lambda _: over.set())
    forget = cancel.notify(over.set) if cancel is not None else None
    try:
        over.wait(min(seconds, threading.TIMEOUT_MAX))
    finally:
        if forget is not None:
            forget()


def _awaited(ticket: Future[T]) -> T:
    try:
        return ticket.result()
    except BaseException:
        ticket.cancel()
        raise


def _ran_out(error: BaseException) -> bool:
    return isinstance(error, EngineError) and error.stable_code == "engine.timeout"


def _like(error: BaseException) -> BaseException:
    """An error for one of several who wait: raising one object in several threads would mix their traces."""
    if type(error) is not EngineError:
        return error
    return EngineError(
        error.message,
        fix=error.fix,
        path=error.path,
        line=error.line,
        code=error.stable_code,
        retry_after_s=error.retry_after_s,
    )
