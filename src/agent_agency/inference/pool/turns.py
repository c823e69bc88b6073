"""Turns of models that do not fit together while requests never cease: who waits for room, and who ends its requests.

A model that is asked without a pause is never idle, and would keep the memory for ever. So whoever has waited for room
for a while has busy models end what they have and take nothing new; those asked meanwhile wait for their next turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent_agency.inference.pool.budget import leavers

if TYPE_CHECKING:
    from agent_agency.inference.pool.budget import Resident
    from agent_agency.inference.pool.memory_claims import Others
    from agent_agency.inference.pool.slot import Slot

PATIENCE_S = 2.0
"""Seconds that a model waits for room before busy ones are asked to end their requests."""
TURN_S = 5.0
"""Seconds for which a loaded model may keep its place however long others wait: loading it took about as much."""


def comes_first(slot: Slot, slots: Iterable[Slot], now: float) -> bool:
    """Whether a model may take the room that there is: nobody has waited for it longer, and long enough to go first."""
    return not any(
        one is not slot and _waits_long(one, now) and _since(one) < _since(slot) for one in slots if one.waiting
    )


def who_yields(slot: Slot, slots: Iterable[Slot], budget: int, now: float) -> tuple[str, ...]:
    """The busy models that are to end their requests so that one that waits has room; the least recently used first.

    Args:
        slot: waits for room.
        slots: all.
        budget: bytes for all.
        now: seconds that only go forward.

    Returns:
        names; none where it has not waited long, or all of them together would not make room yet.
    """
    if not _waits_long(slot, now) or not slot.waiting:
        return ()
    residents = []
    busy = set()
    for one in slots:
        if one is slot or not one.memory:
            continue
        had_turn = one.state == "warm" and not one.taken and now - one.warm_since >= TURN_S
        leaves = one.state == "draining"
        residents.append(replace(one.resident(), idle=one.idle or had_turn or leaves))
        if had_turn and one.in_flight:
            busy.add(one.name)
    return tuple(name for name in leavers(slot.expected, budget, residents) or () if name in busy)


def who_goes_for_others(others: Others, budget: int, residents: Sequence[Resident], now: float) -> tuple[str, ...]:
    """The idle models that go because of what other processes hold, and wait for; the least recently used first.

    Where all of them together do not make the room that others wait for, only those go that were not asked lately: idle
    ones of other processes may make the rest, and else they went in vain, but nobody missed them.

    Args:
        others: what other processes hold and want.
        budget: bytes for all processes.
        residents: this process's models that hold memory.
        now: seconds that only go forward.
    """
    left = budget - others.held
    going = leavers(others.wanted, left, residents) or leavers(0, left, residents) or ()
    if going or not others.wanted or leavers(others.wanted, left, residents) is not None:
        return going
    return tuple(one.name for one in residents if one.idle and now - one.last_used >= PATIENCE_S)


def _waits_long(slot: Slot, now: float) -> bool:
    return slot.wants_since is not None and now - slot.wants_since >= PATIENCE_S


def _since(slot: Slot) -> float:
    return float("inf") if slot.wants_since is None else slot.wants_since
