from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.inference.pool.budget import Resident, leavers

_residents = st.lists(
    st.builds(
        Resident,
        name=st.sampled_from("abcdefgh"),
        memory_bytes=st.integers(0, 50),
        last_used=st.floats(0, 10),
        idle=st.booleans(),
    ),
    unique_by=lambda one: one.name,
    max_size=8,
)


def _used(residents: list[Resident]) -> int:
    return sum(one.memory_bytes for one in residents)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.integers(0, 200), _residents)
def test_who_goes_is_idle_enough_and_the_longest_unused(needed: int, budget: int, residents: list[Resident]) -> None:
    going = leavers(needed, budget, residents)
    idle = [one for one in residents if one.idle and one.memory_bytes]
    if going is None:
        assert needed + _used(residents) - _used(idle) > budget
        return
    gone = [one for one in residents if one.name in going]
    assert all(one.idle for one in gone)
    assert needed + _used(residents) - _used(gone) <= budget
    assert all(one.last_used <= other.last_used for one in gone for other in idle if other not in gone)
    if going:
        but_last = [one for one in gone if one.name != going[-1]]
        assert needed + _used(residents) - _used(but_last) > budget


def test_nobody_goes_where_that_would_not_be_enough() -> None:
    busy, idle = Resident("busy", 80, 1.0, idle=False), Resident("idle", 10, 0.0, idle=True)
    assert leavers(30, 100, [busy, idle]) is None
    assert leavers(20, 100, [busy, idle]) == ("idle",)
    assert leavers(10, 100, [busy, idle]) == ()
