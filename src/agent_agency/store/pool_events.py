"""What became of the models of a pool, kept so that a restart knows how much memory each took and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.store.statements import next_number, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

_COLUMNS = "at, model, event, state, memory_bytes, detail, setup, process"


@dataclass(frozen=True, slots=True)
class PoolEvent:
    """One change of a model's state.

    Args:
        at: when, RFC 3339 in UTC.
        model: by name.
        event: what happened.
        state: in which it left the model.
        memory_bytes: that were measured then; ``None`` where none were.
        detail: for people; may be empty.
        setup: digest of how the model was run; empty where nobody told. Another one takes another size.
        process: that saw it, as `process_place.this_process`; empty where nobody told.
    """

    at: str
    model: str
    event: str
    state: str
    memory_bytes: int | None = None
    detail: str = ""
    setup: str = ""
    process: str = ""


def add_event(connection: Connection, one: PoolEvent) -> None:
    """Keep one."""
    run(
        connection,
        f"INSERT INTO agency_pool_events (number, {_COLUMNS}) "  # noqa: S608 - constants
        "VALUES (:number, :at, :model, :event, :state, :memory_bytes, :detail, :setup, :process)",
        number=next_number(connection, "agency_pool_events"),
        at=one.at,
        model=one.model,
        event=one.event,
        state=one.state,
        memory_bytes=one.memory_bytes,
        detail=one.detail,
        setup=one.setup,
        process=one.process,
    )


def last_events(connection: Connection, most: int, model: str = "") -> tuple[PoolEvent, ...]:
    """The newest events, the newest first; of one model where it is named."""
    where = "WHERE model = :model " if model else ""
    query = f"SELECT {_COLUMNS} FROM agency_pool_events {where}ORDER BY number DESC LIMIT :most"  # noqa: S608 - constants
    return tuple(PoolEvent(*row) for row in run(connection, query, most=most, model=model))


def measured_memory(connection: Connection, model: str, setup: str) -> int | None:
    """The most bytes that were measured of a model the last twenty times that it was run in one way.

    ``None`` where it never was. What was measured of another file or a larger window says nothing of this one.
    """
    query = (
        "SELECT max(memory_bytes) FROM (SELECT memory_bytes FROM agency_pool_events WHERE model = :model "
        "AND setup = :setup AND memory_bytes IS NOT NULL ORDER BY number DESC LIMIT 20) AS measured"
    )
    found = run(connection, query, model=model, setup=setup).scalar_one_or_none()
    return None if found is None else int(found)
