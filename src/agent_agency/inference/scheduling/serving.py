"""One engine as all tasks of a process share it: cache, then single flight, then the queue, then the engine.

The order matters: a kept answer waits in no queue; what is not kept is asked once by all who want it at a time; and
only what has to be asked takes a place in the queue. Of many requests of one task those are let into the queue whose
turn comes soon (`pace`); who asks in a loop takes room before it asks, so that no deadline is used up by waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from agent_agency.inference.call_cache import CallCache, ChangingEngine
from agent_agency.inference.protocol import Cancel, Engine
from agent_agency.inference.scheduling.for_task import ForTask
from agent_agency.inference.scheduling.pace import Pace, Paced
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.inference.scheduling.served import Served
from agent_agency.inference.scheduling.settings import SchedulerSettings
from agent_agency.inference.scheduling.single_flight import SingleFlight


class Serving:
    """A shared engine.

    Args:
        engine: what answers; it is not closed here.
        settings: of the queue.
        cache: keeps answers; ``None`` for none. Of an engine whose answers may be another one's none is kept.
        timer: seconds that only go forward.
    """

    def __init__(
        self,
        engine: Engine,
        settings: SchedulerSettings | None = None,
        *,
        cache: CallCache | None = None,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.engine = engine
        self.scheduler = Scheduler(engine, settings, timer=timer)
        """The queue alone, for who wants tickets."""
        self.flights = SingleFlight(self.scheduler, timer=timer)
        """The queue behind single flight, for who wants seats."""
        self._pace = Pace(lambda: self.scheduler.width, timer)
        self._loops = Pace(lambda: self.scheduler.width, timer)
        self.cache: CallCache | None = None if isinstance(engine, ChangingEngine) else cache

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(drain=kind is None)

    def for_task(self, task: str, priority: int = 0, *, measuring: bool = False) -> Engine:
        """The engine as one task asks it; it scores labels where the inner one does.

        Args:
            task: whose share of the engine is taken.
            priority: higher goes first.
            measuring: each request is a call of its own, as retests need it: no cache and no like call in the air.
        """
        line = (task, priority)
        if measuring:
            return Paced(ForTask(self.scheduler, task, priority), self._pace, line)
        engine = Paced(ForTask(self.flights, task, priority), self._pace, line)
        return engine if self.cache is None else self.cache.wrap(engine)

    def room(self, task: str, priority: int = 0, cancel: Cancel | None = None) -> AbstractContextManager[float]:
        """Wait until one more request of a task would be let in; to be taken by a loop before it asks.

        Args:
            task: as in `for_task`.
            priority: as in `for_task`.
            cancel: ends the wait.

        Raises:
            EngineError: ``engine.cancelled``, while it waits.
        """
        return self._loops.step((task, priority), cancel)

    def served(self) -> Served:
        """As `Scheduler.served`."""
        return self.scheduler.served()

    def close(self, *, drain: bool = True, timeout_s: float | None = 60.0) -> bool:
        """As `Scheduler.close`."""
        return self.scheduler.close(drain=drain, timeout_s=timeout_s)
