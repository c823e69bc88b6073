"""What models of this machine were used for: sums of calls, of the time that they took and of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.store.statements import next_number, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SUMS = ("calls", "failed", "latency_us", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class LocalUse:
    """Some calls of one engine for one task.

    Args:
        at: when the last of them ended, RFC 3339 in UTC; they count for its month.
        task: what they were made for.
        engine: by name.
        calls: how many; ``failed`` of them had no answer.
        latency_us: microseconds that they took together; of calls at the same time each counts.
        prompt_tokens: of those with an answer; likewise ``completion_tokens``.
    """

    at: str
    task: str
    engine: str
    calls: int
    failed: int
    latency_us: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class EngineUse:
    """What all calls of one engine in a month come to; see `LocalUse`."""

    engine: str
    calls: int
    failed: int
    latency_us: int
    prompt_tokens: int
    completion_tokens: int


def add_use(connection: Connection, found: Sequence[LocalUse]) -> None:
    """Keep sums; they add to those that are kept already."""
    names = ", ".join(_SUMS)
    values = ", ".join(f":{name}" for name in _SUMS)
    for one in found:
        run(
            connection,
            f"INSERT INTO agency_local_use (number, at, month, task, engine, {names}) "  # noqa: S608 - constants
            f"VALUES (:number, :at, :month, :task, :engine, {values})",
            number=next_number(connection, "agency_local_use"),
            at=one.at,
            month=one.at[: len("2026-01")],
            task=one.task,
            engine=one.engine,
            **{name: getattr(one, name) for name in _SUMS},
        )


def use_of_month(connection: Connection, month: str) -> tuple[EngineUse, ...]:
    """What the calls of a month (UTC, as ``2026-01``) come to, by engine."""
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT)" for name in _SUMS)
    query = f"SELECT engine, {sums} FROM agency_local_use WHERE month = :month GROUP BY engine ORDER BY engine"  # noqa: S608 - constants
    return tuple(EngineUse(*row) for row in run(connection, query, month=month))
