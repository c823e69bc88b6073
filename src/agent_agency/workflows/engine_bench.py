"""``agency engine bench``: load a model each way that this machine can run it, measure, and keep what was best."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_agency.clock import Clock, SystemClock
from agent_agency.errors import FileUnreadableError, UsageError
from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.machine import MeasuredOn, measured_on
from agent_agency.inference.bench.measuring_lock import measuring
from agent_agency.inference.bench.row import Row, Way
from agent_agency.inference.bench.trial import Trial
from agent_agency.inference.bench.ways import Wanted, ways
from agent_agency.inference.bench.winner import (
    Choice,
    Measurement,
    check_keepable,
    choices_of,
    keep_measurement,
    load_measurements,
)
from agent_agency.inference.choose import settings_of
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.last_winner import measured_file
from agent_agency.inference.models.model_facts import read_model
from agent_agency.workflows.engine_bench_rows import Run, Told, measure_ways, no_word
from agent_agency.workflows.measure_engine import Model


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
    """What was measured; ``measured`` is false where the last measurement still holds. ``skipped``: what, and why.

    ``trials`` are the few requests that chose which ways the rows are of; ``moved`` is where a file went that stood in
    the place of ``kept`` and could not be read.
    """

    model: str
    parameters: int
    on: MeasuredOn
    shape: LoadShape
    rows: tuple[Row, ...]
    skipped: tuple[tuple[str, str], ...]
    choices: Mapping[str, Choice]
    kept: str | None
    measured: bool = True
    trials: tuple[Trial, ...] = ()
    moved: str | None = None


def bench_engines(
    order: BenchOrder,
    environment: Mapping[str, str],
    told: Told = no_word,
    *,
    clock: Clock | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> EngineBench:
    """Measure what was asked for, the naive way first; a way that cannot be run here is told.

    Where no numbers at once are asked for, a trial finds those that are worth it: see `measure_ways`.

    Raises:
        UsageError: neither a configured engine nor a file is named, or both.
        EngineError: the model cannot be read, or an engine failed while it was measured.
        FileUnwritableError: the choice could not be kept; where that is known before, nothing is measured.
    """
    model = the_model(order, environment)
    on = measured_on(model.digest)
    kept_in = measured_file(environment)
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
    if not order.keep:
        return _measured(order, model, on, told, timer)
    check_keepable(kept_in)
    with measuring(kept_in):
        found = _measured(order, model, on, told, timer)
        if not found.choices:
            return found
        at = (clock or SystemClock()).now().isoformat(timespec="seconds")
        moved = keep_measurement(kept_in, Measurement(on, at, found.choices))
    return replace(found, kept=str(kept_in), moved=None if moved is None else str(moved))


def _measured(order: BenchOrder, model: Model, on: MeasuredOn, told: Told, timer: Callable[[], float]) -> EngineBench:
    chosen = ways(order.wanted, order.shape.requests)
    measured = measure_ways(chosen, Run(model, order.shape, timer, told), whole=bool(order.wanted.widths))
    naive = next(row for row in measured.rows if _is_naive(row))
    rows = tuple(row.beside(naive) for row in measured.rows)
    parameters = model.facts.parameters or 0
    found = EngineBench(_title(model), parameters, on, order.shape, rows, measured.skipped, choices_of(rows), None)
    return replace(found, trials=measured.trials)


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
    """The measurement of just this; one of a few requests leaves a whole one to be made."""
    try:
        there = load_measurements(path)
    except FileUnreadableError:
        return None
    return next((one for one in there if one.on == on and not one.tried), None)


def _is_naive(row: Row) -> bool:
    return Way(row.engine, row.mode, row.concurrency, row.precision, row.prefix_cache).naive
