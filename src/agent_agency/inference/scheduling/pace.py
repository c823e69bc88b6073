"""Back-pressure for who asks in a loop: a request is let in only where its turn comes soon.

How many are let in follows the width, which is found by trying where an engine was not measured. A request that was
asked has its deadline from then on, and the wait for room is part of it. Of many that are asked at once the last would
so be late before it is sent: a loop takes its room with `Pace.step` first, and then asks. Each task and priority has
room of its own: whose turn it is among them is for the queue to say, which can be fair only between requests that it
sees.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from agent_agency.inference.around import AroundEngine
from agent_agency.inference.labels import LabelReply, LabelRequest, label_engine
from agent_agency.inference.protocol import Cancel, Engine, Piece, Reply, Request
from agent_agency.inference.scheduling import job as errors

AHEAD = 2
"""Requests that are let in for each that may be in flight, so that the next one is there when one ends."""
Line = tuple[str, int]
"""A task, and the priority that it asks with."""


class Pace:
    """How many requests are let in; shared by all who ask one engine.

    Args:
        width: tells how many requests may be in flight now.
        timer: seconds that only go forward.
    """

    def __init__(self, width: Callable[[], int], timer: Callable[[], float] = time.perf_counter) -> None:
        self._width = width
        self._timer = timer
        self._inside: Counter[Line] = Counter()
        self._room = threading.Condition()

    @contextmanager
    def step(self, line: Line, cancel: Cancel | None = None, deadline_s: float | None = None) -> Iterator[float]:
        """One request: wait for room, and leave it at the end.

        Args:
            line: whose room it takes.
            cancel: ends the wait.
            deadline_s: seconds that the request may take; ``None`` for who has not asked yet and waits for ever.

        Yields:
            What is left of these seconds.

        Raises:
            EngineError: ``engine.cancelled`` or ``engine.timeout``, while it waits.
        """
        began = self._timer()
        is_time = deadline_s is not None and deadline_s > 0  # what is none is for the queue to refuse
        given_s = deadline_s if deadline_s is not None and is_time else float("inf")
        self._enter(line, cancel, given_s, began + given_s)
        try:
            left = given_s - (self._timer() - began)
            if left <= 0:
                raise errors.late_in_queue(given_s)
            yield left if is_time or deadline_s is None else deadline_s
        finally:
            with self._room:
                self._inside[line] -= 1
                if not self._inside[line]:
                    del self._inside[line]
                self._room.notify_all()  # more than one, where the width has grown

    def _enter(self, line: Line, cancel: Cancel | None, given_s: float, until: float) -> None:
        forget = None if cancel is None else cancel.notify(self._look)
        try:
            with self._room:
                while self._inside[line] >= AHEAD * max(1, self._width()):
                    left = until - self._timer()
                    if cancel is not None and cancel.cancelled:
                        raise errors.cancelled()
                    if left <= 0:
                        raise errors.late_in_queue(given_s)
                    self._room.wait(min(left, threading.TIMEOUT_MAX))
                self._inside[line] += 1
        finally:
            if forget is not None:
                forget()

    def _look(self) -> None:
        with self._room:
            self._room.notify_all()


class Paced(AroundEngine):
    """An engine whose requests are let in at a pace; it scores labels where the inner one does.

    Args:
        engine: what answers.
        pace: that of all who ask it.
        line: whose room its requests take.
    """

    def __init__(self, engine: Engine, pace: Pace, line: Line) -> None:
        super().__init__(engine)
        self._pace = pace
        self._line = line

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request; its deadline covers the wait for room.

        Raises:
            EngineError: as the inner engine, and as `Pace.step`.
        """
        with self._pace.step(self._line, cancel, request.deadline_s) as left:
            return self._engine.generate(replace(request, deadline_s=left), cancel)

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score the labels of one request.

        Raises:
            EngineError: as the inner engine.
        """
        scorer = label_engine(self._engine)
        with self._pace.step(self._line, cancel, request.deadline_s) as left:
            return scorer.score_labels(replace(request, deadline_s=left), cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece.

        Raises:
            EngineError: as the inner engine.
        """
        with self._pace.step(self._line, cancel, request.deadline_s) as left:
            yield from self._engine.stream(replace(request, deadline_s=left), cancel)
