"""Spending is counted call by call, and a limit is kept to the call."""

from __future__ import annotations

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Cancel, Message, Reply, Request
from agent_agency.learning.optimise.limits import TIMEOUTS_IN_A_ROW, CountedEngine, Halt, Limits
from support.number_judge import ASKED, NumberEngine

REQUEST = Request((Message("system", ASKED), Message("user", "0.5")))


class Slow(NumberEngine):
    """Times out on every call but each third."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        self.calls += 1
        if self.calls % 3:
            raise EngineError("too slow", fix="Wait.", code="engine.timeout")
        return NumberEngine().generate(request, cancel)


class Stuck(NumberEngine):
    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        del request, cancel
        raise EngineError("too slow", fix="Wait.", code="engine.timeout")


@pytest.mark.parametrize(("limits", "calls"), [(Limits(calls=3), 3), (Limits(tokens=22), 2)])
def test_a_limit_is_kept(limits: Limits, calls: int) -> None:
    inner = NumberEngine()
    engine = CountedEngine(inner, limits, lambda: 0.0)
    for _ in range(calls):
        engine.generate(REQUEST)
    with pytest.raises(Halt):
        engine.generate(REQUEST)
    assert inner.calls == calls
    assert engine.spent.calls == calls
    assert engine.spent.tokens == 11 * calls


def test_time_is_a_limit_too() -> None:
    moments = iter([0.0, 1.0, 5.0, 5.0])
    engine = CountedEngine(NumberEngine(), Limits(seconds=5), lambda: next(moments))
    engine.generate(REQUEST)
    with pytest.raises(Halt, match="5 seconds"):
        engine.generate(REQUEST)


def test_single_time_outs_belong_to_their_calls() -> None:
    engine = CountedEngine(Slow(), Limits(), lambda: 0.0)
    for number in range(1, 13):
        if number % 3:
            with pytest.raises(EngineError):
                engine.generate(REQUEST)
        else:
            engine.generate(REQUEST)
    assert engine.spent.calls == 12


def test_an_engine_that_times_out_every_time_is_down() -> None:
    engine = CountedEngine(Stuck(), Limits(), lambda: 0.0)
    for _ in range(TIMEOUTS_IN_A_ROW - 1):
        with pytest.raises(EngineError):
            engine.generate(REQUEST)
    with pytest.raises(Halt) as halted:
        engine.generate(REQUEST)
    assert halted.value.why == "engine"
