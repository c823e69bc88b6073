"""Measure a local model again, briefly, before long work, where versions or machine changed since it was measured.

It never surprises: only a model that somebody measured before (unless its settings say ``always``), only where the
settings leave the engine open, in one mode, a few requests of each way, and for a minute at most. What comes of it is
kept, also that it took too long, so that it is not tried each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from agent_agency.clock import Clock, SystemClock
from agent_agency.errors import AgencyError, EngineError
from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.machine import MeasuredOn, measured_on
from agent_agency.inference.bench.measuring_lock import measuring
from agent_agency.inference.bench.row import Mode, Way
from agent_agency.inference.bench.trial import Trial, best_trial
from agent_agency.inference.bench.ways import Loaded
from agent_agency.inference.bench.winner import Choice, Measurement, keep_measurement
from agent_agency.inference.choose import settings_of
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.models.backend_choice import Machine, choose_backend, runnable
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.last_winner import LastWinner, last_winner, measured_file
from agent_agency.inference.models.local_engine import how_run
from agent_agency.inference.models.model_facts import read_model
from agent_agency.workflows.measure_engine import Model, opened, try_ways

MANY = 500
"""Records from which on judging them is long work: minutes, of which a measurement is a small part."""
SECONDS = 60.0
_SHAPE = LoadShape()
_WIDTHS: Mapping[str, tuple[int, ...]] = MappingProxyType({"openvino": (16,), "llama.cpp": (4, 8)})
_MODE: Mode = "short"
_WHOLE = "Run agency engine bench."
_LEAST_S = 0.1


@dataclass(frozen=True, slots=True)
class Measuring:
    """What a short measurement draws on.

    Args:
        told: hears a sentence for people.
        seconds: that it may take.
        shape: of the prompts.
        timer: seconds that only go forward.
        clock: tells when.
    """

    told: Callable[[str], None]
    seconds: float = SECONDS
    shape: LoadShape = _SHAPE
    timer: Callable[[], float] = time.perf_counter
    clock: Clock = field(default_factory=SystemClock)


def hint(spec: str | None, environment: Mapping[str, str]) -> str:
    """What a person should know of how a local model is run: that its measurement is not of today; empty for nothing.

    What keeps the engine from running at all is told by who opens it.
    """
    try:
        settings = settings_of(spec, load_engines(environment))
        return how_run(settings, environment).note if _open(settings) else ""
    except AgencyError:
        return ""


def measure_again(spec: str | None, environment: Mapping[str, str], services: Measuring) -> bool:
    """Measure a model again where that is due; whether it was measured.

    What stands in the way of measuring is told and is no error: the last winner is used, else the default.
    """
    try:
        settings = settings_of(spec, load_engines(environment))
        if not _open(settings) or settings.remeasure == "never":
            return False
        path = Path(settings.path or "")
        model = Model(path, Digests.of_user(environment).of(path), read_model(path))
        if not _due(settings, last_winner(model.digest, environment)):
            return False
        with measuring(measured_file(environment)) as ours:
            if not ours:
                services.told("Another process measures engines just now; until it is done, what won last is used.")
                return False
            last = last_winner(model.digest, environment)
            return _due(settings, last) and _measure(settings, model, last, environment, services)
    except AgencyError as error:
        services.told(f"The model cannot be measured again: {error.message}. {error.fix}")
        return False


def _open(settings: EngineSettings) -> bool:
    """Whether the settings leave it to a measurement what runs the model."""
    return settings.kind == "local" and settings.engine == "auto"


def _due(settings: EngineSettings, last: LastWinner) -> bool:
    if last.problem:
        return False
    return bool(last.changed) if last.choice is not None else settings.remeasure == "always"


def _measure(
    settings: EngineSettings, model: Model, last: LastWinner, environment: Mapping[str, str], services: Measuring
) -> bool:
    why = f"was measured with other {' and '.join(last.changed)}" if last.changed else "was never measured"
    services.told(
        f"The model of {settings.name} {why}: measuring it for {services.seconds:.0f} seconds at most "
        '(remeasure = "never" in its settings leaves that out).'
    )
    mode = _mode_of(last)
    machine = Machine.this()
    on = measured_on(model.digest)
    try:
        won = last.choice
        way = None if won is None else Way(won.engine, mode, won.width)
        choice = _choice(_trials(model, mode, way, runnable(model.facts, machine), services), way)
        told = f"Measured: {choice.engine}, {choice.width} at once. agency engine bench measures it whole."
    except EngineError as error:
        kept = choose_backend(settings, model.facts, last.choice, machine, on.memory_gib)
        choice = Choice(kept.engine, "default", kept.width, f"{kept.why}; a short measurement came to no end")
        told = f"That came to no end: {error.message}. {kept.engine}, {kept.width} at once, is used as before."
    services.told(told)
    _keep(on, mode, choice, environment, services)
    return True


def _mode_of(last: LastWinner) -> Mode:
    known: Mapping[str, Mode] = {"full": "full", "short": "short", "label": "label"}
    return known.get(last.mode, _MODE)


def _keep(on: MeasuredOn, mode: Mode, choice: Choice, environment: Mapping[str, str], services: Measuring) -> None:
    at = services.clock.now().isoformat(timespec="seconds")
    keep_measurement(measured_file(environment), Measurement(on, at, {mode: choice}, tried=True))


def _trials(model: Model, mode: Mode, last: Way | None, engines: list[str], services: Measuring) -> list[Trial]:
    """Try each engine's usual widths, and the way that won last.

    Raises:
        EngineError: one cannot be loaded, fails, or takes too long.
    """
    until = services.timer() + services.seconds
    found: list[Trial] = []
    for engine in engines:
        widths = {*_WIDTHS[engine], *([last.concurrency] if last is not None and last.engine == engine else ())}
        loaded = Loaded(engine, "default", prefix_cache=True, width=max(widths))
        ways = [Way(engine, mode, width) for width in sorted(widths)]
        try:
            with opened(model, loaded, max(_LEAST_S, until - services.timer())) as ready:
                found += try_ways(ready, ways, services.shape, services.timer, until=until)
        except EngineError as error:
            if services.timer() < until - _LEAST_S:
                raise
            raise _too_long(services) from error
        if services.timer() >= until:
            raise _too_long(services)
    return found


def _too_long(services: Measuring) -> EngineError:
    message = f"it took more than {services.seconds:.0f} seconds"
    return EngineError(message, fix=_WHOLE, code="engine.unmeasured")


def _choice(trials: list[Trial], last: Way | None) -> Choice:
    best = best_trial(trials, last)
    if best is None:
        raise EngineError("no way gave valid answers alone", fix=_WHOLE, code="engine.unmeasured")
    why = f"tried with {best.requests} requests: {best.requests_per_s:.3g} requests/s, of {len(trials)} ways"
    return Choice(best.way.engine, best.way.precision, best.way.concurrency, why)
