"""How one engine takes another's role: where each rollout stands, its history, and the pairs that decide it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.store.statements import next_number, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_COLUMNS = "number, role, old, new, limits, state, at"
_PAIR = "stage, key, at, old_outcome, new_outcome, agreed, old_us, new_us"


@dataclass(frozen=True, slots=True)
class StoredRollout:
    """One rollout; ``limits`` is the canonical JSON of what was agreed when it began."""

    number: int
    role: str
    old: str
    new: str
    limits: bytes
    state: str
    at: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What the old and the new engine made of the same request.

    Args:
        stage: of the rollout then.
        key: digest of the request.
        at: when, RFC 3339 in UTC.
        old_outcome: ``ok``, or the stable code of the error; likewise ``new_outcome``.
        agreed: whether they answered alike; ``None`` where the old one gave no answer to compare with.
        old_us: microseconds until the answer or the error; likewise ``new_us``.
    """

    stage: str
    key: str
    at: str
    old_outcome: str
    new_outcome: str
    agreed: bool | None
    old_us: int
    new_us: int


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """One change of a rollout's state."""

    event: str
    state: str
    at: str
    who: str
    reason: str


def begin(connection: Connection, one: StoredRollout, step: RolloutStep) -> int:
    """Keep a new rollout, whatever its ``number`` says; answer its number. The caller saw that none is under way."""
    number = next_number(connection, "agency_rollouts")
    run(
        connection,
        f"INSERT INTO agency_rollouts ({_COLUMNS}) VALUES (:number, :role, :old, :new, :limits, :state, :at)",  # noqa: S608 - constants
        number=number,
        role=one.role,
        old=one.old,
        new=one.new,
        limits=one.limits,
        state=step.state,
        at=one.at,
    )
    _write_step(connection, number, step)
    return number


def move(connection: Connection, number: int, step: RolloutStep) -> None:
    """Bring a rollout into another state, and keep that it was."""
    query = "UPDATE agency_rollouts SET state = :state WHERE number = :number"
    run(connection, query, state=step.state, number=number)
    _write_step(connection, number, step)


def newest(connection: Connection, role: str) -> StoredRollout | None:
    """The last rollout of a role; ``None`` where there never was one."""
    query = f"SELECT {_COLUMNS} FROM agency_rollouts WHERE role = :role ORDER BY number DESC LIMIT 1"  # noqa: S608 - constants
    row = run(connection, query, role=role).one_or_none()
    return None if row is None else _rollout(row)


def numbered(connection: Connection, number: int) -> StoredRollout:
    """The rollout of a number, which there is."""
    query = f"SELECT {_COLUMNS} FROM agency_rollouts WHERE number = :number"  # noqa: S608 - constants
    return _rollout(run(connection, query, number=number).one())


def all_newest(connection: Connection) -> tuple[StoredRollout, ...]:
    """The last rollout of every role, by role."""
    query = (
        f"SELECT {_COLUMNS} FROM agency_rollouts WHERE number IN "  # noqa: S608 - constants
        "(SELECT max(number) FROM agency_rollouts GROUP BY role) ORDER BY role"
    )
    return tuple(_rollout(row) for row in run(connection, query))


def steps_of(connection: Connection, number: int) -> tuple[RolloutStep, ...]:
    """The history of a rollout, the beginning first."""
    query = "SELECT event, state, at, who, reason FROM agency_rollout_states WHERE rollout = :rollout ORDER BY number"
    return tuple(RolloutStep(*row) for row in run(connection, query, rollout=number))


def add_pair(connection: Connection, number: int, one: Pair) -> None:
    """Keep a pair."""
    run(
        connection,
        f"INSERT INTO agency_rollout_pairs (number, rollout, {_PAIR}) VALUES (:number, :rollout, :stage, :key, :at, "  # noqa: S608 - constants
        ":old_outcome, :new_outcome, :agreed, :old_us, :new_us)",
        number=next_number(connection, "agency_rollout_pairs"),
        rollout=number,
        stage=one.stage,
        key=one.key,
        at=one.at,
        old_outcome=one.old_outcome,
        new_outcome=one.new_outcome,
        agreed=None if one.agreed is None else int(one.agreed),
        old_us=one.old_us,
        new_us=one.new_us,
    )


def pairs_of(connection: Connection, number: int, stage: str, most: int) -> tuple[Pair, ...]:
    """The newest pairs of a stage, the oldest of them first."""
    query = (
        f"SELECT {_PAIR} FROM agency_rollout_pairs WHERE rollout = :rollout AND stage = :stage "  # noqa: S608 - constants
        "ORDER BY number DESC LIMIT :most"
    )
    rows = run(connection, query, rollout=number, stage=stage, most=most).all()
    return tuple(_pair(row) for row in reversed(rows))


def _write_step(connection: Connection, number: int, step: RolloutStep) -> None:
    run(
        connection,
        "INSERT INTO agency_rollout_states (number, rollout, event, state, at, who, reason) "
        "VALUES (:number, :rollout, :event, :state, :at, :who, :reason)",
        number=next_number(connection, "agency_rollout_states"),
        rollout=number,
        event=step.event,
        state=step.state,
        at=step.at,
        who=step.who,
        reason=step.reason,
    )


def _rollout(row: Sequence[Any]) -> StoredRollout:
    number, role, old, new, limits, state, at = row
    return StoredRollout(int(number), role, old, new, bytes(limits), state, at)


def _pair(row: Sequence[Any]) -> Pair:
    stage, key, at, old_outcome, new_outcome, agreed, old_us, new_us = row
    return Pair(stage, key, at, old_outcome, new_outcome, None if agreed is None else bool(agreed), old_us, new_us)
