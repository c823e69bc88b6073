"""Which answers are the same together as alone, by engine and precision: figures for what the documentation promises.

The same questions are asked one at a time with nothing kept, and then all at once behind a shared rubric. Scores of
labels are compared by their log-probabilities, greedy texts word for word. The weights are random, which is the worst
case: where no token is much likelier than others, the least difference chooses another one. Nothing here depends on how
busy the machine is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from statistics import median
from typing import TypeVar

from agent_agency.inference.bench.judge_load import LoadShape, judge_load
from agent_agency.inference.bench.ways import Loaded
from agent_agency.inference.labels import LabelReply, LabelRequest
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.workflows.measure_engine import Model, Opened, opened
from benchmarks.bench_inference import LABELS, test_model
from benchmarks.figures import Figure, figure_of

ITEMS = 8
TOKENS = 48
SEEDS = (5, 6)
WIDTHS = {"openvino": 16, "llama.cpp": 8}
CLOSE = 5e-5
"""Of a log-probability: four decimals."""
T = TypeVar("T")


def measure() -> Iterator[Figure]:
    """Compare each engine in each precision with itself."""
    with test_model() as model:
        for engine in WIDTHS:
            for precision in ("default", "exact"):
                yield from _compared(model, engine, precision)


@dataclass(frozen=True, slots=True)
class Answers:
    """Of each item: the tokens of its text, and the log-probabilities of its labels."""

    texts: tuple[tuple[str, ...], ...]
    scores: tuple[tuple[float, ...], ...]


def _compared(model: Model, engine: str, precision: str) -> Iterator[Figure]:
    with opened(model, Loaded(engine, precision, prefix_cache=False, width=1)) as ready:
        alone = [_answers(ready, seed, at_once=1) for seed in SEEDS]
    with opened(model, Loaded(engine, precision, prefix_cache=True, width=WIDTHS[engine])) as ready:
        together = [_answers(ready, seed, at_once=WIDTHS[engine]) for seed in SEEDS]
    name = f"{engine}, {precision}"
    pairs = list(zip(alone, together, strict=True))
    apart = [max(_apart(one.scores, other.scores)) for one, other in pairs]
    budget = CLOSE if precision == "exact" else None
    yield figure_of(f"{name}: label scores, farthest apart", "nat", apart, budget=budget)
    same = [_share(one.texts, other.texts) for one, other in pairs]
    yield figure_of(f"{name}: texts of {TOKENS} tokens that are the same", "of all", same)
    common = [median(_in_common(one.texts, other.texts)) for one, other in pairs]
    yield figure_of(f"{name}: tokens before two texts part, median", "tokens", common)


def _answers(ready: Opened, seed: int, at_once: int) -> Answers:
    shape = LoadShape(requests=ITEMS, seed=seed)
    load = judge_load(shape, lambda messages: ready.engine.count_tokens(messages) or 0)
    shared = 0 if at_once == 1 else load.shared

    def write(prompt: tuple[Message, ...]) -> tuple[str, ...]:
        parameters = Parameters(max_tokens=TOKENS, top_logprobs=1)
        reply = ready.answering.generate(Request(prompt, parameters, deadline_s=600, shared=shared))
        return tuple(one.text for one in reply.logprobs)

    def score(prompt: tuple[Message, ...]) -> LabelReply:
        return ready.answering.score_labels(LabelRequest(prompt, LABELS, deadline_s=600, shared=shared))

    texts = _asked(write, load.prompts, at_once)
    scores = _asked(score, load.prompts, at_once)
    return Answers(tuple(texts), tuple(tuple(part.logprob for part in one.scores) for one in scores))


def _asked(ask: Callable[[tuple[Message, ...]], T], prompts: Sequence[tuple[Message, ...]], at_once: int) -> list[T]:
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(ask, prompts))


def _apart(some: Sequence[tuple[float, ...]], others: Sequence[tuple[float, ...]]) -> list[float]:
    return [
        abs(one - other)
        for some_scores, other_scores in zip(some, others, strict=True)
        for one, other in zip(some_scores, other_scores, strict=True)
    ]


def _share(some: Sequence[tuple[str, ...]], others: Sequence[tuple[str, ...]]) -> float:
    return sum(one == other for one, other in zip(some, others, strict=True)) / len(some)


def _in_common(some: Sequence[tuple[str, ...]], others: Sequence[tuple[str, ...]]) -> list[int]:
    return [
        sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
        for one, other in zip(some, others, strict=True)
    ]
