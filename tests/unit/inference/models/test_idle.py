from __future__ import annotations

import threading

from agent_agency.inference.models.idle import IdleWatch
from agent_agency.inference.protocol import Message, Request
from agent_agency.inference.scheduling.scheduler import Scheduler
from support.gated_engine import GatedEngine


class _Model:
    """A double of a model that can give its memory back."""

    def __init__(self) -> None:
        self.state = "warm"
        self.gone = threading.Event()

    def unload(self) -> None:
        self.state = "cold"
        self.gone.set()


def test_a_model_that_nobody_asks_gives_its_memory_back() -> None:
    model, engine, now = _Model(), GatedEngine(), [0.0]
    with Scheduler(engine) as scheduler:
        watch = IdleWatch(model, scheduler.served, 10.0, lambda: now[0])
        assert not watch.look()
        now[0] = 9.0
        assert not watch.look()
        scheduler.generate(Request((Message("user", "a"),)))
        now[0] = 15.0
        assert not watch.look()
        engine.gate.clear()
        ticket = scheduler.submit(Request((Message("user", "b"),)))
        assert engine.arrived.acquire(timeout=10)
        now[0] = 100.0
        assert not watch.look()
        assert not watch.look()
        engine.gate.set()
        ticket.result(10)
        now[0] = 111.0
        assert watch.look()
        assert not watch.look()


def test_it_looks_by_itself_until_it_is_stopped() -> None:
    model = _Model()
    with Scheduler(GatedEngine()) as scheduler:
        watch = IdleWatch(model, scheduler.served, 0.01)
        watch.start()
        assert model.gone.wait(10)
        watch.stop()
