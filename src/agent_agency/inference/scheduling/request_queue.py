"""The bounded queue in front of an engine: priorities that age, within one fairness between tasks, then deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic

from agent_agency.inference.scheduling.fair_share import FairShare, Warmth
from agent_agency.inference.scheduling.task_line import Q


@dataclass(slots=True)
class _Level(Generic[Q]):
    share: FairShare[Q]
    served: float
    """When one of it was served, or when it came to have any."""


class RequestQueue(Generic[Q]):
    """Requests that wait; not locked, the caller is.

    A priority counts as one higher for each ``aging_s`` in which none of it was served, so that none starves: one
    that is lower by n is served at least once in n times ``aging_s``. Age belongs to the priority and not to the
    request, as a task that floods the queue would else outrank by its old requests a task that comes anew.

    Args:
        capacity: how many may wait.
        aging_s: seconds.
        weights: share of each task within a priority.
    """

    __slots__ = ("_aging_s", "_count", "_levels", "_weights", "capacity")

    def __init__(self, capacity: int, aging_s: float, weights: Mapping[str, float] = MappingProxyType({})) -> None:
        self.capacity = capacity
        self._aging_s = aging_s
        self._weights = weights
        self._levels: dict[int, _Level[Q]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Q]:
        for level in self._levels.values():
            yield from level.share

    def add(self, one: Q, now: float, *, at_once: int = 0) -> bool:
        """Take one in; false where the queue is full.

        Args:
            one: new.
            now: the time.
            at_once: how many of those in the queue are about to be served, and so do not wait.
        """
        if self._count >= self.capacity + at_once:
            return False
        level = self._levels.get(one.priority)
        if level is None:
            level = self._levels[one.priority] = _Level(FairShare(self._weights), now)
        elif not level.share:
            level.served = now
        level.share.add(one)
        self._count += 1
        return True

    def gives_way(self, one: Q, now: float) -> Q | None:
        """Of a full queue the one that makes room for a new one, if any must: so fairness holds at the door, too.

        The last request of the task that has most waiting: of a priority that has not come to be as high as the new
        one's, or of the same priority, where that task has at least two more waiting than the new one's.
        """
        lower = [(self._aged(priority, now), priority) for priority, level in self._levels.items() if level.share]
        if not lower:
            return None
        aged, priority = min(lower)
        share = self._levels[priority].share
        most, last = share.largest()
        if aged < one.priority or (priority == one.priority and most >= share.waiting(one.task) + 2):
            return last
        return None

    def _aged(self, priority: int, now: float) -> float:
        return priority + (now - self._levels[priority].served) / self._aging_s

    def remove(self, one: Q) -> None:
        """Let one go that is wanted no more."""
        self._levels[one.priority].share.remove(one)
        self._count -= 1

    def choose(self, now: float, warmth: Warmth) -> Q | None:
        """The one to serve next, which stays until it is admitted."""
        waiting = [(priority, level) for priority, level in self._levels.items() if level.share]
        if len(waiting) > 1:
            waiting.sort(key=lambda pair: self._aged(pair[0], now), reverse=True)
        for _, level in waiting:
            one = level.share.choose(warmth)
            if one is not None:
                return one
        return None

    def admit(self, one: Q, now: float) -> None:
        """Take out the one that is served now."""
        level = self._levels[one.priority]
        level.share.admit(one)
        level.served = now
        self._count -= 1
