"""How throughput, waiting and memory grow: with requests in flight, with the rubric's length, and with judges.

One loaded model for each engine (OpenVINO here) answers loads of one shape after the other; labels for what is mostly
prompt, whole answers of 48 tokens for what is mostly writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from time import perf_counter

from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.row import Row, Way
from agent_agency.inference.bench.ways import Loaded
from agent_agency.workflows.measure_engine import Opened, measure_on, opened
from benchmarks.bench_inference import test_model
from benchmarks.figures import Figure, figure_of

ROUNDS = 3
IN_FLIGHT = (1, 2, 4, 8, 16, 32, 64)
RUBRICS = (100, 600, 1200, 2400, 4000)
JUDGES = (1, 2, 4, 8)
_LABEL = Way("openvino", "label", 16)
_FULL = Way("openvino", "full", 16)


def measure() -> Iterator[Figure]:
    """Measure along each of the three lines."""
    loaded = Loaded("openvino", "default", prefix_cache=True, width=64)
    seeds = count(3)
    with test_model() as model, opened(model, loaded) as ready:
        for width in IN_FLIGHT:
            shape = LoadShape(requests=max(8, 2 * width))
            for way in (replace(_FULL, concurrency=width), replace(_LABEL, concurrency=width)):
                yield from _figures(f"{way.mode}, {width} in flight", ready, way, shape, seeds)
        for tokens in RUBRICS:
            shape = LoadShape(requests=32, rubric_tokens=tokens)
            for way in (_FULL, _LABEL):
                yield from _figures(f"{way.mode}, rubric of {tokens:,} tokens", ready, way, shape, seeds)
        for judges in JUDGES:
            shape = LoadShape(requests=8, judges=judges)
            yield from _figures(f"label, {judges} judges over 8 items", ready, _LABEL, shape, seeds)


def _figures(name: str, ready: Opened, way: Way, shape: LoadShape, seeds: Iterator[int]) -> Iterator[Figure]:
    """Figures of one point; every round has texts of its own, so that nothing of a round before is kept for it."""
    chosen = islice(seeds, ROUNDS)
    rows = [measure_on(ready, way, replace(shape, seed=seed), perf_counter) for seed in chosen]
    yield figure_of(name, "requests/s", [row.requests_per_s for row in rows])
    if way.mode == "full":
        yield figure_of(f"{name}, tokens", "tokens/s", [row.tokens_per_s for row in rows])
    yield figure_of(f"{name}, p50", "s", [row.p50_s for row in rows])
    yield figure_of(f"{name}, p95", "s", [row.p95_s for row in rows])
    yield figure_of(f"{name}, prompt tokens computed", "of all", [_computed(row) for row in rows])
    yield figure_of(f"{name}, memory", "MiB", [row.memory_mib or 0.0 for row in rows])


def _computed(row: Row) -> float:
    return row.computed_tokens / row.prompt_tokens
