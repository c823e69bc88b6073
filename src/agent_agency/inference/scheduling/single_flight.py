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
from typing import Any, Generic, Protocol, TypeVar

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
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Seat(Generic[T]):
    """A share in a call that is under way.

    Args:
        ticket: the call's; it is everybody's who has a seat, and so never to be cancelled by one of them.
        own: the call was started for this seat.
        leave: give the seat up; who leaves last ends the call.
        claim: true for the first who asks, so that of all who are answered one keeps the answer.
    """

    ticket: Future[T]
    own: bool
    leave: Callable[[], None]
    claim: Callable[[], bool]


class _Air(Generic[T]):
    """The calls of one kind that are under way."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._flights: dict[str, _Flight[T]] = {}

    def board(self, key: str, start: Callable[[], Future[T]]) -> Seat[T]:
        """A seat in the call of a name, which is started where there is none.

        Raises:
            EngineError: it cannot be.
        """
        with self._lock:
            flight = self._flights.get(key)
            own = flight is None or flight.ticket.done()
            if flight is None or own:
                flight = self._flights[key] = _Flight(start())
            else:
                flight.waiting += 1
        if own:
            flight.ticket.add_done_callback(lambda _: self._land(key, flight))
        return Seat(flight.ticket, own, partial(self._leave, key, flight), partial(self._claim, flight))

    @property
    def seats(self) -> int:
        """Seats that are taken now."""
        with self._lock:
            return sum(flight.waiting for flight in self._flights.values())

    def _leave(self, key: str, flight: _Flight[T]) -> None:
        with self._lock:
            flight.waiting -= 1
            last = flight.waiting == 0
            if last and self._flights.get(key) is flight:
                del self._flights[key]
        if last:
            flight.ticket.cancel()

    def _claim(self, flight: _Flight[T]) -> bool:
        with self._lock:
            first, flight.claimed = not flight.claimed, True
        return first

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

    @property
    def seats(self) -> int:
        """Requests that wait for a call, their own or another one's."""
        return self._texts.seats + self._labels.seats

    def generate(self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0) -> Reply:
        """Answer one request, by a like call in the air where there is one; the reply is then marked as a hit.

        Raises:
            EngineError: as the inner engine.
        """
        if request.fresh:
            return _awaited(self._queueing.submit(request, cancel, task=task, priority=priority))
        started = self._timer()
        key = call_key(request, self._engine.identity)

        def board(seconds: float) -> Seat[Reply]:
            return self.board(key, replace(request, deadline_s=seconds), task=task, priority=priority)

        return self._answer(board, started, request.deadline_s, cancel)

    def score_labels(
        self, request: LabelRequest, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> LabelReply:
        """Score labels, by a like call in the air where there is one.

        Raises:
            EngineError: as the inner engine.
        """
        if request.fresh:
            return _awaited(self._queueing.submit_labels(request, cancel, task=task, priority=priority))
        started = self._timer()
        key = label_call_key(request, self._engine.identity)

        def board(seconds: float) -> Seat[LabelReply]:
            return self.board_labels(key, replace(request, deadline_s=seconds), task=task, priority=priority)

        return self._answer(board, started, request.deadline_s, cancel)

    def board(self, key: str, request: Request, *, task: str = "", priority: int = 0) -> Seat[Reply]:
        """A seat in the call of a name, for who waits for many at a time; the call is made where there is none.

        Args:
            key: the call's name.
            request: what is asked, with what is left of its deadline.
            task: whose share of the engine the call takes.
            priority: higher goes first.

        Raises:
            EngineError: as `Scheduler.submit`.
        """
        return self._texts.board(key, lambda: self._queueing.submit(request, task=task, priority=priority))

    def board_labels(self, key: str, request: LabelRequest, *, task: str = "", priority: int = 0) -> Seat[LabelReply]:
        """As `board`, for labels.

        Raises:
            EngineError: as `Scheduler.submit_labels`.
        """
        return self._labels.board(key, lambda: self._queueing.submit_labels(request, task=task, priority=priority))

    def stream(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Iterator[Piece]:
        """Answer piece by piece, by a call of its own.

        Raises:
            EngineError: as the inner engine.
        """
        return self._queueing.stream(request, cancel, task=task, priority=priority)

    def handed_on(self, reply: T, waited_s: float) -> T:
        """The reply of a call as it is told to who joined it."""
        with self._lock:
            self._shared += 1
        return replace(reply, cache_hit=True, latency_s=waited_s)

    def _answer(self, board: Callable[[float], Seat[T]], started: float, deadline_s: float, cancel: Cancel | None) -> T:
        while True:
            left = deadline_s - (self._timer() - started)
            if left <= 0:
                raise errors.overran(deadline_s)
            seat = board(left)
            try:
                _wait(seat.ticket, cancel, left)
            except BaseException:
                seat.leave()
                raise
            if not seat.ticket.done():
                seat.leave()
                raise errors.cancelled() if cancel is not None and cancel.cancelled else errors.overran(deadline_s)
            error = seat.ticket.exception()
            if error is None:
                reply = seat.ticket.result()
                return reply if seat.own else self.handed_on(reply, self._timer() - started)
            if is_final(seat, error):
                raise like(error)


def is_final(seat: Seat[Any], error: BaseException) -> bool:
    """Whether a call's error is the asker's answer too: not where the call had less time than the asker has left."""
    return seat.own or not (isinstance(error, EngineError) and error.stable_code == "engine.timeout")


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


def like(error: BaseException) -> BaseException:
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
