"""Thousands of requests through scheduler, process and real engine: each answered once, and memory comes to rest."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.inference.scheduling.settings import SchedulerSettings
from support.test_models import nano_model

ENGINES = ("openvino", "llama.cpp")
LABELS = ("pass", "fail")
CALLERS = 24
EMPTY = "engine.empty_answer"
"""A model with random weights may end its answer before the first letter, which is told as an error."""
_MIB = 2**20


@contextmanager
def soaked(engine_name: str) -> Iterator[tuple[Scheduler, LocalEngine]]:
    model = LocalModel(
        "soak", str(nano_model()), "sha256:soak", engine_name, width=16, context=512, threads=1, cache_gb=1
    )
    with closing(LocalEngine(model)) as engine, closing(Scheduler(engine, SchedulerSettings(capacity=64))) as scheduler:
        engine.warm()
        yield scheduler, engine


def ask(scheduler: Scheduler, number: int) -> str:
    """One of three kinds of request over one of four rubrics; no two are alike."""
    messages = (Message("system", f"Rubric {number % 4}. " * 12), Message("user", f"Item number {number}."))
    if number % 3 == 0:
        scores = scheduler.score_labels(LabelRequest(messages, LABELS, shared=1), task=str(number % 5)).scores
        assert all(score.logprob < 0 for score in scores)
        return scores[0].label
    parameters = Parameters(max_tokens=4 + number % 7)
    try:
        reply = scheduler.generate(Request(messages, parameters, shared=1), task=str(number % 5))
    except EngineError as error:
        if error.stable_code == EMPTY:
            return EMPTY
        raise
    assert reply.usage.completion is not None
    assert 1 <= reply.usage.completion <= parameters.max_tokens
    return reply.finish


def drive(numbers: range, one: Callable[[int], str]) -> Counter[int]:
    """Ask every number once, so many callers at a time; how often each was answered."""
    left, lock, answered, wrong = iter(numbers), threading.Lock(), Counter[int](), list[BaseException]()

    def caller() -> None:
        while not wrong:
            with lock:
                number = next(left, None)
            if number is None:
                return
            try:
                one(number)
            except BaseException as error:  # noqa: BLE001 - told below
                wrong.append(error)
                return
            with lock:
                answered[number] += 1

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    return answered


def soak(engine_name: str, requests: int) -> tuple[int, int]:
    """Memory of the model's process after a fifth of the requests, and after all of them."""
    with soaked(engine_name) as (scheduler, engine):
        first = drive(range(requests // 5), lambda number: ask(scheduler, number))
        early = engine.memory_bytes
        answered = first + drive(range(requests // 5, requests), lambda number: ask(scheduler, number))
        late = engine.memory_bytes
        served = scheduler.served()
        assert answered == Counter(dict.fromkeys(range(requests), 1))
        assert set(served.failed) <= {EMPTY}
        assert (served.taken, served.answered + served.failed.get(EMPTY, 0)) == (requests, requests)
        assert served.answered > 0.9 * requests
        assert (served.waiting, served.running) == (0, 0)
        assert engine.counts.lost == 0
        return early, late


@pytest.mark.parametrize("engine_name", ENGINES)
def test_requests_of_all_kinds_are_each_answered_once(engine_name: str) -> None:
    soak(engine_name, 150)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_ten_thousand_requests_lose_nothing_and_leak_nothing(engine_name: str) -> None:
    """What OpenVINO keeps of prefixes grows to the bound that it was given and no further: 1 GiB here."""
    early, late = soak(engine_name, 10_000)
    bound = 1024 * _MIB if engine_name == "openvino" else 64 * _MIB
    assert late - early < bound
    print(f"{engine_name}: {early / _MIB:.0f} MiB after 2,000 requests, {late / _MIB:.0f} MiB after 10,000")  # noqa: T201
