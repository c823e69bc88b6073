from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelEngine, LabelRequest
from agent_agency.inference.pool.pool import ModelPool, PoolServices
from agent_agency.inference.pool.pool_model import pool_model
from agent_agency.inference.pool.pooled import AlwaysWarm, Member
from agent_agency.inference.protocol import Cancel, Message
from support.counting_engine import CountingEngine, a_request
from support.pooled import MIB, Events, PooledDouble, SetTimer, a_pool, died
from support.spending import SetClock


def _states(pool: ModelPool) -> dict[str, str]:
    return {one.name: one.state for one in pool.standings()}


def _until(holds: Callable[[], bool]) -> None:
    """Wait for another thread, for a minute and a half at most."""
    waited = threading.Event()
    for _ in range(9000):
        if holds():
            return
        waited.wait(0.01)
    raise AssertionError("it never came to be")


def _use(pool: ModelPool, name: str, seconds: float = 30.0) -> None:
    with pool.lease(name, seconds):
        pass


def _refused(pool: ModelPool, name: str) -> bool:
    try:
        _use(pool, name)
    except EngineError as error:
        return error.stable_code == "engine.closed"
    return False


def test_a_model_is_loaded_when_it_is_first_asked_and_stays_for_the_next() -> None:
    events = Events()
    a = PooledDouble(name="a")
    pool = a_pool(a, events=events)
    assert _states(pool) == {"a": "cold"}
    model = pool_model(pool, a, SetTimer())
    assert [model.generate(a_request()).text for _ in range(3)] == ["noitseuq"] * 3
    assert (a.loads, _states(pool), a.wrong) == (1, {"a": "warm"}, [])
    assert events.of("a") == ["load", "loaded"]


def test_many_who_ask_at_once_load_it_once() -> None:
    a = PooledDouble(name="a")
    pool = a_pool(a)
    a.may_load.clear()
    with ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(_use, pool, "a") for _ in range(16)]
        _until(lambda: _states(pool)["a"] == "loading")
        a.may_load.set()
        for one in asked:
            one.result(30)
    assert a.loads == 1


def test_the_least_recently_used_idle_model_makes_room() -> None:
    timer, events = SetTimer(), Events()
    a, b, c = (PooledDouble(name=name) for name in "abc")
    pool = a_pool(a, b, c, timer=timer, events=events)
    for at, name in enumerate("aba"):
        timer.seconds = float(at)
        _use(pool, name)
    _use(pool, "c")
    assert _states(pool) == {"a": "warm", "b": "cold", "c": "warm"}
    assert (a.loaded, b.loaded, c.loaded) == (True, False, True)
    assert [one.detail for one in events.kept if one.event == "drain"] == ["makes room for c"]


def test_a_model_with_a_request_in_flight_never_makes_room() -> None:
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool = a_pool(a, b, budget=15 * MIB)
    with pool.lease("a", 30.0):
        with pytest.raises(EngineError, match="not loaded in time: no memory came free beside a") as told:
            _use(pool, "b", 0.1)
        assert told.value.stable_code == "engine.timeout"
        assert a.loaded
    _use(pool, "b")
    assert (a.loaded, b.loaded, a.wrong) == (False, True, [])


def test_who_waits_for_room_is_served_when_a_request_ends() -> None:
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool = a_pool(a, b, budget=15 * MIB)
    with ThreadPoolExecutor(1) as threads:
        with pool.lease("a", 30.0):
            waits = threads.submit(_use, pool, "b")
            assert not b.loaded
        waits.result(30)
    assert _states(pool) == {"a": "cold", "b": "warm"}


def test_a_model_that_is_asked_without_a_pause_ends_its_turn_for_one_that_waits() -> None:
    timer, events = SetTimer(), Events()
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool = a_pool(a, b, budget=15 * MIB, timer=timer, events=events)
    with ThreadPoolExecutor(2) as threads:
        with pool.lease("a", 30.0):
            waits = threads.submit(_use, pool, "b", 600.0)
            _until(lambda: pool.standings()[1].waiting == 1)
            assert _states(pool) == {"a": "warm", "b": "cold"}
            _until(lambda: timer.passes() and _states(pool)["a"] == "draining")
            again = threads.submit(_use, pool, "a", 600.0)
            _until(lambda: pool.standings()[0].waiting == 1)
            assert (a.loaded, b.loaded) == (True, False)
        waits.result(30)
        again.result(30)
    assert (a.loads, b.loads, a.wrong, b.wrong) == (2, 1, [], [])
    assert "lets b have its turn" in [one.detail for one in events.kept]


