"""Back-pressure for who asks in a loop: a request is let in only where its turn comes soon.

A deadline covers the wait in the queue. Of many who ask at once the last would be late before it is sent, so they wait
here, before their deadlines begin; how many are let in follows the width, which is found by trying where an engine was
not measured. Each task and priority has room of its own: whose turn it is among them is for the queue to say, which can
be fair only between requests that it sees.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    """

    def __init__(self, width: Callable[[], int]) -> None:
        self._width = width
        self._inside: Counter[Line] = Counter()
        self._room = threading.Condition()

    @contextmanager
    def step(self, line: Line, cancel: Cancel | None) -> Iterator[None]:
        """One request: wait for room, and leave it at the end.

        Args:
            line: whose room it takes.
            cancel: ends the wait.

        Raises:
            EngineError: ``engine.cancelled``, while it waits.
        """
        forget = None if cancel is None else cancel.notify(self._look)
        try:
            with self._room:
                while self._inside[line] >= AHEAD * max(1, self._width()):
                    if cancel is not None and cancel.cancelled:
                        raise errors.cancelled()
                    self._room.wait()
                self._inside[line] += 1
        finally:
            if forget is not None:
                forget()
        try:
            yield
        finally:
            with self._room:
                self._inside[line] -= 1
                if not self._inside[line]:
                    del self._inside[line]
                self._room.notify_all()  # more than one, where the width has grown

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
        """Answer one request.

        Raises:
            EngineError: as the inner engine.
        """
        with self._pace.step(self._line, cancel):
            return self._engine.generate(request, cancel)

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score the labels of one request.

        Raises:
            EngineError: as the inner engine.
        """
        scorer = label_engine(self._engine)
        with self._pace.step(self._line, cancel):
            return scorer.score_labels(request, cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece.

        Raises:
            EngineError: as the inner engine.
        """
        with self._pace.step(self._line, cancel):
            yield from self._engine.stream(request, cancel)
