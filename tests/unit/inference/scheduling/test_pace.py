from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Cancel
from agent_agency.inference.scheduling.pace import AHEAD, Pace
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.inference.scheduling.settings import SchedulerSettings
from support.scheduled_double import GatedDouble, asked

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
        with engine.changed:
            assert engine.changed.wait_for(lambda: engine.running == width, 60)
        taken = serving.served().taken
        answers.append(pool.submit(single.generate, asked("single")))
        while serving.served().taken == taken < 60:
            threading.Event().wait(0.001)
        engine.gate.set()
        assert all(one.result(60).text for one in answers)
    assert engine.order.index("single") <= width + 1


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
