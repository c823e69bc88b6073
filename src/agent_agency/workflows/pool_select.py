"""Which of the user's engines to take for a judge, by what is on record of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import AgencyError
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.pool.machine_memory import budget_of
from agent_agency.inference.pool.select import Candidate, Need, Selection, select
from agent_agency.inference.spend.money import cost_of
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.engine_pool import Engines, is_remote
from agent_agency.workflows.learning_store import open_learning_store, open_users_store, reading
from agent_agency.workflows.pool_view import estimate_for, measured_for

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.inference.engine_settings import EngineChoices, EngineSettings
    from agent_agency.inference.protocol import Capabilities
    from agent_agency.store.engine_agreement import MeasuredVersion
    from agent_agency.store.evaluation_days import Sums

DAYS = 90
HOUR_MICRO = 1_000_000
"""What an hour of an engine's time is worth where nobody says otherwise: 1.00 of the currency."""
_MOST_CALLS = 1000
_TAIL = 0.95
_HOUR_US = 3_600_000_000
_NOT_ITS_FAULT = frozenset(
    {"engine.cancelled", "engine.bad_request", "engine.prompt_too_long", "interrupted", "abandoned"}
)
_ANSWERED = frozenset({"ok", "length"})


@dataclass(frozen=True, slots=True)
class SelectRequest:
    """What an engine is wanted for.

    Args:
        judge: whose labelled evaluations are the measure, with the prompt that is in use.
        need: hard constraints; its memory is that of the user's pool.
        days: that evaluations and calls count for.
        hour_micro: micro-units of the currency that an hour of an engine's time is worth.
    """

    judge: str
    need: Need
    days: int = DAYS
    hour_micro: int = HOUR_MICRO


@dataclass(frozen=True, slots=True)
class _Record:
    """What the stores know: measured versions, their sums, the newest calls of each engine; and what models are now.

    ``digests`` has those of models on this machine: what was measured of another file under the same name is no more.
    """

    versions: tuple[MeasuredVersion, ...]
    sums: Mapping[str, tuple[Sums, ...]]
    waits: Mapping[str, tuple[tuple[str, float], ...]]
    memory: Mapping[str, int]
    digests: Mapping[str, str]


def select_engine(request: SelectRequest, folder: Path, environment: Mapping[str, str], clock: Clock) -> Selection:
    """Choose among the engines of the user's file.

    Engines are asked what they can do only where that is needed; a model on this machine is loaded for it.

    Raises:
        AgencyError: the user's file, the judge's prompt or a store cannot be read.
    """
    choices = load_engines(environment)
    database = open_learning_store(folder, environment)
    prompt = active_prompt(database, request.judge).digest
    since = rfc3339(clock.now() - timedelta(days=request.days))
    with reading(database) as connection:
        record = _record(connection, request.judge, since, list(choices.engines))
    with reading(open_users_store(environment)) as connection:
        found = {one.name: measured_for(connection, one) for one in choices.engines.values()}
        sizes = {name: size for name, size in found.items() if size is not None}
    record = replace(record, memory=sizes, digests=_digests(choices, environment))
    asks = bool(request.need.needs or request.need.context_tokens)
    engines = Engines(choices, environment)
    try:
        candidates = []
        for one in choices.engines.values():
            problem, capabilities = _asked(engines, one.name) if asks else ("", None)
            if one.kind in {"offline", "replay"}:
                problem, capabilities = "it is no language model", None
            known = Candidate(one.name, problem, capabilities, record.memory.get(one.name) or estimate_for(one) or 0)
            candidates.append(_measured(known, one, record, prompt, request))
    finally:
        engines.close()
    return select(candidates, replace(request.need, memory_bytes=_budget(choices)))


def _budget(choices: EngineChoices) -> int:
    return budget_of(choices.pool.memory_gb)


def _asked(engines: Engines, name: str) -> tuple[str, Capabilities | None]:
    try:
        return "", engines.engine(name).capabilities()
    except AgencyError as error:
        return f"it cannot be asked: {error.message}", None


