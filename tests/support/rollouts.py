"""No models: engines for rollouts whose answers, failures and times a test sets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelReply, LabelRequest, LabelScore
from agent_agency.inference.pool.copies import Copies
from agent_agency.inference.pool.rolled import RolledEngine, RollServices, rolled_engine
from agent_agency.inference.pool.rollout_book import Rollout, RolloutBook
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.inference.protocol import Cancel, Piece, Reply, Request, Usage
from agent_agency.store.database import Database
from support.counting_engine import CountingEngine
from support.spending import SetClock


@dataclass
class RoleEngine(CountingEngine):
    """No model: answers a verdict by a function of the last message; fails while ``broken`` says how."""

    verdict: Callable[[str], str] = lambda _: "pass"
    latency_s: float = 0.1
    broken: Exception | None = None
    deadlines: list[float] = field(default_factory=list)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        if cancel is not None and cancel.cancelled:
            raise EngineError("cancelled", fix="none", code="engine.cancelled")
        with self.lock:
            self.asked += 1
            self.deadlines.append(request.deadline_s)
        if self.broken is not None:
            raise self.broken
        text = f'{{"verdict": "{self.verdict(request.messages[-1].content)}", "by": "{self.name}"}}'
        return Reply(text, "stop", Usage(7, 3), self.name, "sha256:" + "1" * 64, self.latency_s)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        reply = self.generate(request, cancel)
        yield Piece(reply.text)
        yield Piece("", reply)

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        reply = self.generate(Request(request.messages, deadline_s=request.deadline_s), cancel)
        likely = "yes" if "pass" in reply.text else "no"
        scores = tuple(LabelScore(one, -0.1 if one == likely else -3.0, 1) for one in request.labels)
        return LabelReply(scores, reply.usage, self.name, "", self.latency_s)


@dataclass
class World:
    """One role that is being given over."""

    old: RoleEngine
    new: RoleEngine
    book: RolloutBook
    rollout: Rollout
    copies: Copies

    def engine(self, *, pinned: bool = False, timer: Callable[[], float] | None = None) -> RolledEngine:
        now = self.book.newest("primary")
        assert now is not None
        services = RollServices(self.book, self.copies, SetClock(), timer or time.monotonic, pinned=pinned)
        return rolled_engine(self.old, self.new, now, services)

    @property
    def stage(self) -> str:
        """After all copies so far."""
        self.settle()
        found = self.book.newest("primary")
        assert found is not None
        return found.stage

    def settle(self) -> None:
        """Wait for the copies; one thread answers them in their order."""
        done = threading.Event()
        assert self.copies.add(lambda _: done.set(), always=True)
        assert done.wait(30)


def a_world(database: Database, limits: RolloutLimits | None = None) -> World:
    book = RolloutBook(database, SetClock())
    rollout = book.begin(
        "primary", "old", "new", limits or RolloutLimits(shadow=1.0, share=0.5), "ann", "it is quicker"
    )
    old = RoleEngine(name="old", identity={"model": "old"})
    new = RoleEngine(name="new", identity={"model": "new"})
    return World(old, new, book, rollout, Copies(threads=1, most_waiting=10_000))