def test_two_models_that_never_pause_and_do_not_fit_together_are_both_served() -> None:
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool, stop, served = a_pool(a, b, budget=15 * MIB, timer=_quick()), threading.Event(), Counter[str]()

    def ask(name: str) -> None:
        while not stop.is_set():
            with pool.lease(name, 60_000.0):
                stop.wait(0.002)
            served[name] += 1

    with ThreadPoolExecutor(6) as threads:
        asking = [threads.submit(ask, name) for name in "aaaabb"]
        _until(lambda: a.loads >= 3 and b.loads >= 2)
        stop.set()
        for one in asking:
            one.result(30)
    assert (min(served["a"], served["b"]) > 0, a.wrong, b.wrong) == (True, [], [])


def _quick() -> Callable[[], float]:
    """Seconds that go forward a hundred times faster."""
    return lambda: time.monotonic() * 100


def test_a_model_that_alone_is_over_the_budget_is_refused_before_it_is_loaded() -> None:
    a = PooledDouble(name="a", size=30 * MIB)
    pool = a_pool(a, budget=25 * MIB)
    for refused in (partial(_use, pool, "a"), partial(pool.load_ahead, "a")):
        with pytest.raises(EngineError, match=r"takes 0\.03 GiB") as told:
            refused()
        assert told.value.stable_code == "engine.over_budget"
    assert (a.loads, _states(pool)) == (0, {"a": "cold"})


def test_what_was_measured_counts_over_what_was_estimated_also_after_a_restart() -> None:
    events = Events()
    a = PooledDouble(name="a", size=30 * MIB)
    services = PoolServices(events, SetClock(), SetTimer())
    pool = ModelPool([Member(a, 10 * MIB)], 25 * MIB, services)
    for _ in range(2):
        with pytest.raises(EngineError, match=r"0\.03 GiB"):
            _use(pool, "a")
    assert (a.loads, a.loaded) == (1, False)
    assert [one.memory_bytes for one in events.kept if one.event == "load_failed"] == [30 * MIB]
    events.known["a"] = 30 * MIB
    with pytest.raises(EngineError, match=r"0\.03 GiB"):
        _use(ModelPool([Member(a, 10 * MIB)], 25 * MIB, services), "a")
    assert a.loads == 1


def test_a_model_that_grew_makes_idle_ones_go() -> None:
    timer = SetTimer()
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool = a_pool(a, b, timer=timer)
    for at, name in enumerate("ab"):
        timer.seconds = float(at)
        _use(pool, name)
    b.size = 20 * MIB
    pool.tick()
    assert _states(pool) == {"a": "cold", "b": "warm"}


def test_a_model_whose_process_ended_while_it_was_idle_is_cold_and_not_warm() -> None:
    events = Events()
    a, b = PooledDouble(name="a"), PooledDouble(name="b", size=0)
    pool = a_pool(a, b, events=events)
    for name in "ab":
        _use(pool, name)
    a.loaded = False
    pool.tick()
    assert _states(pool) == {"a": "cold", "b": "warm"}
    assert "its process had ended" in [one.detail for one in events.kept]
    _use(pool, "a")
    assert (_states(pool)["a"], a.loads) == ("warm", 2)


def test_an_idle_model_goes_cold_after_its_time_and_a_busy_one_does_not() -> None:
    timer = SetTimer()
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool = a_pool(a, b, keep_alive_s=60.0, timer=timer)
    _use(pool, "a")
    with pool.lease("b", 30.0):
        timer.seconds = 59.0
        pool.tick()
        assert _states(pool) == {"a": "warm", "b": "warm"}
        timer.seconds = 61.0
        pool.tick()
        assert _states(pool) == {"a": "cold", "b": "warm"}
    pool.tick()
    assert _states(pool)["b"] == "warm"
    timer.seconds = 122.0
    pool.tick()
    assert (_states(pool)["b"], b.wrong) == ("cold", [])


def test_a_draining_model_ends_its_requests_takes_none_and_then_goes_cold() -> None:
    a = PooledDouble(name="a")
    pool = a_pool(a)
    with ThreadPoolExecutor(1) as threads:
        with pool.lease("a", 30.0):
            pool.drain("a")
            pool.drain("a")
            assert (_states(pool), a.loaded) == ({"a": "draining"}, True)
            later = threads.submit(_use, pool, "a")
        later.result(30)
    assert (a.loads, a.wrong, _states(pool)) == (2, [], {"a": "warm"})


def test_a_model_that_cannot_be_loaded_says_why_and_is_tried_again_later_each_time() -> None:
    timer, events = SetTimer(), Events()
    broken = EngineError("the file is truncated", fix="Get it anew.", code="engine.bad_model")
    a = PooledDouble(name="a", fails=[broken, broken])
    pool = a_pool(a, timer=timer, events=events)
    for _ in range(4):
        with pytest.raises(EngineError, match="truncated") as told:
            _use(pool, "a")
    assert (told.value.stable_code, told.value.retry_after_s) == ("engine.bad_model", 1.0)
    assert events.of("a") == ["load", "load_failed"] * 2
    assert "truncated" in pool.standings()[0].problem
    assert not pool_model(pool, a, timer).health().ready
    timer.seconds = 1.0
    _use(pool, "a")
    assert (_states(pool), pool.standings()[0].problem) == ({"a": "warm"}, "")


