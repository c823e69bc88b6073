from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.scheduling.scheduler import Scheduler
from support.local_engines import ask as ask_local
from support.local_engines import scripted
from support.openai_server import serving
from support.server_engines import ask, engine_of


def test_a_busy_server_loses_nothing() -> None:
    with serving(busy=4, retry_after="0") as server, Scheduler(engine_of(server)) as scheduler:
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda number: scheduler.generate(ask(str(number))).text, range(12)))
        served = scheduler.served()
    assert len(texts) == 12
    assert (served.answered, dict(served.failed)) == (12, {})


def test_a_server_that_stays_busy_beyond_the_deadline_says_when_to_come_again() -> None:
    with (
        serving(busy=100, retry_after="3600") as server,
        Scheduler(engine_of(server)) as scheduler,
        pytest.raises(EngineError) as caught,
    ):
        scheduler.generate(ask(deadline_s=5.0))
    assert (caught.value.stable_code, caught.value.retry_after_s) == ("engine.busy", 3600.0)


def test_a_server_that_is_not_there_is_left_alone() -> None:
    with serving() as server:
        engine = engine_of(server)
    codes = []
    with Scheduler(engine) as scheduler:
        for _ in range(7):
            with pytest.raises(EngineError) as caught:
                scheduler.generate(ask(deadline_s=5.0))
            codes.append(caught.value.stable_code)
    assert "engine.breaker_open" in codes  # on a busy machine the last may be another try


def test_a_model_in_a_process_of_its_own_is_asked_by_its_width() -> None:
    with scripted() as engine, Scheduler(engine) as scheduler:
        assert isinstance(engine, LocalEngine)
        tickets = [scheduler.submit(ask_local(f"question {number}")) for number in range(40)]
        wait(tickets)
        assert [ticket.exception() for ticket in tickets] == [None] * 40
        assert scheduler.served().width == engine.width == 4
