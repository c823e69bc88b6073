"""No models: doubles of engines that a pool loads and unloads, whose loading a test holds up, fails or kills."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelReply, LabelRequest, LabelScore
from agent_agency.inference.pool.pool import ModelPool, PoolServices
from agent_agency.inference.pool.pooled import Member
from agent_agency.inference.protocol import Cancel, Reply, Request, Usage
from agent_agency.store.pool_events import PoolEvent
from support.counting_engine import CountingEngine
from support.spending import SetClock

MIB = 1024 * 1024


@dataclass
class SetTimer:
    """Seconds that go forward only when a test says so."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def passes(self) -> bool:
        """A second goes by; always true."""
        self.seconds += 1.0
        return True


@dataclass
class Events:
    """Keeps a pool's events in memory; ``known`` is what was measured before."""

    kept: list[PoolEvent] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def add(self, events: Sequence[PoolEvent]) -> None:
        self.kept.extend(events)

    def measured(self, model: str, setup: str) -> int | None:  # noqa: ARG002 - the protocol's
        return self.known.get(model)

    def of(self, model: str) -> list[str]:
        return [one.event for one in self.kept if one.model == model]


@dataclass
class PooledDouble(CountingEngine):
    """Holds ``size`` bytes while loaded. ``may_load`` and ``may_answer`` hold it up where they are cleared."""

    size: int = 10 * MIB
    fails: list[EngineError] = field(default_factory=list)
    dies: list[EngineError] = field(default_factory=list)
    loaded: bool = False
    loads: int = 0
    closed: bool = False
    most_at_once: int = 0
    may_load: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)
    answering: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.may_load.set()
        self.may_answer.set()

    @property
    def memory_bytes(self) -> int:
        return self.size if self.loaded else 0

    def warm(self) -> None:
        assert self.may_load.wait(30)
        if self.fails:
            raise self.fails.pop(0)
        self.loads += 1
        self.loaded = True

    def unload(self) -> None:
        if self.answering:
            self.wrong.append("unloaded with requests in flight")
        self.loaded = False

    def close(self) -> None:
        self.unload()
        self.closed = True

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        with self.lock:
            self.answering += 1
            self.most_at_once = max(self.most_at_once, self.answering)
        try:
            if not self.loaded:
                self.wrong.append("asked while it was not loaded")
            assert self.may_answer.wait(30)
            if self.dies:
                self.loaded = False
                raise self.dies.pop(0)
            return super().generate(request, cancel)
        finally:
            with self.lock:
                self.answering -= 1

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        del cancel
        scores = tuple(LabelScore(one, -float(at), 1) for at, one in enumerate(request.labels))
        return LabelReply(scores, Usage(7, 2), self.name, "", 0.1)


def died() -> EngineError:
    return EngineError("the process was killed", fix="Ask again.", code="engine.process_died")


def a_pool(
    *engines: PooledDouble,
    budget: int = 25 * MIB,
    keep_alive_s: float | None = None,
    events: Events | None = None,
    timer: Callable[[], float] | None = None,
) -> ModelPool:
    members = [Member(one, one.size, keep_alive_s) for one in engines]
    return ModelPool(members, budget, PoolServices(events or Events(), SetClock(), timer or time.monotonic))