def _record(connection: Connection | None, judge: str, since: str, names: list[str]) -> _Record:
    from agent_agency.store import engine_agreement, evaluation_days, model_runs

    if connection is None:
        return _Record((), {}, {}, {}, {})
    sums: dict[str, tuple[Sums, ...]] = {}
    for one in evaluation_days.sums_by_version(connection, judge, since[: len("2026-01-31")]):
        sums[one.version] = (*sums.get(one.version, ()), one.sums)
    waits = {name: model_runs.last_waits(connection, name, since, _MOST_CALLS) for name in names}
    return _Record(engine_agreement.measured_versions(connection, judge, since), sums, waits, {}, {})


def _measured(
    known: Candidate, settings: EngineSettings, record: _Record, prompt: str, request: SelectRequest
) -> Candidate:
    """A candidate with what is on record: only answers to the prompt in use count, and one model's at a time."""
    mine, note = _mine(known.name, record, prompt)
    counted: dict[str, tuple[int, int]] = {}
    for one in mine:
        for subject, (right, answers) in one.right.items():
            before = counted.get(subject, (0, 0))
            counted[subject] = before[0] + right, before[1] + answers
    waits = [
        (outcome, seconds) for outcome, seconds in record.waits.get(known.name, ()) if outcome not in _NOT_ITS_FAULT
    ]
    return replace(
        known,
        p95_s=_p95(waits),
        calls=len(waits),
        labelled=len(counted),
        right=math.fsum(right / answers for right, answers in counted.values()),
        cost=_cost([sums for one in mine for sums in record.sums.get(one.version, ())], settings, request.hour_micro),
        note=note,
    )


def _mine(engine: str, record: _Record, prompt: str) -> tuple[list[MeasuredVersion], str]:
    """The measured versions of one engine as it is now, and why there is none where that needs a word."""
    every = [one for one in record.versions if one.engine == engine]
    mine = [one for one in every if one.prompt == prompt]
    if every and not mine:
        return [], "not measured with the prompt that is in use"
    now = record.digests.get(engine)
    if now is not None and mine:
        same = [one for one in mine if one.model_digest == now]
        return same, "" if same else "not measured: its file is another one than was measured"
    if len({one.model_digest for one in mine}) > 1:
        return [], "not measured: its name stood for several models lately; name each one apart"
    return mine, ""


def _digests(choices: EngineChoices, environment: Mapping[str, str]) -> dict[str, str]:
    from agent_agency.inference.models.digests import Digests

    known, found = Digests.of_user(environment), {}
    for one in choices.engines.values():
        if one.kind == "local" and one.path:
            with suppress(AgencyError):  # whether it can be asked at all is another question
                found[one.name] = known.of(Path(one.path))
    return found


def _p95(waits: list[tuple[str, float]]) -> float | None:
    """The 95th percentile (nearest rank); a call that failed never ended."""
    if not waits:
        return None
    seconds = sorted(one if outcome in _ANSWERED else math.inf for outcome, one in waits)
    return seconds[math.ceil(_TAIL * len(seconds)) - 1]


def _cost(sums: list[Sums], settings: EngineSettings, hour_micro: int) -> int | None:
    """Micro-units of one answer that no cache gave: its tokens by their price, and its time; ``None`` if unknown."""
    answers = sum(one.evaluations - one.cache_hits for one in sums)
    if answers < 1 or (settings.price_prompt is None and is_remote(settings)):
        return None  # what another machine's server costs is not known until somebody writes its price down
    micros = round(math.fsum(one.latency_s for one in sums) * 1_000_000)
    time = -(-micros * hour_micro // _HOUR_US)
    prompt = cost_of(sum(one.prompt_tokens for one in sums), settings.price_prompt or 0)
    completion = cost_of(sum(one.completion_tokens for one in sums), settings.price_completion or 0)
    return -(-(time + prompt + completion) // answers)
