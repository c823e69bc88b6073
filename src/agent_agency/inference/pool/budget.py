"""Which models go cold so that another one fits: a plain function of what holds memory now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that holds memory.

    Args:
        name: of the model.
        memory_bytes: measured where known, else estimated.
        last_used: when its last request ended, by a clock that only goes forward.
        idle: whether it is warm and has no request in flight; only such a one may be told to go.
    """

    name: str
    memory_bytes: int
    last_used: float
    idle: bool


def leavers(needed: int, budget: int, residents: Sequence[Resident]) -> tuple[str, ...] | None:
    """The models that must go so that ``needed`` bytes fit: the least recently used first, and no more than needed.

    Args:
        needed: bytes; 0 to come back below the budget.
        budget: bytes for all.
        residents: all that hold memory, those that are loading or leaving among them.

    Returns:
        names in the order in which they go; ``None`` where all idle ones together do not make room, so that somebody
        must wait and nobody goes in vain.
    """
    over = needed + sum(one.memory_bytes for one in residents) - budget
    chosen: list[str] = []
    for one in sorted(residents, key=lambda one: (one.last_used, one.name)):
        if over <= 0:
            break
        if one.idle and one.memory_bytes > 0:
            chosen.append(one.name)
            over -= one.memory_bytes
    return tuple(chosen) if over <= 0 else None
