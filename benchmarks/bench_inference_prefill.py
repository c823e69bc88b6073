"""How many prompt tokens four judges of one item have computed, of those that each would compute for itself.

The shipped judges' own prompts are asked through the queue that every judge's question takes, on both engines in
process, with the rubric first and with the item first. Naive is each judge's usual prompt, rubric first, computed whole
each time, by the engine's own count. ``cold`` is the first item that a model is asked about after it was loaded;
``warm`` the next one of the same size, when rubrics or what all judges are told are there already. Each round takes
other items; tokens do not depend on what else the machine does, nor on the size of the weights, so the model is small.

``warm`` with the rubric first is what a model finds that goes on running: ``agency judge run`` over many records, and
``agency engine serve`` also from one command to the next. A review with a model of its own process is ``cold``. Nobody
can compute less, cold, than each rubric and the item once: so the aim is out of reach there where four rubrics are
longer than the rest of one prompt. OpenVINO tells nothing of a part of a prefix that it has, so its figures are upper
bounds.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agent_agency.inference.bench.ways import ENGINES, Loaded
from agent_agency.inference.local.test_model.make import make_model
from agent_agency.inference.local.test_model.order import ModelOrder
from agent_agency.inference.local.test_model.shapes import SHAPES
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.model_facts import read_model
from agent_agency.inference.protocol import Parameters, Request
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import ORDERS, Order
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.shipped import shipped_prompt
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset import load
from agent_agency.workflows.active_prompt import prompt_as_shipped
from agent_agency.workflows.judge_order import in_orders
from agent_agency.workflows.judge_serving import Served, served
from agent_agency.workflows.measure_engine import Model, opened
from benchmarks.figures import Figure, figure_of

JUDGES = ("relevance", "faithfulness", "minimality", "safety")
ROUNDS = 2
AIM = 0.40
"""Of what stands beside it: the shipped prompts, warm. Cold it cannot be reached with four rubrics of their length."""
SHIPPED = "8 demonstrations"
LARGE = 5_500
"""Characters of the large item: with eight demonstrations it just fits into the window of 8,192 tokens."""
SIZES = ("small", "middle", "large")
MANY = "middle"
"""The size of which a longer row of items is measured, too."""
ITEMS = 8
_WIDTH = 4
_SECRET = b"of a benchmark that nobody attacks"
_ONE_TOKEN = Parameters(max_tokens=1)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The four judges' prompts, and what they are called in the table."""

    name: str
    judges: tuple[JudgePrompt, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Prompt tokens computed, of the naive ones: for the first item, for the next, and for all of them together."""

    cold: float
    warm: float
    all: float


def measure() -> Iterator[Figure]:
    """Measure each engine, set of prompts, size of item and order."""
    bare = Prompts("no demonstrations", tuple(shipped_prompt(name) for name in JUDGES))
    shown = Prompts(SHIPPED, tuple(prompt_as_shipped(name) for name in JUDGES))
    with small_model() as model:
        for engine in ENGINES:
            for prompts in (bare, shown):
                for size in SIZES:
                    yield from _figures(model, engine, prompts, size)


def _figures(model: Model, engine: str, prompts: Prompts, size: str) -> Iterator[Figure]:
    found: dict[Order, list[Share]] = {}
    for order in ORDERS:
        found[order] = [_share(model, engine, prompts, order, items_of(size, at)) for at in range(ROUNDS)]
    name = f"{engine}, {prompts.name}, {size} item"
    for order, shares in found.items():
        yield figure_of(f"{name}, {order}, cold", "of naive", [one.cold for one in shares])
        yield figure_of(f"{name}, {order}, warm", "of naive", [one.warm for one in shares])
        if size == MANY:
            yield figure_of(f"{name}, {order}, {ITEMS} items", "of naive", [one.all for one in shares])
    for state in ("cold", "warm"):
        best = [min(getattr(found[order][at], state) for order in ORDERS) for at in range(ROUNDS)]
        budget = AIM if (prompts.name, state) == (SHIPPED, "warm") else None
        yield figure_of(f"{name}, the cheaper order, {state}", "of naive", best, budget=budget)


def _share(model: Model, engine: str, prompts: Prompts, order: Order, items: Sequence[Subject]) -> Share:
    loaded = Loaded(engine, "default", prefix_cache=True, width=_WIDTH)
    with opened(model, loaded) as ready, served(ready.engine, "judges") as asking:
        judges = [in_orders(one, asking.engine, _ONE_TOKEN, _SECRET, (), shares=True) for one in prompts.judges]
        done = [_computed([both[ORDERS.index(order)] for both in judges], item, asking) for item in items]
        naive = [sum(_whole(both[0], item) for both in judges) for item in items]
    return Share(done[0] / naive[0], done[1] / naive[1], sum(done) / sum(naive))


def _computed(judges: Sequence[Judge], item: Subject, asking: Served) -> int:
    before = asking.prefill.computed
    for judge in judges:
        asked = judge.asked(item)
        asking.engine.generate(Request(asked.messages, _ONE_TOKEN, shared=asked.shared))
    return asking.prefill.computed - before


def _whole(judge: Judge, item: Subject) -> int:
    counted = judge.engine.count_tokens(judge.asked(item).messages)
    if counted is None:
        raise RuntimeError("an engine in process counts tokens")
    return counted


def items_of(size: str, round_number: int) -> tuple[Subject, ...]:
    """Changes of one size that no prompt shows, others in each round; a large one is several put together."""
    count = ITEMS if size == MANY else 2
    changes = sorted((one.subject for one in load("safety", "dev") if one.subject.surface == "code"), key=_length)
    if size == "large":
        each = len(changes) // (ROUNDS * count)
        start = round_number * count
        return tuple(_joined(changes[(start + at) * each :]) for at in range(count))
    start = (len(changes) // 2 if size == "middle" else 0) + round_number * count
    return tuple(changes[start : start + count])


def _joined(changes: Sequence[Subject]) -> Subject:
    text = ""
    for one in itertools.cycle(changes):
        text += one.output.rstrip("\n") + "\n"
        if len(text) >= LARGE:
            return replace(changes[0], output=text[:LARGE])
    raise ValueError("there is no change to make a large one of")


def _length(subject: Subject) -> int:
    return len(subject.output)


@contextmanager
def small_model() -> Iterator[Model]:
    """A model of few random weights that reads quickly, with the vocabulary of a larger one: prompts are as long."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "reader.gguf"
        shape = replace(SHAPES["nano"], vocabulary=SHAPES["tiny"].vocabulary)
        make_model(path, ModelOrder(shape), lambda *_: None)
        yield Model(path, Digests(None).of(path), read_model(path))
