from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.bench.driver import drive
from agent_agency.inference.protocol import Reply, Usage


def reply(number: int) -> Reply:
    return Reply(str(number), "stop", Usage(1, 1), "m", "d", 0.0)


def test_every_request_is_asked_once_and_answers_keep_their_order() -> None:
    told: list[int] = []
    asks = [partial(reply, number) for number in range(50)]
    driven = drive(asks, 8, time.perf_counter, told.append)
    assert [one.text for one in driven.answers if isinstance(one, Reply)] == [str(number) for number in range(50)]
    assert len(driven.latencies_s) == 50
    assert sorted(told) == list(range(1, 51))


def test_never_more_are_in_flight_than_were_asked_for() -> None:
    lock, inside, most = threading.Lock(), [0], [0]
    gate = threading.Barrier(4)

    def ask() -> Reply:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        gate.wait(60)
        with lock:
            inside[0] -= 1
        return reply(0)

    drive([ask] * 12, 4, time.perf_counter)
    assert most[0] == 4


def test_a_failed_request_ends_the_run_with_its_error() -> None:
    def fail() -> Reply:
        raise EngineError("broken", fix="mend it", code="engine.failed")

    with pytest.raises(EngineError, match="broken"):
        drive([lambda: reply(0), fail, lambda: reply(1)], 2, time.perf_counter)
