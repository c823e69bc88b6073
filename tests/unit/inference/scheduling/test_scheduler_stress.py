from __future__ import annotations

import gc
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Cancel, Reply
from agent_agency.inference.scheduling.breaker import BreakerSettings
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.inference.scheduling.settings import SchedulerSettings
from support.scheduled_double import PrimingDouble, asked, failing

_ASKERS = 24
_WIDTH = 4
_CODES = ("busy", "server_failed", "timeout", "prompt_too_long")
_SETTINGS = SchedulerSettings(
    width=_WIDTH, capacity=8, kept_groups=2, breaker=BreakerSettings(failures=6, cool_s=0.002, longest_s=0.01)
)


@dataclass
class _Trouble:
    """Answers of the double that now and then fail, by a seed, and take a moment."""

    seed: int
    rate: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def __call__(self, text: str) -> str:
        with self.lock:
            self.sent[text] = self.sent.get(text, 0) + 1
            fails = self.rng.choice(_CODES) if self.rng.random() < self.rate else None
            moment = self.rng.random() * 0.002
        threading.Event().wait(moment)
        if fails is not None:
            raise failing(fails, retry_after_s=0.001 if fails == "busy" else None)
        with self.lock:
            self.answered[text] = self.answered.get(text, 0) + 1
        return text[::-1]


def _one_asker(scheduler: Scheduler, asker: int, times: int) -> dict[str, str]:
    """Asks in every way, and tells what became of each request."""
    rng = random.Random(asker)
    outcomes = {}
    for number in range(times):
        text = f"{asker}-{number}"
        switch = Cancel()
        shared = rng.choice([None, "A", "B", "C"])
        request = asked(text, shared=shared, deadline_s=rng.choice([60.0, 60.0, 60.0, 0.003]))
        way = rng.randrange(4)
        if way == 0:
            threading.Timer(rng.random() * 0.004, switch.cancel).start()
        try:
            if way == 1:
                ticket = scheduler.submit(request, switch, task=str(asker % 3), priority=rng.randrange(-1, 2))
                if rng.random() < 0.5:
                    ticket.cancel()
                reply: Reply = ticket.result(60)
            elif way == 2:
                *_, reply = (piece.reply for piece in scheduler.stream(request, switch) if piece.reply)
            else:
                reply = scheduler.generate(request, switch, task=str(asker % 3))
            assert reply.text == text[::-1]
            outcomes[text] = "ok"
        except EngineError as error:
            outcomes[text] = error.stable_code
    return outcomes


def _storm(times: int, seed: int) -> None:
    trouble = _Trouble(seed, rate=0.15)
    engine = PrimingDouble(answer=trouble)
    engine.gate.set()
    scheduler = Scheduler(engine, _SETTINGS)
    outcomes: dict[str, str] = {}
    with ThreadPoolExecutor(_ASKERS) as pool:
        for each in pool.map(lambda asker: _one_asker(scheduler, asker, times), range(_ASKERS)):
            outcomes.update(each)
    assert scheduler.close()
    _check(outcomes, trouble, engine, scheduler)


def _check(outcomes: dict[str, str], trouble: _Trouble, engine: PrimingDouble, scheduler: Scheduler) -> None:
    served = scheduler.served()
    assert (served.waiting, served.running, engine.running) == (0, 0, 0)
    assert served.answered == sum(one == "ok" for one in outcomes.values())
    assert served.taken == served.answered + sum(served.failed.values())
    assert served.taken + sum(served.refused.values()) <= len(outcomes)
    assert engine.most <= _WIDTH
    assert not [text for text, times in trouble.answered.items() if times > 1], "answered twice"
    assert not [text for text, one in outcomes.items() if one == "ok" and text not in trouble.answered]
    never = [text for text, one in outcomes.items() if one == "engine.breaker_open" and text in trouble.sent]
    assert all(trouble.sent[text] < _SETTINGS.busy_tries for text in never)
    assert {"ok", "engine.cancelled", "engine.prompt_too_long"} <= set(outcomes.values())


def test_in_a_storm_nothing_is_lost_or_answered_twice() -> None:
    _storm(25, seed=3)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_in_a_long_storm_nothing_is_lost_or_answered_twice(seed: int) -> None:
    _storm(420, seed=seed)  # 24 askers: ten thousand requests


def test_what_has_ended_is_held_by_nobody() -> None:
    engine = PrimingDouble()
    engine.gate.set()
    with Scheduler(engine, _SETTINGS) as scheduler:
        switch = Cancel()
        for number in range(300):
            scheduler.generate(asked(str(number), shared="A"), switch)
            scheduler.submit(asked(str(number), shared=str(number)), switch).cancel()
    gc.collect()
    dispatcher = scheduler._dispatcher
    assert (len(dispatcher._live), len(dispatcher._flying), len(dispatcher._queue)) == (0, 0, 0)
    assert not switch._calls
    assert len(dispatcher._groups.warm) <= 2 * _WIDTH
