"""Load a model one way, and measure ways of answering on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import parse_json
from agent_agency.errors import EngineError
from agent_agency.inference.bench.judge_load import JudgeLoad, LoadShape, judge_load
from agent_agency.inference.bench.measure_way import Answering, Asked, Instruments, measure_way
from agent_agency.inference.bench.row import NAIVE, Mode, Row, Way
from agent_agency.inference.bench.trial import Trial, trial_requests
from agent_agency.inference.bench.ways import Loaded
from agent_agency.inference.models.model_facts import ModelFacts
from agent_agency.judging.modes.short_answer import short_schema

if TYPE_CHECKING:
    from agent_agency.inference.local.engine import LocalEngine
    from agent_agency.inference.protocol import Message, Reply

_LABELS = ("pass", "partial", "fail")
_MIB = 2**20
_TRIAL = 2
_LEAST_RUBRIC = 16
_TRIAL_SEED = 3
_TRIAL_WORDS = "trial"
"""No mode is called so: no row's prompts begin like a trial's."""
_LEAST_S = 0.1
_NAIVE_LOADED = Loaded(NAIVE.engine, NAIVE.precision, prefix_cache=False, width=1)
_WARM_UP = LoadShape(requests=1, rubric_tokens=64, item_tokens=32, seed=1)


@dataclass(frozen=True, slots=True)
class Model:
    """The model that is measured."""

    path: Path
    digest: str
    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class Opened:
    """A loaded model: what answers, and the engine behind it; the modes that it was warmed up for, and loads made."""

    answering: Answering
    engine: LocalEngine
    warm: set[Mode] = field(default_factory=set)
    loads: dict[LoadShape, JudgeLoad] = field(default_factory=dict)


def no_word(done: int) -> None:
    """Say nothing of how far it is."""


def no_trial_word(way: Way, done: int, of: int) -> None:
    """Say nothing of how far a trial is."""


def naive_row(model: Model, shape: LoadShape, timer: Callable[[], float], told: Callable[[int], None] = no_word) -> Row:
    """Measure the naive way at its best: with threads that spin, or that wait, whichever answers this machine quicker.

    Which it is turns on what else the machine does. A few short requests each way choose; the row is measured with the
    quicker.

    Raises:
        EngineError: the model cannot be loaded, or a request failed.
    """
    rubric = max(_LEAST_RUBRIC, shape.rubric_tokens // 4)
    trial = replace(shape, requests=min(_TRIAL, shape.requests), rubric_tokens=min(rubric, shape.rubric_tokens))
    with opened(model, _NAIVE_LOADED) as ready:
        waiting = measure_on(ready, NAIVE, trial, timer).requests_per_s
    with opened(model, replace(_NAIVE_LOADED, spin=True)) as ready:
        if measure_on(ready, NAIVE, trial, timer).requests_per_s > waiting:
            return measure_on(ready, NAIVE, shape, timer, told)
    with opened(model, _NAIVE_LOADED) as ready:
        return measure_on(ready, NAIVE, shape, timer, told)


def measure_on(
    ready: Opened, way: Way, shape: LoadShape, timer: Callable[[], float], told: Callable[[int], None] = no_word
) -> Row:
    """Measure one way on a loaded model, after a warm-up with other texts where it has not answered in this mode yet.

    Raises:
        EngineError: a request failed.
    """
    if way.mode not in ready.warm:
        quiet = _instruments(ready, timer, no_word)
        measure_way(ready.answering, replace(way, concurrency=1), _load(_WARM_UP, ready), _asked(), quiet)
        ready.warm.add(way.mode)
    return measure_way(ready.answering, way, _load(shape, ready), _asked(), _instruments(ready, timer, told))


def try_ways(
    ready: Opened,
    tried: Sequence[Way],
    shape: LoadShape,
    timer: Callable[[], float],
    told: Callable[[Way, int, int], None] = no_trial_word,
    until: float | None = None,
) -> Iterator[Trial]:
    """Try ways on a loaded model, each with items of its own below one rubric that was computed before.

    Args:
        ready: the model, loaded for at least as many requests in flight as the widest way has.
        tried: the ways, all of this loading's engine and precision.
        shape: of the rubric and the items; how many there are is the trials' own affair.
        timer: seconds that only go forward.
        told: called with how many of a way's requests are answered.
        until: of the timer; a request that is not answered by then is an error.

    Raises:
        EngineError: a request failed.
    """
    sizes = [trial_requests(way) for way in tried]
    modes = list(dict.fromkeys(way.mode for way in tried))
    load = _load(replace(shape, requests=len(modes) + sum(sizes), seed=_TRIAL_SEED), ready)
    items = iter(load.prompts)

    def row(way: Way, requests: int, word: Callable[[int], None]) -> Row:
        part = replace(load, prompts=tuple(islice(items, requests)))
        asked = _asked() if until is None else replace(_asked(), deadline_s=max(_LEAST_S, until - timer()))
        return measure_way(ready.answering, way, part, asked, _instruments(ready, timer, word), _TRIAL_WORDS)

    for mode in modes:
        alone = next(replace(way, concurrency=1) for way in tried if way.mode == mode)
        row(alone, 1, no_word)
        for way, size in zip(tried, sizes, strict=True):
            if way.mode == mode:
                found = row(way, size, partial(_tell_of, told, way, size))
                yield Trial(way, size, found.requests_per_s, found.p50_s, found.other_load, found.valid)


def _tell_of(told: Callable[[Way, int, int], None], way: Way, of: int, done: int) -> None:
    told(way, done, of)


def _instruments(ready: Opened, timer: Callable[[], float], told: Callable[[int], None]) -> Instruments:
    engine = ready.engine
    return Instruments(
        timer, lambda: _processes(engine), lambda: _memory_mib(engine), lambda: _primed(ready.answering), told
    )


def _load(shape: LoadShape, ready: Opened) -> JudgeLoad:
    def count(messages: tuple[Message, ...]) -> int:
        counted = ready.engine.count_tokens(messages)
        if counted is None:
            fix = "See agency engine check."
            raise EngineError("The engine does not count tokens", fix=fix, code="engine.no_token_counts")
        return counted

    if shape not in ready.loads:
        ready.loads[shape] = judge_load(shape, count)
    return ready.loads[shape]


@contextmanager
def opened(model: Model, loaded: Loaded, seconds: float | None = None) -> Iterator[Opened]:
    """A model loaded in a process of its own, behind the scheduler that judges use; let go of at the end.

    The naive way has no scheduler: one request after the other, as a script would send them.

    Args:
        model: to load.
        loaded: how.
        seconds: that the loading may take; ``None`` for an engine's usual patience.

    Raises:
        EngineError: it cannot be loaded, or not in time.
    """
    from agent_agency.inference.local.engine import LocalEngine
    from agent_agency.inference.local.local_model import LocalModel
    from agent_agency.inference.scheduling.scheduler import Scheduler
    from agent_agency.inference.scheduling.settings import SchedulerSettings

    extra = {} if loaded.prefix_cache else {"prefix_cache": False}
    facts = model.facts
    settings = LocalModel(
        f"{loaded.engine} {loaded.precision}",
        str(model.path),
        model.digest,
        loaded.engine,
        facts.name,
        facts.quantisation,
        loaded.precision,
        loaded.width,
        spin=loaded.spin,
        extra=extra,
    )
    with closing(LocalEngine(settings)) as engine:
        engine.warm(seconds)
        if not loaded.prefix_cache:
            yield Opened(engine, engine)
            return
        with closing(Scheduler(engine, SchedulerSettings(width=loaded.width))) as scheduler:
            yield Opened(scheduler, engine)


def _asked() -> Asked:
    schema = short_schema()
    return Asked(schema, lambda reply: _valid(reply, schema), _LABELS)


def _valid(reply: Reply, schema: Mapping[str, Any]) -> bool:
    """Whether a short answer keeps its schema: an object with just its members, each one of the allowed values."""
    if reply.finish != "stop":
        return False
    try:
        value = parse_json(reply.text.encode("utf-8"))
    except ValueError:
        return False
    allowed = schema["properties"]
    if not isinstance(value, dict) or set(value) != set(allowed):
        return False
    return all(not isinstance(each, bool) and each in allowed[name]["enum"] for name, each in value.items())


def _primed(answering: Answering) -> int:
    from agent_agency.inference.scheduling.scheduler import Scheduler

    return answering.served().tokens.primed if isinstance(answering, Scheduler) else 0


def _processes(engine: LocalEngine) -> tuple[int, ...]:
    return () if engine.process_id is None else (engine.process_id,)


def _memory_mib(engine: LocalEngine) -> float | None:
    return engine.memory_bytes / _MIB if engine.memory_bytes else None
