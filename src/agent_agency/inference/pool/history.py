"""Where a pool's events go: the user's store, in the order in which they happened."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from agent_agency.errors import LedgerError
from agent_agency.store import pool_events
from agent_agency.store.pool_events import PoolEvent

if TYPE_CHECKING:
    from agent_agency.store.database import Database

_MOST_WAITING = 1000


class PoolHistory(Protocol):
    """Takes events, and knows what was measured before."""

    def add(self, events: Sequence[PoolEvent]) -> None:
        """Keep events in their order; never raises, as no request may fail for it."""
        ...

    def measured(self, model: str, setup: str) -> int | None:
        """The most bytes that were lately measured of a model that is run in one way, where anybody can tell."""
        ...


class NoHistory:
    """Where there is no place for a store."""

    def add(self, events: Sequence[PoolEvent]) -> None:
        """Keeps nothing."""

    def measured(self, model: str, setup: str) -> int | None:  # noqa: ARG002 - the protocol's
        """Nothing is known."""
        return None


class StoredHistory:
    """Events in the user's store; while that refuses, the newest thousand wait for it in memory.

    Args:
        database: the user's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: deque[PoolEvent] = deque(maxlen=_MOST_WAITING)

    def add(self, events: Sequence[PoolEvent]) -> None:
        """Keep events in their order."""
        with self._lock:
            self._waiting.extend(events)
            if not self._waiting:
                return
            try:
                with self._database.write() as connection:
                    for one in self._waiting:
                        pool_events.add_event(connection, one)
            except LedgerError:
                return
            self._waiting.clear()

    def measured(self, model: str, setup: str) -> int | None:
        """The most bytes that were lately measured of a model that is run in one way."""
        try:
            if not self._database.exists():
                return None
            with self._database.read() as connection:
                return pool_events.measured_memory(connection, model, setup)
        except LedgerError:
            return None
