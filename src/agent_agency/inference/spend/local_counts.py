"""What calls of models on this machine take: counted for each engine, and kept in the user's store now and then.

They cost no money, and are held against no cap; a process that is killed loses the counts of its last seconds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import LedgerError
from agent_agency.store.local_use import LocalUse, add_use

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Usage
    from agent_agency.store.database import Database

_MICRO = 1_000_000


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    failed: int = 0
    latency_us: int = 0
    prompt: int = 0
    completion: int = 0


class LocalCounts:
    """Counts calls, from any number of threads.

    Args:
        database: the user's; ``None`` where there is no place for one, and nothing is kept.
        task: what the calls are made for.
        clock: says when, and so for which month (UTC).
    """

    def __init__(self, database: Database | None, task: str, clock: Clock) -> None:
        self._database = database
        self._task = task
        self._clock = clock
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        self._sums: dict[str, _Sums] = {}

    def add(self, engine: str, seconds: float, usage: Usage | None) -> None:
        """Count one call.

        Args:
            engine: by name.
            seconds: that the caller waited, loading among them.
            usage: ``None`` for a call that had no answer.
        """
        with self._lock:
            sums = self._sums.setdefault(engine, _Sums())
            sums.calls += 1
            sums.failed += usage is None
            sums.latency_us += max(0, round(seconds * _MICRO))
            if usage is not None:
                sums.prompt += usage.prompt or 0
                sums.completion += usage.completion or 0

    def keep(self) -> None:
        """Write down what was counted since the last time; what cannot be written is kept for the next one."""
        with self._keeping:
            with self._lock:
                counted, self._sums = self._sums, {}
            if not counted or self._database is None:
                return
            at = rfc3339(self._clock.now())
            rows = [self._row(at, name, one) for name, one in sorted(counted.items())]
            try:
                with self._database.write() as connection:
                    add_use(connection, rows)
            except LedgerError:
                self._put_back(counted)

    def _row(self, at: str, engine: str, one: _Sums) -> LocalUse:
        return LocalUse(at, self._task, engine, one.calls, one.failed, one.latency_us, one.prompt, one.completion)

    def _put_back(self, counted: dict[str, _Sums]) -> None:
        with self._lock:
            for name, one in counted.items():
                now = self._sums.setdefault(name, _Sums())
                now.calls += one.calls
                now.failed += one.failed
                now.latency_us += one.latency_us
                now.prompt += one.prompt
                now.completion += one.completion
