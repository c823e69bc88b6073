from __future__ import annotations

from time import perf_counter

import pytest

from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.row import NAIVE, Way
from agent_agency.inference.bench.trial import trial_requests
from agent_agency.inference.bench.ways import Loaded
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.model_facts import read_model
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.workflows.engine_bench_rows import Measured, Run, measure_ways
from agent_agency.workflows.measure_engine import Model, opened, try_ways
from support.test_models import nano_model

pytest.importorskip("xllamacpp", reason="the extra local is not installed")
SHAPE = LoadShape(requests=6, rubric_tokens=64, item_tokens=24)
CHOSEN = (
    NAIVE,
    *(Way("llama.cpp", mode, width) for mode in ("full", "label") for width in (1, 3)),
)


def measured(*, whole: bool) -> tuple[Measured, list[tuple[Way, bool]]]:
    path = nano_model()
    heard: list[tuple[Way, bool]] = []

    def told(way: Way, done: int, of: int, *, trial: bool) -> None:
        if done == of:
            heard.append((way, trial))

    run = Run(Model(path, Digests(None).of(path), read_model(path)), SHAPE, perf_counter, told)
    return measure_ways(CHOSEN, run, whole=whole), heard


def test_rows_are_of_all_requests_and_trials_stand_apart() -> None:
    found, heard = measured(whole=False)
    rows = {Way(row.engine, row.mode, row.concurrency, row.precision, row.prefix_cache) for row in found.rows}
    assert {row.requests for row in found.rows} == {6}
    assert {NAIVE, Way("llama.cpp", "full", 3), Way("llama.cpp", "label", 3)} <= rows
    assert Way("llama.cpp", "label", 1) in rows, "nobody else scores labels one at a time"
    assert [one.way for one in found.trials] == [Way("llama.cpp", "full", 1), Way("llama.cpp", "label", 1)]
    for one in found.trials:
        assert one.requests == trial_requests(one.way) < 6
        assert one.measured == (one.way in rows)
    assert [way for way, trial in heard if trial] == [one.way for one in found.trials]
    assert {way for way, trial in heard if not trial} == rows


def test_where_numbers_at_once_are_asked_for_all_are_measured_and_none_is_tried() -> None:
    found, heard = measured(whole=True)
    assert [(row.mode, row.concurrency, row.requests) for row in found.rows] == [
        (way.mode, way.concurrency, 6) for way in CHOSEN
    ]
    assert found.trials == ()
    assert not any(trial for _, trial in heard)


def test_no_trial_is_answered_from_what_another_or_a_row_computed() -> None:
    """llama.cpp tells truly how much of a prompt it took from what a slot still held."""
    path = nano_model()
    model = Model(path, Digests(None).of(path), read_model(path))
    tried = [Way("llama.cpp", "full", width) for width in (4, 3, 2, 4)]
    computed: list[int] = []

    with opened(model, Loaded("llama.cpp", "default", prefix_cache=True, width=4)) as ready:
        assert isinstance(ready.answering, Scheduler)
        before = 0
        for trial in try_ways(ready, tried, SHAPE, perf_counter):
            after = ready.answering.served().tokens.computed
            computed.append(after - before)
            before = after
            assert computed[-1] >= trial.requests * (SHAPE.item_tokens - 8)
    assert computed[-1] < 4 * SHAPE.rubric_tokens, "the rubric is computed before, and once"
