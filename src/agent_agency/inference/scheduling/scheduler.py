"""An engine with a queue in front: bounded, fair between tasks, and in an order that computes shared prefixes once.

One scheduler stands before one engine, so that a prefix is told by its messages alone. Many threads may ask at once;
each request is sent in its turn, with what is left of its deadline. A ticket that is cancelled or late ends at once,
and its place in flight is free when the engine lets go of the call. Who asks without a ticket may carry the call to
the engine in the own thread, and then comes back when the engine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from agent_agency.errors import EngineError
from agent_agency.inference.around import AroundEngine, tell_busy
from agent_agency.inference.labels import LabelReply, LabelRequest, label_engine
from agent_agency.inference.priming import PrimingEngine
from agent_agency.inference.protocol import Cancel, Engine, Health, Piece, Reply, Request
from agent_agency.inference.scheduling import job as errors
from agent_agency.inference.scheduling.dispatcher import Dispatcher
from agent_agency.inference.scheduling.job import Job
from agent_agency.inference.scheduling.served import Served
from agent_agency.inference.scheduling.settings import SchedulerSettings
from agent_agency.inference.scheduling.ticket import Ticket
from agent_agency.inference.scheduling.width import AimdWidth, FixedWidth, Width
from agent_agency.inference.untrusted_json import bad_answer

_TEXT, _LABELS = "text", "labels"
_PRIORITIES = 100

T = TypeVar("T")


class Scheduler(AroundEngine):
    """An engine whose requests wait in one queue; it scores labels where the inner one does.

    Args:
        engine: what answers; it is not closed with the scheduler.
        settings: bounds.
        timer: seconds that only go forward.
    """

    def __init__(
        self,
        engine: Engine,
        settings: SchedulerSettings | None = None,
        *,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(engine)
        self._settings = settings or SchedulerSettings()
        tell_busy(engine)  # or its refusals would never be seen by what adapts the width
        self._priming = engine if isinstance(engine, PrimingEngine) else None
        self._width = _width_of(self._priming, self._settings)
        prime = None if self._priming is None else self._priming.prime
        self._dispatcher = Dispatcher(self._settings, self._width, prime, timer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(drain=kind is None)

    def generate(self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0) -> Reply:
        """Answer one request when its turn has come.

        Args:
            request: its deadline covers the wait.
            cancel: ends it, waiting or in flight.
            task: whose share of the engine it takes.
            priority: higher goes first; -100 to 100.

        Raises:
            EngineError: as the inner engine; also ``engine.busy`` where too many wait, ``engine.timeout`` where its
                turn does not come in time, ``engine.breaker_open`` and ``engine.closed``.
        """
        ticket: Ticket[Reply] = self._submit(self._text_job(request, task, priority), cancel, here=True)
        return _waited(ticket)

    def score_labels(
        self, request: LabelRequest, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> LabelReply:
        """Score the labels of one request when its turn has come.

        Raises:
            EngineError: as `generate`; ``engine.no_labels`` where the inner engine scores none.
        """
        ticket: Ticket[LabelReply] = self._submit(self._label_job(request, task, priority), cancel, here=True)
        return _waited(ticket)

    def submit(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Ticket[Reply]:
        """Queue one request and go on.

        Raises:
            EngineError: it is refused at once: ``engine.busy``, ``engine.breaker_open``, ``engine.closed``,
                ``engine.bad_request``, ``engine.cancelled``.
        """
        return self._submit(self._text_job(request, task, priority), cancel)

    def submit_labels(
        self, request: LabelRequest, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Ticket[LabelReply]:
        """Queue one request for labels and go on.

        Raises:
            EngineError: as `submit`, and ``engine.no_labels``.
        """
        return self._submit(self._label_job(request, task, priority), cancel)

    def stream(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Iterator[Piece]:
        """Answer piece by piece when its turn has come; who stops reading cancels it.

        Raises:
            EngineError: as `generate`.
        """
        pieces: SimpleQueue[Piece | None] = SimpleQueue()

        def run(seconds: float, switch: Cancel) -> Reply:
            reply: Reply | None = None
            for piece in self._engine.stream(replace(request, deadline_s=seconds), switch):
                job.final = True
                reply = piece.reply or reply
                pieces.put(piece)
            if reply is None:
                raise bad_answer("it ended without an end")
            return reply

        job = _job(request, _TEXT, run, task, priority)
        ticket: Ticket[Reply] = self._submit(job, cancel)
        ticket.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            ticket.result()
        finally:
            ticket.cancel()

    def health_now(self) -> Health:
        """Whether requests are taken now, from what is known here: asks nobody and waits for nothing."""
        served = self.served()
        load = f"{served.waiting} waiting, {served.running} running of {served.width}"
        if self._dispatcher.closing:
            return Health(ready=False, detail=f"it is being closed: {load}")
        if served.breaker == "open":
            return Health(ready=False, detail=f"it failed again and again and is left alone for now: {load}")
        return Health(ready=True, detail=load)

    @property
    def width(self) -> int:
        """Requests that may be in flight now."""
        return self._width.now

    def served(self) -> Served:
        """What was done so far, with the prompt tokens that were saved."""
        return self._dispatcher.served()

    def close(self, *, drain: bool = True, timeout_s: float | None = 60.0) -> bool:
        """Take no more requests; wait for those that are there, or cancel them.

        Args:
            drain: wait for them.
            timeout_s: seconds after which they are cancelled all the same; ``None`` to wait for ever.

        Returns:
            Whether the engine had let go of everything in that time.
        """
        return self._dispatcher.close(drain=drain, timeout_s=timeout_s)

    def _text_job(self, request: Request, task: str, priority: int) -> Job:
        def run(seconds: float, switch: Cancel) -> Reply:
            return self._engine.generate(replace(request, deadline_s=seconds), switch)

        return _job(request, _TEXT, run, task, priority)

    def _label_job(self, request: LabelRequest, task: str, priority: int) -> Job:
        scorer = label_engine(self._engine)

        def run(seconds: float, switch: Cancel) -> LabelReply:
            return scorer.score_labels(replace(request, deadline_s=seconds), switch)

        return _job(request, _LABELS, run, task, priority)

    def _submit(self, job: Job, cancel: Cancel | None, *, here: bool = False) -> Ticket[Any]:
        if self._priming is not None and isinstance(self._width, FixedWidth) and self._settings.width is None:
            self._width.now = max(1, self._priming.width)
        if cancel is None:
            return self._dispatcher.submit(job, here=here)
        if cancel.cancelled:
            raise errors.cancelled()
        forget = cancel.notify(partial(self._dispatcher.cancel, job))
        try:
            ticket = self._dispatcher.submit(job, here=here)
        except BaseException:
            forget()
            raise
        ticket.add_done_callback(lambda _: forget())
        return ticket


def _width_of(engine: PrimingEngine | None, settings: SchedulerSettings) -> Width:
    if settings.width is not None:
        return FixedWidth(settings.width)
    return AimdWidth(settings.aimd) if engine is None else FixedWidth(engine.width)


def _job(
    request: Request | LabelRequest, kind: str, run: Callable[[float, Cancel], object], task: str, priority: int
) -> Job:
    if not request.deadline_s > 0 or abs(priority) > _PRIORITIES:
        wrong = "the deadline is no time" if not request.deadline_s > 0 else "the priority is not within -100 to 100"
        raise EngineError(f"The question cannot be asked: {wrong}", fix="Mend the request.", code="engine.bad_request")
    shared = request.messages[: request.shared] if request.shared > 0 else None
    return Job(
        number=0,
        deadline=0.0,
        task=task,
        priority=priority,
        group=shared,
        kind=kind,
        messages=shared,
        run=run,
        deadline_s=request.deadline_s,
    )


def _waited(ticket: Ticket[T]) -> T:
    try:
        return ticket.result()
    except BaseException:
        ticket.cancel()  # who waited was interrupted; nothing to do where it has ended
        raise