def test_a_defect_of_an_engine_is_told_to_who_waits() -> None:
    class Odd(PooledDouble):
        def warm(self) -> None:
            raise RuntimeError("odd")

    with pytest.raises(EngineError, match="RuntimeError: odd"):
        _use(a_pool(Odd(name="a")), "a")


def test_a_model_that_died_is_loaded_anew_by_the_next_request() -> None:
    events = Events()
    a = PooledDouble(name="a", dies=[died()])
    pool = a_pool(a, events=events)
    model = pool_model(pool, a, SetTimer())
    with pytest.raises(EngineError, match="killed"):
        model.generate(a_request())
    assert _states(pool) == {"a": "failed"}
    assert model.generate(a_request()).text
    assert (a.loads, events.of("a")) == (2, ["load", "loaded", "crashed", "load", "loaded"])


def test_an_error_that_is_no_death_leaves_the_model_warm() -> None:
    a = PooledDouble(name="a", dies=[EngineError("no", fix="none", code="engine.bad_request")])
    pool = a_pool(a)
    with pytest.raises(EngineError):
        pool_model(pool, a, SetTimer()).generate(a_request())
    assert _states(pool) == {"a": "warm"}


def test_a_short_deadline_ends_the_wait_and_not_the_loading() -> None:
    a = PooledDouble(name="a")
    a.may_load.clear()
    pool = a_pool(a)
    with pytest.raises(EngineError, match="still loading"), pool.lease("a", 0.05):
        pass
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(EngineError, match="cancelled") as told, pool.lease("a", 30.0, cancel):
        pass
    assert told.value.stable_code == "engine.cancelled"
    a.may_load.set()
    _use(pool, "a")
    assert a.loads == 1


def test_models_that_are_to_be_warm_are_loaded_when_the_pool_starts() -> None:
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    members = [Member(a, MIB, warm=True), Member(b, MIB)]
    pool = ModelPool(members, 25 * MIB, PoolServices(Events(), SetClock(), SetTimer()))
    pool.start()
    _until(lambda: _states(pool)["a"] == "warm")
    assert not b.loaded


def test_closing_ends_what_runs_and_takes_nothing_more() -> None:
    a, b = PooledDouble(name="a"), PooledDouble(name="b")
    pool = a_pool(a, b)
    _use(pool, "b")
    a.may_answer.clear()
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(pool_model(pool, a, SetTimer()).generate, a_request())
        _until(lambda: a.answering == 1)
        closing = threads.submit(pool.close)
        _until(lambda: _refused(pool, "b"))
        assert not a.closed
        a.may_answer.set()
        assert answer.result(30).text
        closing.result(30)
    assert (a.closed, b.closed, a.wrong, _states(pool)) == (True, True, [], {"a": "cold", "b": "cold"})


def test_an_engine_behind_a_url_is_always_warm_and_takes_no_memory() -> None:
    timer = SetTimer()
    remote = AlwaysWarm(CountingEngine(name="remote"))
    pool = ModelPool([Member(remote, 0, 1.0)], 1, PoolServices(Events(), SetClock(), timer))
    assert _states(pool) == {"remote": "warm"}
    _use(pool, "remote")
    timer.seconds = 100.0
    pool.tick()
    assert pool.standings()[0].memory_bytes == 0
    assert _states(pool) == {"remote": "warm"}
    assert not isinstance(pool_model(pool, remote, timer), LabelEngine)


def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(EngineError, match="no model 'x'") as told:
        _use(a_pool(PooledDouble(name="a")), "x")
    assert "Name one of: a." in told.value.fix


def test_labels_are_scored_by_the_pooled_model() -> None:
    a = PooledDouble(name="a")
    model = pool_model(a_pool(a), a, SetTimer())
    assert isinstance(model, LabelEngine)
    assert model.score_labels(LabelRequest((Message("user", "q"),), ("yes", "no"))).scores[0].label == "yes"
    assert model.capabilities().stream
    assert model.count_tokens(a_request().messages) == 3
    assert "".join(piece.text for piece in model.stream(a_request())) == "noitseuq"


def test_many_threads_on_more_models_than_fit_lose_no_request_and_never_pass_the_budget() -> None:
    engines = [PooledDouble(name=name) for name in "abcd"]
    events = Events()
    pool = a_pool(*engines, events=events)
    models = [pool_model(pool, one, lambda: 0.0) for one in engines]
    over: list[int] = []

    def ask(number: int) -> str:
        held = sum(one.memory_bytes for one in pool.standings())
        if held > pool.budget_bytes:
            over.append(held)
        return models[number * 7 % 4].generate(a_request(str(number))).text

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(ask, range(400)))
    assert answers == [str(number)[::-1] for number in range(400)]
    assert (over, [one.wrong for one in engines]) == ([], [[]] * 4)
    assert sum(one.asked for one in engines) == 400
