"""Fairness between tasks: start-time fair queueing, with a bounded liberty for prefixes that are computed already.

P. Goyal, H. Vin, H. Cheng, Start-time fair queueing (SIGCOMM 1996): a task's next request carries the virtual time at
which it would start, each request moves that on by its cost over the task's weight, and the smallest goes first; a task
that was away begins at the present virtual time, so that nobody saves up a share. With several requests in flight it
is the form SFQ(D) of W. Jin, J. Chase, J. Kaur, Interposed proportional sharing for a storage service utility
(SIGMETRICS 2004). A request with a warm prefix, or with none, may go before the smallest by at most the slack.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic

from agent_agency.inference.scheduling.task_line import Q, TaskLine

_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Warmth:
    """What matters of prefixes and of haste when the next request is chosen.

    Args:
        blocked: prefixes that are being computed; theirs wait.
        warm: prefixes that are computed already.
        slack: virtual time by which a task may run ahead for a warm prefix.
        bypass: requests that may overtake the first of their task.
        urgent: a deadline before this time is kept to, warm or not.
    """

    blocked: Collection[Hashable] = ()
    warm: Collection[Hashable] = ()
    slack: float = 0.0
    bypass: int = 0
    urgent: float = float("-inf")


class FairShare(Generic[Q]):
    """The waiting requests of one priority, task by task.

    Args:
        weights: share of each task; 1 where none is named.
    """

    __slots__ = ("_finished", "_lines", "_virtual", "_weights")

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._lines: dict[str, TaskLine[Q]] = {}
        self._finished: dict[str, float] = {}
        self._virtual = 0.0

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __iter__(self) -> Iterator[Q]:
        for line in self._lines.values():
            yield from line

    def waiting(self, task: str) -> int:
        """How many of a task wait."""
        line = self._lines.get(task)
        return 0 if line is None else len(line)

    def largest(self) -> tuple[int, Q]:
        """Of the task that has most waiting, how many these are and the last of them; something must wait."""
        line = max(self._lines.values(), key=len)
        return len(line), line.last

    def add(self, one: Q) -> None:
        """Take one in."""
        line = self._lines.get(one.task)
        if line is None:
            start = max(self._virtual, self._finished.pop(one.task, 0.0))
            line = self._lines[one.task] = TaskLine(start)
        line.add(one)

    def remove(self, one: Q) -> None:
        """Let one go that is wanted no more; its task is charged nothing."""
        line = self._lines[one.task]
        line.remove(one)
        if not line:
            self._leave(one.task, line)

    def choose(self, warmth: Warmth) -> Q | None:
        """The one to serve next, which stays; ``None`` where all wait for their prefixes."""
        first: tuple[float, int] | None = None
        chosen: Q | None = None
        warm: list[tuple[tuple[float, int], Q]] = []
        for line in self._lines.values():
            head = line.first(warmth.blocked)
            if head is None:
                continue
            order = (line.start, head.number)
            if first is None or order < first:
                first, chosen = order, head
            ready = _ready(line, head, warmth)
            if ready is not None:
                warm.append((order, ready))
        if first is not None and warm:
            order, ready = min(warm, key=lambda pair: pair[0])
            if order[0] <= first[0] + warmth.slack:
                return ready
        return chosen

    def admit(self, one: Q) -> None:
        """Take out the one that is served now, and charge its task."""
        line = self._lines[one.task]
        self._virtual = max(self._virtual, min(other.start for other in self._lines.values()))
        line.start += one.cost / self._weights.get(one.task, 1.0)
        line.bypassed = 0 if line.first(()) is one else line.bypassed + 1
        line.remove(one)
        if not line:
            self._leave(one.task, line)

    def _leave(self, task: str, line: TaskLine[Q]) -> None:
        del self._lines[task]
        if line.start > self._virtual:
            self._finished[task] = line.start
        if len(self._finished) > _REMEMBERED:
            self._finished = {name: end for name, end in self._finished.items() if end > self._virtual}


def _ready(line: TaskLine[Q], head: Q, warmth: Warmth) -> Q | None:
    """The request of a task that costs no new prefix; none while its first one has to go."""
    if head.group is None or head.group in warmth.warm:
        return head
    if head.deadline <= warmth.urgent or line.bypassed >= warmth.bypass:
        return None
    return line.first_of((None, *warmth.warm))
