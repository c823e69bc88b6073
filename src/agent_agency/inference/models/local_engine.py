"""From the settings of a model on this machine to the engine that runs it; nothing is loaded yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.bench.machine import measured_on
from agent_agency.inference.models.backend_choice import Machine, Runner, choose_backend
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.last_winner import LastWinner, last_winner
from agent_agency.inference.models.model_facts import ModelFacts, read_model, refuse_without_template

if TYPE_CHECKING:
    from agent_agency.inference.engine_settings import EngineSettings
    from agent_agency.inference.local.engine import LocalEngine
    from agent_agency.inference.local.local_model import LocalModel


def make_local(
    settings: EngineSettings, environment: Mapping[str, str], timer: Callable[[], float] = time.perf_counter
) -> LocalEngine:
    """The engine of these settings; its process starts with the first question.

    Raises:
        FileUnreadableError: the model is not there or cannot be read.
        EngineError: it is no whole model, another one than was added, or none that the engine can run.
        MissingExtraError: the engine is not installed.
    """
    from agent_agency.inference.local.engine import LocalEngine

    return LocalEngine(local_model(settings, environment), timer=timer)


def local_model(settings: EngineSettings, environment: Mapping[str, str]) -> LocalModel:
    """The model file of these settings and how it is run: as they say, as measured here, else by default.

    Raises:
        FileUnreadableError: as `make_local`.
        EngineError: as `make_local`.
        MissingExtraError: as `make_local`.
    """
    from agent_agency.inference.local.local_model import LocalModel
    from agent_agency.inference.pool.machine_memory import budget_of

    path = Path(settings.path or "")
    facts = read_model(path)
    refuse_without_template(facts, path)
    digest = Digests.of_user(environment).of(path)
    if settings.digest is not None and settings.digest != digest:
        raise EngineError(
            f"The model of the engine {settings.name!r} is another one than was added",
            fix=f"Run agency engine add {path} --name {settings.name} to take it as it is, or put the old one back.",
            path=str(path),
            code="engine.model_changed",
        )
    _refuse_wide_context(settings, facts.context_tokens)
    runner, _ = _runner(settings, facts, digest, environment)
    return LocalModel(
        name=settings.name,
        path=str(path),
        digest=digest,
        engine=runner.engine,
        model=facts.name or path.name,
        quantisation=facts.quantisation,
        precision=settings.precision,
        width=runner.width,
        context=settings.context,
        threads=settings.threads,
        memory_gb=settings.memory_gb,
        ceiling_bytes=budget_of(None),
    )


@dataclass(frozen=True, slots=True)
class HowRun:
    """What runs a model, and what a person should know of that; ``note`` is empty where there is nothing."""

    runner: Runner
    note: str


def how_run(settings: EngineSettings, environment: Mapping[str, str]) -> HowRun:
    """What would run the model of these settings, and whether the measurement behind that is still of today.

    Raises:
        FileUnreadableError: as `make_local`.
        EngineError: as `make_local`.
        MissingExtraError: as `make_local`.
    """
    path = Path(settings.path or "")
    facts = read_model(path)
    runner, last = _runner(settings, facts, Digests.of_user(environment).of(path), environment)
    return HowRun(runner, _note(runner, last) if settings.engine == "auto" else "")


def _runner(
    settings: EngineSettings, facts: ModelFacts, digest: str, environment: Mapping[str, str]
) -> tuple[Runner, LastWinner]:
    last = last_winner(digest, environment)
    runner = choose_backend(settings, facts, last.choice, Machine.this(), measured_on(digest).memory_gib)
    return runner, last


def _note(runner: Runner, last: LastWinner) -> str:
    if last.problem:
        return f"{last.problem}. So the default counts. agency engine bench measures, and moves the file aside."
    if last.choice is None or not last.changed:
        return ""
    used = "what won then is used" if runner.engine == last.choice.engine else "what won then cannot run it here"
    other = " and ".join(last.changed)
    return f"The model was measured with other {other}, and {used}. agency engine bench measures it again."


def _refuse_wide_context(settings: EngineSettings, there: int | None) -> None:
    if settings.context is not None and there is not None and settings.context > there:
        raise EngineError(
            f"A context of {settings.context:,} tokens is asked for, and the model has {there:,}",
            fix=f"Write 'context = {there}' or less into the settings of {settings.name!r}.",
            path=settings.path,
            code="engine.bad_settings",
        )
