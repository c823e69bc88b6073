"""An engine that asks on behalf of one task, for whoever knows of no tasks: caches, meters, judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from agent_agency.inference.around import AroundEngine
from agent_agency.inference.labels import LabelReply, LabelRequest
from agent_agency.inference.protocol import Cancel, Engine, Piece, Reply, Request


class TaskEngine(Engine, Protocol):
    """An engine that is told whose request it is, as a `Scheduler` or a `SingleFlight`."""

    def generate(self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0) -> Reply:
        """As `Scheduler.generate`."""
        ...

    def score_labels(
        self, request: LabelRequest, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> LabelReply:
        """As `Scheduler.score_labels`."""
        ...

    def stream(
        self, request: Request, cancel: Cancel | None = None, *, task: str = "", priority: int = 0
    ) -> Iterator[Piece]:
        """As `Scheduler.stream`."""
        ...


class ForTask(AroundEngine):
    """A scheduled engine with task and priority filled in.

    Args:
        engine: a `Scheduler` or a `SingleFlight`.
        task: whose share of the engine is taken.
        priority: higher goes first.
    """

    def __init__(self, engine: TaskEngine, task: str, priority: int = 0) -> None:
        super().__init__(engine)
        self._tasks = engine
        self._task = task
        self._priority = priority

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            EngineError: as the inner engine.
        """
        return self._tasks.generate(request, cancel, task=self._task, priority=self._priority)

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score the labels of one request.

        Raises:
            EngineError: as the inner engine.
        """
        return self._tasks.score_labels(request, cancel, task=self._task, priority=self._priority)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece.

        Raises:
            EngineError: as the inner engine.
        """
        return self._tasks.stream(request, cancel, task=self._task, priority=self._priority)
