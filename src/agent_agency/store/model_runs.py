"""Calls of engines, as they were made: kept by run, and summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import canonical_json
from agent_agency.store.statements import next_number, parts, run, run_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MILLION = 1_000_000
_BIT = 1000
_TOTALS = (
    "count(*), coalesce(sum(CASE WHEN outcome = 'ok' THEN 0 ELSE 1 END), 0), coalesce(sum(cache_hit), 0), "
    + "".join(
        f"coalesce(sum(CASE WHEN cache_hit = 0 THEN {name} ELSE 0 END), 0), "
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens")
    )
    + "coalesce(sum(latency_us), 0)"
)


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One call of an engine.

    Args:
        run: what the call was made for; may be empty.
        at: when it began, RFC 3339 in UTC.
        engine: the engine's name.
        outcome: ``ok``, or a stable word for how it ended otherwise.
        prompt_tokens: as the engine counts, likewise the others; ``None`` where it does not tell.
        latency_s: seconds that the caller waited.
        cache_hit: whether no engine was asked.
        details: the rest, plain JSON data: identity, model and its digest, parameters, digest of the prompt.
    """

    run: str
    at: str
    engine: str
    outcome: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    latency_s: float
    cache_hit: bool
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallTotals:
    """What the calls of a run come to; tokens are those of calls that an engine answered, ``latency_s`` is the sum."""

    calls: int
    failed: int
    cache_hits: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    latency_s: float


def add_calls(connection: Connection, calls: Sequence[ModelRun]) -> None:
    """Keep calls in their order.

    Raises:
        ValueError: the details of one are no plain JSON data.
    """
    for part in parts(calls):
        first = next_number(connection, "agency_model_runs")
        run_many(
            connection,
            "INSERT INTO agency_model_runs (number, run, at, engine, outcome, prompt_tokens, completion_tokens, "
            "cached_tokens, latency_us, cache_hit, line) VALUES (:number, :run, :at, :engine, :outcome, "
            ":prompt_tokens, :completion_tokens, :cached_tokens, :latency_us, :cache_hit, :line)",
            [
                {
                    "number": number,
                    "run": one.run,
                    "at": one.at,
                    "engine": one.engine,
                    "outcome": one.outcome,
                    "prompt_tokens": one.prompt_tokens,
                    "completion_tokens": one.completion_tokens,
                    "cached_tokens": one.cached_tokens,
                    "latency_us": round(one.latency_s * _MILLION),
                    "cache_hit": int(one.cache_hit),
                    "line": canonical_json(dict(one.details)),
                }
                for number, one in enumerate(part, start=first)
            ],
        )


def calls_of(connection: Connection, run_id: str) -> Iterator[ModelRun]:
    """The calls of a run in their order; latencies are rounded to microseconds."""
    last = 0
    while True:
        rows = run(
            connection,
            "SELECT number, at, engine, outcome, prompt_tokens, completion_tokens, cached_tokens, latency_us, "
            "cache_hit, line FROM agency_model_runs WHERE run = :run AND number > :last ORDER BY number LIMIT :most",
            run=run_id,
            last=last,
            most=_BIT,
        ).all()
        for _, at, engine, outcome, prompt, completion, cached, latency, hit, line in rows:
            details = json.loads(bytes(line))
            tokens = (prompt, completion, cached)
            yield ModelRun(run_id, at, engine, outcome, *tokens, latency / _MILLION, bool(hit), details)
        if len(rows) < _BIT:
            return
        last = rows[-1][0]


def totals_of(connection: Connection, run_id: str) -> CallTotals:
    """What the calls of a run come to."""
    query = f"SELECT {_TOTALS} FROM agency_model_runs WHERE run = :run"  # noqa: S608 - constants
    return _totals(run(connection, query, run=run_id).one())


@dataclass(frozen=True, slots=True)
class EngineTotals:
    """What the calls of one engine come to; ``latency_s`` is the sum of what callers waited."""

    engine: str
    totals: CallTotals


def totals_by_engine(connection: Connection, since: str, until: str) -> tuple[EngineTotals, ...]:
    """What calls come to by engine, by name.

    Args:
        connection: a reader's.
        since: the first moment, RFC 3339 in UTC.
        until: the moment that is no longer included.
    """
    rows = run(
        connection,
        f"SELECT engine, {_TOTALS} FROM agency_model_runs WHERE at >= :since AND at < :until "  # noqa: S608 - constants
        "GROUP BY engine ORDER BY engine",
        since=since,
        until=until,
    )
    return tuple(EngineTotals(str(engine), _totals(sums)) for engine, *sums in rows)


def last_waits(connection: Connection, engine: str, since: str, most: int) -> tuple[tuple[str, float], ...]:
    """Outcome and seconds of an engine's newest calls that it answered itself, the newest first."""
    rows = run(
        connection,
        "SELECT outcome, latency_us FROM agency_model_runs WHERE engine = :engine AND at >= :since AND cache_hit = 0 "
        "ORDER BY at DESC, number DESC LIMIT :most",
        engine=engine,
        since=since,
        most=most,
    )
    return tuple((str(outcome), int(latency) / _MILLION) for outcome, latency in rows)


def _totals(sums: Sequence[Any]) -> CallTotals:
    calls, failed, hits, prompt, completion, cached, latency = map(int, sums)
    return CallTotals(calls, failed, hits, prompt, completion, cached, latency / _MILLION)
