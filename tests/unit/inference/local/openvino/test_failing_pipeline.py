"""What becomes of requests when the library fails in the midst of work, or with one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import support.failing_pipeline
from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelScore
from agent_agency.inference.local.backend import Failed, Generated, Labelled, LoadOptions
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.local.openvino.label_lane import LabelLane
from agent_agency.inference.local.openvino.label_plan import LabelWork, LabelWorkDone
from agent_agency.inference.local.openvino.load import load
from agent_agency.inference.local.restarts import RestartPolicy
from agent_agency.inference.protocol import Message, Parameters, Request
from support.backend_calls import Calls, prime, score, write
from support.failing_pipeline import FailingPipeline, fail_with

LONG = Message("system", "Judge the summary by the claims that the text supports; quote each of them. " * 40)
"""Of more tokens than one step computes."""


def ask(number: int) -> tuple[Message, ...]:
    return (LONG, Message("user", f"Item {number}: the value of {number} is {number * 7}."))


@pytest.fixture
def failing(nano_model: Path, conversions: Path) -> Iterator[Callable[..., tuple[Calls, FailingPipeline]]]:
    opened = []

    def make(**how: Any) -> tuple[Calls, FailingPipeline]:
        options = LoadOptions(
            str(nano_model),
            precision="exact",
            width=8,
            context_tokens=2048,
            threads=2,
            extra={"folder": str(conversions)},
        )
        backend = load(options)
        opened.append(backend)
        return Calls(backend), fail_with(backend, **how)

    yield make
    for one in opened:
        one.close()


def _raise_at(number: int, error: Exception) -> Callable[[int], None]:
    def before(step: int) -> None:
        if step == number:
            raise error

    return before


@pytest.mark.parametrize(
    ("error", "code"), [(RuntimeError("the device is lost"), "engine.failed"), (MemoryError(), "engine.out_of_memory")]
)
def test_a_step_that_fails_ends_all_requests_and_the_pipeline_is_not_used_again(
    failing: Callable[..., tuple[Calls, FailingPipeline]], error: Exception, code: str
) -> None:
    calls, pipeline = failing(before_step=_raise_at(2, error))
    found = calls.together([*(write(ask(number), number % 2, max_tokens=8) for number in range(4)), prime((LONG,))])
    assert [isinstance(one, Failed) and (one.code, one.broken) for one in found] == [(code, True)] * 5
    later = calls.together([write(ask(0), max_tokens=8), prime((LONG,))])
    assert later == found[:1] * 2
    assert pipeline.steps == 2
    assert calls.score([score(ask(1), ("Yes", "No"))])[0].scores


def test_a_request_that_the_library_refuses_fails_alone(failing: Callable[..., tuple[Calls, FailingPipeline]]) -> None:
    refused: list[list[int]] = []

    def before_request(ids: list[int]) -> None:
        if len(ids) < 60:
            refused.append(ids)
            raise RuntimeError("a request of this kind is not supported")

    calls, _ = failing(before_request=before_request)
    short = (Message("user", "Short?"),)
    found = calls.together([write(ask(0), max_tokens=4), write(short, max_tokens=4), write(ask(1), max_tokens=4)])
    assert [type(one) for one in found] == [Generated, Failed, Generated]
    assert not any(isinstance(one, Failed) and one.broken for one in found)
    assert len(refused) == 1


def test_a_beginning_that_cannot_be_primed_is_told_to_all_who_wait_for_it(
    failing: Callable[..., tuple[Calls, FailingPipeline]],
) -> None:
    def before_request(ids: list[int]) -> None:
        if len(ids) % 32 == 0:
            raise RuntimeError("no whole blocks today")

    calls, _ = failing(before_request=before_request)
    found = calls.together([*(write(ask(number), 1, max_tokens=4) for number in range(3)), write(ask(7), max_tokens=4)])
    assert [type(one) for one in found] == [Failed, Failed, Failed, Generated]


def test_memory_that_runs_out_while_requests_are_let_in_forgets_nobody(
    failing: Callable[..., tuple[Calls, FailingPipeline]],
) -> None:
    def before_request(ids: list[int]) -> None:
        raise MemoryError(len(ids))

    calls, _ = failing(before_request=before_request)
    found = calls.together([write(ask(number), max_tokens=4) for number in range(12)])
    assert {isinstance(one, Failed) and one.code for one in found} == {"engine.out_of_memory"}


def test_an_answer_that_cannot_be_read_fails_alone(failing: Callable[..., tuple[Calls, FailingPipeline]]) -> None:
    calls, _ = failing(unreadable=lambda ids: len(ids) < 60)
    short = (Message("user", "Short?"),)
    for _ in range(2):
        found = calls.together([write(ask(0), max_tokens=4), write(short, max_tokens=4)])
        assert [type(one) for one in found] == [Generated, Failed]


class OddScorer:
    """A double of what scores labels, which fails wherever a prompt begins with 0."""

    def score(self, works: Sequence[LabelWork]) -> list[LabelWorkDone]:
        if any(work.ids[0] == 0 for work in works):
            raise RuntimeError("the device is lost")
        return [LabelWorkDone((LabelScore("Yes", -1.0, 1),), 0) for _ in works]

    def prime(self, ids: tuple[int, ...]) -> int:
        return len(ids)


def test_labels_that_cannot_be_scored_fail_alone() -> None:
    lane = LabelLane(OddScorer, 8, lambda: None)  # type: ignore[arg-type]  # a double in the scorer's place
    found: dict[int, object] = {}
    for first in (1, 0, 2):
        lane.submit(LabelWork((first,), 0, (("Yes", (3,)),)), lambda result, first=first: found.update({first: result}))  # type: ignore[misc]
    lane.step()
    assert {first: type(one) for first, one in found.items()} == {1: Labelled, 0: Failed, 2: Labelled}


@contextmanager
def _engine(model: Path, marker: Path, conversions: Path, **extra: Any) -> Iterator[LocalEngine]:
    extra |= {"fails": str(marker), "folder": str(conversions)}
    told = LocalModel(
        "m", str(model), f"sha256:{'0' * 64}", "openvino", precision="exact", width=8, context=2048, extra=extra
    )
    backend = f"{support.failing_pipeline.__file__}:load"
    with closing(LocalEngine(told, policy=RestartPolicy(first_s=0.01), backend=backend)) as engine:
        yield engine


def _answer(engine: LocalEngine, number: int) -> str:
    return engine.generate(Request(ask(number), Parameters(max_tokens=8), deadline_s=100.0)).text


def test_a_process_whose_pipeline_fails_is_ended_and_every_question_asked_of_a_new_one(
    nano_model: Path, conversions: Path, tmp_path: Path
) -> None:
    with _engine(nano_model, tmp_path / "failed", conversions) as engine, ThreadPoolExecutor(8) as threads:
        together = [*threads.map(lambda number: _answer(engine, number), range(8))]
        assert (engine.counts.starts, engine.counts.lost) == (2, 1)
        assert together == [_answer(engine, number) for number in range(8)]


def test_a_pipeline_that_fails_time_and_again_is_told_with_its_reason(
    nano_model: Path, conversions: Path, tmp_path: Path
) -> None:
    with _engine(nano_model, tmp_path / "never", conversions, always=True) as engine:
        with pytest.raises(
            EngineError, match=r"its engine failed in the midst .*gave up \(the device is lost\)"
        ) as told:
            _answer(engine, 1)
        assert told.value.stable_code == "engine.process_died"
