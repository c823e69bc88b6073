"""``agency engine bench``: load a model each way that this machine can run it, measure, and keep what was best."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import parse_json
from agent_agency.clock import Clock, SystemClock
from agent_agency.errors import AgencyError, EngineError, UsageError
from agent_agency.inference.bench.judge_load import JudgeLoad, LoadShape, judge_load
from agent_agency.inference.bench.machine import MeasuredOn, measured_on
from agent_agency.inference.bench.measure_way import Answering, Asked, Instruments, measure_way
from agent_agency.inference.bench.row import NAIVE, Row, Way
from agent_agency.inference.bench.ways import Loaded, Wanted, loadings, ways
from agent_agency.inference.bench.winner import (
    FILE,
    Choice,
    Measurement,
    check_keepable,
    choices_of,
    keep_measurement,
    load_measurements,
)
from agent_agency.inference.choose import settings_of
from agent_agency.inference.engine_file import engines_path, load_engines
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.model_facts import ModelFacts, read_model
from agent_agency.judging.modes.short_answer import short_schema

if TYPE_CHECKING:
    from agent_agency.inference.local.engine import LocalEngine
    from agent_agency.inference.protocol import Message, Reply

Told = Callable[[Way, int, int], None]
_LABELS = ("pass", "partial", "fail")
_MIB = 2**20
_TRIAL = 4
_NAIVE_LOADED = Loaded(NAIVE.engine, NAIVE.precision, prefix_cache=False, width=1)
_WARM_UP = LoadShape(requests=2, rubric_tokens=64, item_tokens=32, seed=1)
_UNMEASURED = frozenset({"engine.model_unsupported", "usage.extra_missing", "engine.no_labels"})
"""Codes that mean that an engine cannot run this model here; any other failure ends the measurement."""


@dataclass(frozen=True, slots=True)
class BenchOrder:
    """What is to be measured: a configured engine's model, or a file; the load; and which ways."""

    name: str | None
    model: Path | None
    shape: LoadShape = field(default_factory=LoadShape)
    wanted: Wanted = field(default_factory=Wanted)
    keep: bool = True
    if_changed: bool = False


@dataclass(frozen=True, slots=True)
class EngineBench:
    """What was measured; ``measured`` is false where the last measurement still holds. ``skipped``: what, and why."""

    model: str
    parameters: int
    on: MeasuredOn
    shape: LoadShape
    rows: tuple[Row, ...]
    skipped: tuple[tuple[str, str], ...]
    choices: Mapping[str, Choice]
    kept: str | None
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """The model that is measured."""

    path: Path
    digest: str
    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class Opened:
    """A loaded model: what answers, and the engine behind it."""

    answering: Answering
    engine: LocalEngine


