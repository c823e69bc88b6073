"""The waiting requests of one task: earliest deadline first, and the first of each shared prefix at hand."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from agent_agency.inference.scheduling.queued import Queued

Q = TypeVar("Q", bound=Queued)


class TaskLine(Generic[Q]):
    """Requests of one task in the order of their deadlines; lists are sorted, so that nothing removed lingers.

    Args:
        start: virtual time at which its next request begins (see `fair_share`).
    """

    __slots__ = ("_count", "_groups", "_heads", "bypassed", "start")

    def __init__(self, start: float) -> None:
        self.start = start
        self.bypassed = 0
        """How many have overtaken the first since it was last its turn."""
        self._groups: dict[Hashable, list[Q]] = {}
        self._heads: list[tuple[tuple[float, int], Hashable]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Q]:
        for members in self._groups.values():
            yield from members

    def add(self, one: Q) -> None:
        """Take one in."""
        members = self._groups.setdefault(one.group, [])
        before = members[0] if members else None
        insort(members, one, key=_rank)
        self._count += 1
        if members[0] is not before:
            if before is not None:
                self._forget_head(before)
            insort(self._heads, (one.rank, one.group), key=_first)

    def remove(self, one: Q) -> None:
        """Let one go, which is there."""
        members = self._groups[one.group]
        place = bisect_left(members, one.rank, key=_rank)
        del members[place]
        self._count -= 1
        if place == 0:
            self._forget_head(one)
            if members:
                insort(self._heads, (members[0].rank, one.group), key=_first)
            else:
                del self._groups[one.group]

    def first(self, blocked: Collection[Hashable]) -> Q | None:
        """The one with the earliest deadline whose prefix is not being computed just now."""
        for _, group in self._heads:
            if group not in blocked:
                return self._groups[group][0]
        return None

    def first_of(self, groups: Iterable[Hashable]) -> Q | None:
        """The one with the earliest deadline among some prefixes."""
        heads = (self._groups[group][0] for group in groups if group in self._groups)
        return min(heads, key=_rank, default=None)

    @property
    def last(self) -> Q:
        """The one with the latest deadline, of a line that is not empty."""
        return max((members[-1] for members in self._groups.values()), key=_rank)

    def _forget_head(self, one: Q) -> None:
        del self._heads[bisect_left(self._heads, one.rank, key=_first)]


def _rank(one: Queued) -> tuple[float, int]:
    return one.rank


def _first(head: tuple[tuple[float, int], Hashable]) -> tuple[float, int]:
    return head[0]
