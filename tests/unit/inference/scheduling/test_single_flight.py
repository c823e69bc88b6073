from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.call_cache import CachedEngine, CallCache
from agent_agency.inference.protocol import Cancel, Reply
from agent_agency.inference.scheduling.for_task import ForTask
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.inference.scheduling.settings import SchedulerSettings
from agent_agency.inference.scheduling.single_flight import SingleFlight
from support.scheduled_double import GatedDouble, asked, asked_labels, failing


class _Flights:
    """Single flight over a scheduler over a gated double, and threads that ask."""

    def __init__(self, engine: GatedDouble | None = None, timer: Callable[[], float] = time.perf_counter) -> None:
        self.engine = engine or GatedDouble()
        self.scheduler = Scheduler(self.engine, SchedulerSettings(width=4, idle_s=0.01), timer=timer)
        self.flight = SingleFlight(self.scheduler)
        self.pool = ThreadPoolExecutor(32)

    def ask(self, text: str, cancel: Cancel | None = None, **more: float) -> Future[Reply]:
        return self.pool.submit(self.flight.generate, asked(text, **more), cancel)  # type: ignore[arg-type]

    def wait_for_waiting(self, count: int) -> None:
        while sum(flight.waiting for flight in list(self.flight._texts._flights.values())) < count:
            threading.Event().wait(0.001)

    def end(self) -> None:
        self.engine.gate.set()
        self.pool.shutdown()
        self.scheduler.close()


@pytest.fixture
def flights() -> _Flights:
    return _Flights()


def _code(future: Future[Reply]) -> str:
    error = future.exception()
    assert isinstance(error, EngineError)
    return error.stable_code


def test_like_requests_in_the_air_are_one_call(flights: _Flights) -> None:
    futures = [flights.ask("abc") for _ in range(10)]
    flights.wait_for_waiting(10)
    flights.engine.gate.set()
    replies = [future.result() for future in futures]
    assert {reply.text for reply in replies} == {"cba"}
    assert flights.engine.order == ["abc"]
    assert sorted(reply.cache_hit for reply in replies) == [False] + [True] * 9
    assert flights.flight.shared == 9
    flights.end()


def test_a_retest_and_a_fresh_request_are_calls_of_their_own(flights: _Flights) -> None:
    requests = [asked("abc"), asked("abc", rollout=1), asked("abd")]
    futures = [flights.pool.submit(flights.flight.generate, one) for one in requests]
    futures.append(flights.pool.submit(flights.flight.generate, replace(asked("abc"), fresh=True)))
    flights.engine.wait_for_asked(4)
    flights.end()
    assert not any(future.result().cache_hit for future in futures)


def test_labels_are_shared_too(flights: _Flights) -> None:
    futures = [flights.pool.submit(flights.flight.score_labels, asked_labels("abc")) for _ in range(2)]
    while sum(flight.waiting for flight in list(flights.flight._labels._flights.values())) < 2:
        threading.Event().wait(0.001)
    flights.end()
    assert sorted(future.result().cache_hit for future in futures) == [False, True]
    assert flights.engine.order == ["abc"]


def test_one_who_goes_leaves_the_call_to_the_others(flights: _Flights) -> None:
    first, second = Cancel(), Cancel()
    leader = flights.ask("abc", first)
    flights.wait_for_waiting(1)
    follower, other = flights.ask("abc", second), flights.ask("abc")
    flights.wait_for_waiting(3)
    second.cancel()
    assert _code(follower) == "engine.cancelled"
    first.cancel()
    assert _code(leader) == "engine.cancelled"
    flights.end()
    assert other.result().text == "cba"
    assert flights.engine.cancelled == 0


def test_the_last_who_goes_ends_the_call(flights: _Flights) -> None:
    switches = [Cancel(), Cancel()]
    futures = [flights.ask("abc", switch) for switch in switches]
    flights.wait_for_waiting(2)
    flights.engine.wait_for_running(1)
    for switch in switches:
        switch.cancel()
    assert [_code(future) for future in futures] == ["engine.cancelled"] * 2
    flights.engine.wait_for_quiet()
    assert flights.engine.cancelled == 1
    flights.end()


