"""A request as the queue sees it: whose it is, how urgent, and which prefix it shares."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True, eq=False, kw_only=True)
class Queued:
    """One waiting request.

    Args:
        number: counts up; no two are alike.
        deadline: on the scheduler's timer.
        task: whose share of the engine it takes.
        priority: higher goes first.
        group: the prefix that it shares, ``None`` for none.
        cost: what it takes of its task's share; 1 is a usual request.
    """

    number: int
    deadline: float
    task: str = ""
    priority: int = 0
    group: Hashable | None = None
    cost: float = 1.0

    @property
    def rank(self) -> tuple[float, int]:
        """Earliest deadline first, then first come, first served."""
        return self.deadline, self.number
