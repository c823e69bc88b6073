"""How much faster a judge's load is answered than by llama.cpp asked naively, on one machine with one model file.

Every round measures the naive way and all others one after the other, so that a slower machine slows all of them. The
model has random weights at the shape of SmolLM2-135M: what is measured is work, not what the answers say. The rubric's
computation is within every row's time. The naive way is measured with threads that wait as it suits the machine.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from agent_agency.inference.bench.judge_load import LoadShape, judge_load
from agent_agency.inference.bench.row import NAIVE, Row, Way
from agent_agency.inference.bench.ways import Loaded
from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.local.test_model.make import make_model
from agent_agency.inference.local.test_model.order import ModelOrder
from agent_agency.inference.local.test_model.shapes import SHAPES
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.model_facts import read_model
from agent_agency.workflows.measure_engine import Model, Opened, measure_on, naive_row, opened
from benchmarks.figures import Figure, figure_of
from benchmarks.openvino_bare import bare_tokens_per_s

ROUNDS = 5
SHAPE = LoadShape()
NAIVE_SHAPE = LoadShape(requests=12)
"""Fewer requests for the naive way, which answers each alike: its rate does not depend on how many there are."""
SLOW_SHAPE = LoadShape(requests=32)
LABELS = ("pass", "partial", "fail")
ALONE = 12
LLAMA = (Way("llama.cpp", "full", 8), Way("llama.cpp", "short", 8), Way("llama.cpp", "label", 8))
FAST = (Way("openvino", "full", 64), Way("openvino", "short", 64), Way("openvino", "label", 16))
EXACT = (Way("openvino", "full", 16, "exact"), Way("openvino", "label", 16, "exact"))
AIMS = {FAST[0]: 10.0, FAST[1]: 14.0, FAST[2]: 20.0}
OF_BARE = 0.95
ALONE_SHARE = 0.06


def measure() -> Iterator[Figure]:
    """Measure in rounds; the first figures are those that an aim stands beside."""
    with test_model() as model:
        rounds = [_round(model) for _ in range(ROUNDS)]
    naive = [one.rows[NAIVE] for one in rounds]
    name = "naive: llama.cpp, one at a time, nothing kept"
    yield figure_of(name, "requests/s", [row.requests_per_s for row in naive])
    yield figure_of(f"{name}, tokens", "tokens/s", [row.tokens_per_s for row in naive])
    yield figure_of(f"{name}, one request", "s", [row.p50_s for row in naive])
    for way in (*FAST, *EXACT, *LLAMA):
        yield from _way(way, rounds)
    yield from _alone(rounds)
    yield from _of_bare(rounds)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: a row of each way, seconds of each label verdict asked alone, tokens per second of the bare engine."""

    rows: dict[Way, Row]
    alone_s: list[float]
    bare: float


@contextmanager
def test_model() -> Iterator[Model]:
    """The model that all ways are measured with."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "smol.gguf"
        make_model(path, ModelOrder(SHAPES["smol"]), lambda *_: None)
        yield Model(path, Digests(None).of(path), read_model(path))


def _round(model: Model) -> Round:
    rows: dict[Way, Row] = {NAIVE: naive_row(model, NAIVE_SHAPE, perf_counter)}
    with opened(model, Loaded("openvino", "default", prefix_cache=True, width=64)) as ready:
        for way in FAST:
            rows[way] = measure_on(ready, way, SHAPE, perf_counter)
        alone = _label_alone(ready)
    bare = bare_tokens_per_s(model.path, SHAPE, FAST[0].concurrency)
    with opened(model, Loaded("openvino", "exact", prefix_cache=True, width=16)) as ready:
        for way in EXACT:
            rows[way] = measure_on(ready, way, SHAPE, perf_counter)
    with opened(model, Loaded("llama.cpp", "default", prefix_cache=True, width=8)) as ready:
        for way in LLAMA:
            rows[way] = measure_on(ready, way, SLOW_SHAPE, perf_counter)
    return Round(rows, alone, bare)


def _label_alone(ready: Opened) -> list[float]:
    """Seconds of one label verdict at a time; the rubric is computed by the first, which is not counted."""
    load = judge_load(LoadShape(requests=ALONE + 1, seed=2), lambda messages: ready.engine.count_tokens(messages) or 0)
    taken = []
    for prompt in load.prompts:
        started = perf_counter()
        ready.answering.score_labels(LabelRequest(prompt, LABELS, shared=load.shared))
        taken.append(perf_counter() - started)
    return taken[1:]


def _way(way: Way, rounds: list[Round]) -> Iterator[Figure]:
    rows = [one.rows[way] for one in rounds]
    name = f"{way.engine}{' exact' if way.precision == 'exact' else ''}, {way.mode}, {way.concurrency} at once"
    ratios = [_ratio(one, way) for one in rounds]
    unit = "x tokens/s of naive" if way.mode == "full" else "x requests/s of naive"
    yield figure_of(f"{name}, beside naive", unit, ratios, budget=AIMS.get(way), better="higher")
    yield figure_of(name, "requests/s", [row.requests_per_s for row in rows])
    if way.mode == "full":
        yield figure_of(f"{name}, tokens", "tokens/s", [row.tokens_per_s for row in rows])
    if way.mode == "short":
        valid = [row.valid or 0.0 for row in rows]
        yield figure_of(f"{name}, valid answers", "of all", valid, budget=1.0, better="higher")
    yield figure_of(f"{name}, p95", "s", [row.p95_s for row in rows])
    yield figure_of(
        f"{name}, prompt tokens computed", "of all", [row.computed_tokens / row.prompt_tokens for row in rows]
    )
    yield figure_of(f"{name}, memory", "MiB", [row.memory_mib or 0.0 for row in rows])


def _ratio(one: Round, way: Way) -> float:
    row, naive = one.rows[way], one.rows[NAIVE]
    if way.mode == "full":
        return row.tokens_per_s / naive.tokens_per_s
    return row.requests_per_s / naive.requests_per_s


def _alone(rounds: list[Round]) -> Iterator[Figure]:
    shares = [median(one.alone_s) / one.rows[NAIVE].p50_s for one in rounds]
    yield figure_of("one label verdict, warm", "of a naive request's time", shares, budget=ALONE_SHARE)
    yield figure_of("one label verdict, warm, alone", "s", list(itertools.chain(*(one.alone_s for one in rounds))))


def _of_bare(rounds: list[Round]) -> Iterator[Figure]:
    rival = "the engine driven bare, 64 at once"
    shares = [one.rows[FAST[0]].tokens_per_s / one.bare for one in rounds]
    name = "through scheduler and process, of the bare engine's tokens/s"
    yield figure_of(name, "of bare", shares, budget=OF_BARE, better="higher", rival=rival)
    yield figure_of(rival, "tokens/s", [one.bare for one in rounds])