def test_a_failure_is_told_to_all_who_wait_and_kept_for_nobody() -> None:
    fails = [True]

    def answer(text: str) -> str:
        if fails[0]:
            raise failing("server_failed")
        return text[::-1]

    flights = _Flights(GatedDouble(answer=answer))
    futures = [flights.ask("abc") for _ in range(5)]
    flights.wait_for_waiting(5)
    flights.engine.gate.set()
    errors = [future.exception() for future in futures]
    assert [_code(future) for future in futures] == ["engine.server_failed"] * 5
    assert len({id(error) for error in errors}) == 5
    assert flights.engine.order == ["abc"]
    fails[0] = False
    assert flights.flight.generate(asked("abc")).text == "cba"
    flights.end()


def test_who_has_time_left_asks_again_when_the_call_ran_out_of_its_own() -> None:
    now = [0.0]
    flights = _Flights(timer=lambda: now[0])
    hurried = flights.ask("abc", deadline_s=100.0)
    flights.wait_for_waiting(1)
    patient = flights.ask("abc", deadline_s=200.0)
    flights.wait_for_waiting(2)
    now[0] = 150.0
    assert _code(hurried) == "engine.timeout"
    flights.engine.wait_for_asked(2)
    flights.engine.gate.set()
    assert patient.result().text == "cba"
    flights.end()


def test_who_has_less_time_than_the_call_goes_alone(flights: _Flights) -> None:
    patient = flights.ask("abc")
    flights.wait_for_waiting(1)
    hurried = flights.ask("abc", deadline_s=0.02)
    assert _code(hurried) == "engine.timeout"
    flights.end()
    assert patient.result().text == "cba"
    assert flights.engine.order == ["abc"]


def test_cache_then_single_flight_then_scheduler(flights: _Flights, tmp_path: Path) -> None:
    flights.engine.gate.set()
    cached = CachedEngine(ForTask(flights.flight, "case 1"), CallCache(tmp_path))
    assert [cached.generate(asked("abc")).cache_hit for _ in range(3)] == [False, True, True]
    assert [cached.score_labels(asked_labels("abc")).cache_hit for _ in range(3)] == [
        False,
        True,
        True,
    ]
    assert flights.engine.order == ["abc", "abc"]
    flights.end()


def test_a_full_queue_gives_way_without_a_standstill() -> None:
    """Who gives way has callbacks that need what the one who comes may hold."""
    engine = GatedDouble()
    scheduler = Scheduler(engine, SchedulerSettings(width=1, capacity=2))
    flight = SingleFlight(scheduler)
    with ThreadPoolExecutor(8) as pool:
        flood = [pool.submit(flight.generate, asked("flood 0"), task="flood")]
        engine.wait_for_running(1)
        flood += [pool.submit(flight.generate, asked(f"flood {number}"), task="flood") for number in (1, 2)]
        while scheduler.served().waiting < 2:
            threading.Event().wait(0.001)
        single = pool.submit(flight.generate, asked("single"), task="single")
        gone = next(one for one in as_completed(flood, timeout=30))
        assert _code(gone) == "engine.busy"
        engine.gate.set()
        assert single.result(30).text == "elgnis"
    assert scheduler.close()


def test_races_of_like_requests_lose_none_and_repeat_none_in_the_air() -> None:
    rng = random.Random(11)
    under_way: set[str] = set()
    lock = threading.Lock()

    def answer(text: str) -> str:
        with lock:
            assert text not in under_way
            under_way.add(text)
        threading.Event().wait(0.0005)
        with lock:
            under_way.discard(text)
        return text[::-1]

    flights = _Flights(GatedDouble(answer=answer))
    flights.engine.gate.set()
    texts = [f"{rng.randrange(6):03}" for _ in range(600)]
    futures = [flights.ask(text) for text in texts]
    assert [future.result().text for future in futures] == [text[::-1] for text in texts]
    assert len(flights.engine.order) + flights.flight.shared == 600
    flights.end()
