"""The user's models as they stand on record, for people: which there are, how large, and what happened to them last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import FileUnreadableError
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.pool.machine_memory import budget_of, estimate_of, setup_of
from agent_agency.inference.pool.process_place import life_of, read_place
from agent_agency.workflows.engine_pool import is_remote
from agent_agency.workflows.learning_store import open_users_store, reading

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.inference.engine_settings import EngineSettings
    from agent_agency.store.pool_events import PoolEvent

_SEEN = 500
"""Newest events of a model that are looked at for the processes that have it."""
_BEST_FIRST = ("warm", "loading", "draining", "failed")


@dataclass(frozen=True, slots=True)
class InProcess:
    """How a model stands in one process.

    Args:
        host: its machine.
        pid: its number there.
        state: of the model.
        since: RFC 3339 in UTC.
        known: whether the process was seen to live; of another machine's nobody here can tell.
    """

    host: str
    pid: int
    state: str
    since: str
    known: bool


@dataclass(frozen=True, slots=True)
class PooledModel:
    """One engine of the user's file.

    Args:
        settings: of the engine.
        roles: that it takes by the file.
        remote: whether it is another machine's.
        estimate_bytes: what it takes by its file; ``None`` where that is not this machine's affair, or cannot be read.
        measured_bytes: the most that was measured lately; ``None`` where nothing was.
        last: its last event, by whatever process; ``None`` where there was none.
        processes: in which it is not cold, the last to tell of it first.
    """

    settings: EngineSettings
    roles: tuple[str, ...]
    remote: bool
    estimate_bytes: int | None
    measured_bytes: int | None
    last: PoolEvent | None
    processes: tuple[InProcess, ...] = ()

    @property
    def state(self) -> str:
        """The state where most is to be had of it: warm in any process that lives is warm, none is cold."""
        there = {one.state for one in self.processes}
        return next((one for one in _BEST_FIRST if one in there), "cold")


@dataclass(frozen=True, slots=True)
class PoolView:
    """All of them, the budget of memory in bytes, and the newest events."""

    path: str
    budget_bytes: int
    models: tuple[PooledModel, ...]
    events: tuple[PoolEvent, ...]


def view_pool(environment: Mapping[str, str], events: int) -> PoolView:
    """What the user's file and store say; nothing is asked or loaded.

    Args:
        environment: the process's variables.
        events: how many of the newest to tell.

    Raises:
        AgencyError: the file or the store cannot be read.
    """
    from agent_agency.store import pool_events

    choices = load_engines(environment)
    with reading(open_users_store(environment)) as connection:
        newest = () if connection is None else pool_events.last_events(connection, events)
        models = []
        for one in choices.engines.values():
            roles = tuple(role for role, name in choices.roles.items() if name == one.name)
            last = () if connection is None else pool_events.last_events(connection, 1, one.name)
            sizes = estimate_for(one), measured_for(connection, one)
            inside = () if connection is None else _processes(pool_events.last_events(connection, _SEEN, one.name))
            models.append(PooledModel(one, roles, is_remote(one), *sizes, last[0] if last else None, inside))
    return PoolView(choices.path, budget_of(choices.pool.memory_gb), tuple(models), newest)


def measured_for(connection: Connection | None, settings: EngineSettings) -> int | None:
    """Bytes that were lately measured of a local model that is run as its settings say now."""
    from agent_agency.store import pool_events

    if connection is None or settings.kind != "local":
        return None
    try:
        return pool_events.measured_memory(connection, settings.name, setup_of(settings))
    except OSError:
        return None


def _processes(events: tuple[PoolEvent, ...]) -> tuple[InProcess, ...]:
    """The last state in each process that lives; what a process told that is gone is so no more."""
    newest: dict[str, PoolEvent] = {}
    for one in events:
        newest.setdefault(one.process, one)
    found = []
    for text, one in newest.items():
        place = read_place(text)
        life = "gone" if place is None else life_of(place)
        if place is not None and life != "gone" and one.state != "cold":
            found.append(InProcess(place.host, place.pid, one.state, one.at, known=life == "alive"))
    return tuple(found)


def estimate_for(settings: EngineSettings) -> int | None:
    """Bytes that a local model takes by its file; ``None`` for what is no such model, or whose file is not there."""
    if settings.kind != "local" or not settings.path:
        return None
    path = Path(settings.path)
    try:
        return estimate_of(path, settings.memory_gb) if path.exists() else None
    except OSError as error:
        message = f"The model cannot be read: {error.strerror or error}"
        raise FileUnreadableError(message, fix="Make it readable.", path=str(path)) from error