def bench_engines(
    order: BenchOrder,
    environment: Mapping[str, str],
    told: Told = lambda *_: None,
    *,
    clock: Clock | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> EngineBench:
    """Measure every way that was asked for, the naive one first; a way that cannot be run here is told.

    Raises:
        UsageError: neither a configured engine nor a file is named, or both.
        EngineError: the model cannot be read, or an engine failed while it was measured.
        FileUnwritableError: the choice could not be kept; where that is known before, nothing is measured.
    """
    model = the_model(order, environment)
    on = measured_on(model.digest)
    parameters = model.facts.parameters or 0
    kept_in = engines_path(environment).parent / FILE
    if order.if_changed and (old := _still_holds(kept_in, on)) is not None:
        return EngineBench(
            _title(model),
            model.facts.parameters or 0,
            on,
            order.shape,
            (),
            (),
            old.choices,
            str(kept_in),
            measured=False,
        )
    if order.keep:
        check_keepable(kept_in)
    chosen = ways(order.wanted, order.shape.requests)
    rows, skipped = _measured(model, chosen, order.shape, told, timer)
    naive = next(row for row in rows if _is_naive(row))
    rows = [row.beside(naive) for row in rows]
    choices = choices_of(rows)
    if order.keep and choices:
        at = (clock or SystemClock()).now().isoformat(timespec="seconds")
        keep_measurement(kept_in, Measurement(on, at, choices))
    kept = str(kept_in) if order.keep and choices else None
    return EngineBench(_title(model), parameters, on, order.shape, tuple(rows), tuple(skipped), choices, kept)


def the_model(order: BenchOrder, environment: Mapping[str, str]) -> Model:
    """The model that is meant, its file read.

    Raises:
        UsageError: none, or two.
        EngineError: it is no model, or the engine that is named is none of this machine.
    """
    if (order.name is None) == (order.model is None):
        fix = "Give NAME of a local engine of your configuration, or --model FILE."
        raise UsageError("One model is measured at a time", fix=fix)
    path = order.model
    if path is None:
        settings = settings_of(order.name, load_engines(environment))
        if settings.kind != "local" or settings.path is None:
            message = f"The engine {order.name!r} does not run on this machine"
            raise UsageError(message, fix='Name one of kind "local", or give --model FILE.')
        path = Path(settings.path)
    path = path.absolute()
    facts = read_model(path)
    return Model(path, Digests.of_user(environment).of(path), facts)


def _title(model: Model) -> str:
    return model.facts.name or model.path.name


def _still_holds(path: Path, on: MeasuredOn) -> Measurement | None:
    return next((one for one in load_measurements(path) if one.on == on), None)


def _is_naive(row: Row) -> bool:
    return Way(row.engine, row.mode, row.concurrency, row.precision, row.prefix_cache).naive


def _measured(
    model: Model, chosen: tuple[Way, ...], shape: LoadShape, told: Told, timer: Callable[[], float]
) -> tuple[list[Row], list[tuple[str, str]]]:
    """Rows in the order of the ways, and what could not be run here."""
    rows: dict[Way, Row] = {}
    skipped: list[tuple[str, str]] = []
    for loaded, group in loadings(chosen).items():
        if not loaded.prefix_cache:
            rows[NAIVE] = naive_row(model, shape, timer, partial(_tell, told, NAIVE, shape.requests))
            continue
        try:
            with opened(model, loaded) as ready:
                for way in group:
                    rows[way] = measure_on(ready, way, shape, timer, partial(_tell, told, way, shape.requests))
        except AgencyError as error:
            if error.stable_code not in _UNMEASURED:
                raise
            skipped.append((f"{loaded.engine}, {loaded.precision}", error.message))
    return [rows[way] for way in chosen if way in rows], skipped


def _tell(told: Told, way: Way, of: int, done: int) -> None:
    told(way, done, of)


def no_word(done: int) -> None:
    """Say nothing of how far it is."""


def naive_row(model: Model, shape: LoadShape, timer: Callable[[], float], told: Callable[[int], None] = no_word) -> Row:
    """Measure the naive way at its best: with threads that spin, or that wait, whichever answers this machine quicker.

    Which it is turns on what else the machine does. A few requests each way choose; the row is measured with the
    quicker.

    Raises:
        EngineError: the model cannot be loaded, or a request failed.
    """
    trial = replace(shape, requests=min(_TRIAL, shape.requests))
    rates = {}
    for loaded in (_NAIVE_LOADED, replace(_NAIVE_LOADED, spin=True)):
        with opened(model, loaded) as ready:
            rates[loaded] = measure_on(ready, NAIVE, trial, timer).requests_per_s
    with opened(model, max(rates, key=lambda loaded: rates[loaded])) as ready:
        return measure_on(ready, NAIVE, shape, timer, told)


def measure_on(
    ready: Opened, way: Way, shape: LoadShape, timer: Callable[[], float], told: Callable[[int], None] = no_word
) -> Row:
    """Measure one way on a loaded model, after a warm-up with other texts.

    Raises:
        EngineError: a request failed.
    """
    engine = ready.engine
    instruments = Instruments(
        timer, lambda: _processes(engine), lambda: _memory_mib(engine), lambda: _primed(ready.answering), told
    )
    quiet = replace(instruments, told=no_word)
    measure_way(ready.answering, replace(way, concurrency=1), _load(_WARM_UP, engine), _asked(), quiet)
    return measure_way(ready.answering, way, _load(shape, engine), _asked(), instruments)


def _load(shape: LoadShape, engine: LocalEngine) -> JudgeLoad:
    def count(messages: tuple[Message, ...]) -> int:
        counted = engine.count_tokens(messages)
        if counted is None:
            fix = "See agency engine check."
            raise EngineError("The engine does not count tokens", fix=fix, code="engine.no_token_counts")
        return counted

    return judge_load(shape, count)


@contextmanager
def opened(model: Model, loaded: Loaded) -> Iterator[Opened]:
    """A model loaded in a process of its own, behind the scheduler that judges use; let go of at the end.

    The naive way has no scheduler: one request after the other, as a script would send them.

    Raises:
        EngineError: it cannot be loaded.
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
        engine.warm()
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
