from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import label_engine
from agent_agency.inference.protocol import Cancel
from agent_agency.inference.scheduling.pace import AHEAD, Pace, Paced
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.inference.scheduling.settings import SchedulerSettings
from agent_agency.inference.spend.spending import SpendingLabels
from agent_agency.store.database import Database
from agent_agency.store.spending import spent_in_month
from support.scheduled_double import GatedDouble, asked, asked_labels
from support.spending import PRICE, a_book

LINE = ("task", 0)


def test_of_many_who_ask_at_once_only_those_are_queued_whose_turn_comes_soon() -> None:
    engine = GatedDouble()
    with Serving(engine, SchedulerSettings(width=2)) as serving, ThreadPoolExecutor(24) as pool:
        judge = serving.for_task("judge")
        answers = [pool.submit(judge.generate, asked(f"item {at}")) for at in range(24)]
        with engine.changed:
            assert engine.changed.wait_for(lambda: engine.running == 2, 60)
        served = serving.served()
        assert served.waiting + served.running <= 2 * AHEAD
        engine.gate.set()
        assert [one.result(60).text for one in answers] == [f"item {at}"[::-1] for at in range(24)]
    assert engine.most == 2


@pytest.mark.parametrize(("task", "priority"), [("other", 0), ("flood", 5)])
def test_a_flood_keeps_neither_another_task_nor_a_higher_priority_waiting(task: str, priority: int) -> None:
    engine, width = GatedDouble(), 2
    with Serving(engine, SchedulerSettings(width=width)) as serving, ThreadPoolExecutor(80) as pool:
        flood, single = serving.for_task("flood"), serving.for_task(task, priority)
        answers = [pool.submit(flood.generate, asked(f"item {at}")) for at in range(60)]
        _wait_for_taken(serving, AHEAD * width)  # all for which the flood has room
        engine.wait_for_running(width)
        answers.append(pool.submit(single.generate, asked("single")))
        _wait_for_taken(serving, AHEAD * width + 1)
        engine.gate.set()
        assert all(one.result(60).text for one in answers)
    assert engine.order.index("single") <= width + 1


def _wait_for_taken(serving: Serving, count: int) -> None:
    while serving.served().taken < count:
        threading.Event().wait(0.001)


def test_who_waits_for_room_can_be_called_off() -> None:
    pace, cancel, entered = Pace(lambda: 1), Cancel(), threading.Event()
    steps = [pace.step(LINE, None) for _ in range(AHEAD)]
    for one in steps:
        one.__enter__()

    def wait() -> None:
        entered.set()
        with pace.step(LINE, cancel):
            pass

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        assert entered.wait(60)
        cancel.cancel()
        with pytest.raises(EngineError) as caught:
            waiting.result(60)
    assert caught.value.stable_code == "engine.cancelled"
    for one in steps:
        one.__exit__(None, None, None)
    with pace.step(LINE, Cancel()):
        pass


def test_a_wider_way_lets_all_in_who_fit() -> None:
    width = [1]
    pace, inside = Pace(lambda: width[0]), threading.Semaphore(0)
    leave = threading.Event()

    def ask() -> None:
        with pace.step(LINE, None):
            inside.release()
            leave.wait(60)

    with ThreadPoolExecutor(6) as pool:
        first = pace.step(LINE, None)
        first.__enter__()
        for _ in range(6):
            pool.submit(ask)
        assert inside.acquire(timeout=60)
        width[0] = 3
        first.__exit__(None, None, None)
        assert all(inside.acquire(timeout=60) for _ in range(5))
        leave.set()


def _no_room(pace: Pace) -> ExitStack:
    taken = ExitStack()
    for _ in range(AHEAD):
        taken.enter_context(pace.step(LINE))
    return taken


def test_a_deadline_begins_when_a_request_is_asked_and_not_when_there_is_room(tmp_path: Path) -> None:
    engine, database = GatedDouble(), Database.open(f"sqlite:///{tmp_path / 'spend.db'}")
    paid = SpendingLabels(engine, PRICE, a_book(database))
    with Serving(paid, SchedulerSettings(width=1)) as serving, ThreadPoolExecutor(AHEAD) as pool:
        judge = serving.for_task("judge")
        first = [pool.submit(judge.generate, asked(f"item {at}")) for at in range(AHEAD)]
        engine.wait_for_running(1)
        _wait_for_taken(serving, AHEAD)
        late = asked("late", deadline_s=0.01)
        labels = replace(asked_labels("late"), deadline_s=0.01)
        for ask in (
            lambda: judge.generate(late),
            lambda: label_engine(judge).score_labels(labels),
            lambda: list(judge.stream(late)),
        ):
            with pytest.raises(EngineError) as caught:
                ask()
            assert caught.value.stable_code == "engine.timeout"
        assert serving.served().taken == AHEAD
        engine.gate.set()
        assert all(one.result(60).text for one in first)
    assert "late" not in engine.order
    with database.read() as connection:
        spent = spent_in_month(connection, "2026-01", PRICE.currency)
    assert (spent.calls, spent.open, spent.reserved) == (AHEAD, 0, 0)


def test_the_engine_is_told_what_the_wait_has_left() -> None:
    now = [100.0]
    engine, pace = GatedDouble(), Pace(lambda: 1, lambda: now[0])
    engine.gate.set()
    entered = threading.Event()

    class Told(Cancel):
        def notify(self, call: Callable[[], None]) -> Callable[[], None]:
            entered.set()
            return super().notify(call)

    with ThreadPoolExecutor(1) as pool, _no_room(pace) as taken:
        answer = pool.submit(Paced(engine, pace, LINE).generate, asked("a", deadline_s=60.0), Told())
        assert entered.wait(60)
        now[0] += 40.0
        taken.close()
        assert answer.result(60).text == "a"
    assert engine.deadlines == [20.0]


def test_a_loop_that_takes_its_room_first_is_late_with_nothing() -> None:
    now = [100.0]
    pace = Pace(lambda: 1, lambda: now[0])
    with ThreadPoolExecutor(1) as pool, _no_room(pace) as taken:
        waiting = pool.submit(lambda: pace.step(LINE).__enter__())
        now[0] += 1_000_000.0
        taken.close()
        assert waiting.result(60) == float("inf")


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, float("nan")])
def test_what_is_no_time_is_refused_as_that(deadline_s: float) -> None:
    with Serving(GatedDouble()) as serving, pytest.raises(EngineError) as caught:
        serving.for_task("judge", measuring=True).generate(asked("a", deadline_s=deadline_s))
    assert caught.value.stable_code == "engine.bad_request"
