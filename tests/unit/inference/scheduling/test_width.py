from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.scheduling.width import AimdSettings, AimdWidth, FixedWidth


def _drive(width: AimdWidth, capacity: int, rounds: int, *, refuses: bool) -> list[int]:
    """A server that serves so many at once; beyond that it refuses, or takes longer for all in proportion."""
    seen = []
    now = 0.0
    for _ in range(rounds):
        flying = width.now
        seen.append(flying)
        started, now = now, now + 1.0
        for place in range(flying):
            if refuses and place >= capacity:
                width.overloaded(started, now)
            else:
                width.answered("text", max(1.0, flying / capacity), flying)
    return seen


@pytest.mark.parametrize("capacity", [2, 5, 16, 40])
def test_it_finds_what_a_server_that_refuses_can_do(capacity: int) -> None:
    seen = _drive(AimdWidth(AimdSettings()), capacity, 400, refuses=True)[100:]
    assert capacity / 2 <= sum(seen) / len(seen) <= capacity + 1
    assert max(seen) <= capacity + 2


@pytest.mark.parametrize("capacity", [2, 5, 16])
def test_it_eases_off_where_answers_come_ever_later(capacity: int) -> None:
    seen = _drive(AimdWidth(AimdSettings()), capacity, 400, refuses=False)[100:]
    assert capacity <= sum(seen) / len(seen)
    assert max(seen) <= 4 * capacity + 2


def test_it_goes_up_by_about_one_a_round() -> None:
    seen = _drive(AimdWidth(AimdSettings(first=1, most=10)), 1000, 30, refuses=True)
    assert all(0 <= after - before <= 1 for before, after in pairwise(seen))
    assert seen[-1] == 10


def test_one_overload_halves_it_once_for_all_that_were_in_flight() -> None:
    width = AimdWidth(AimdSettings(first=32))
    for _ in range(32):
        width.overloaded(0.0, 1.0)
    assert width.now == 16
    width.overloaded(1.5, 2.0)
    assert width.now == 8


def test_a_width_that_is_not_used_up_does_not_grow() -> None:
    width = AimdWidth(AimdSettings(first=16))
    for _ in range(100):
        width.answered("text", 1.0, 2)
    assert width.now == 16


def test_kinds_of_request_are_not_compared_with_each_other() -> None:
    width = AimdWidth(AimdSettings(first=4, most=8))
    for _ in range(200):
        width.answered("labels", 0.01, 8)
        width.answered("text", 1.0, 8)
    assert width.now == 8


def test_one_lucky_answer_does_not_hold_it_down_for_ever() -> None:
    width = AimdWidth(AimdSettings())
    width.answered("text", 0.01, 1)
    assert _drive(width, 1000, 400, refuses=True)[-1] > AimdSettings().first


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("answered"), st.floats(0, 1e6), st.integers(1, 100)),
            st.tuples(st.just("overloaded"), st.floats(0, 1e6), st.integers(1, 100)),
        )
    )
)
def test_it_never_leaves_its_bounds(steps: list[tuple[str, float, int]]) -> None:
    width = AimdWidth(AimdSettings(first=4, most=20))
    for now, (what, number, flying) in enumerate(steps):
        if what == "answered":
            width.answered("text", number, flying)
        else:
            width.overloaded(float(now), now + 1.0)
        assert 1 <= width.now <= 20


def test_a_fixed_width_learns_nothing() -> None:
    width = FixedWidth(0)
    width.overloaded(0.0, 1.0)
    width.answered("text", 1.0, 1)
    assert width.now == 1
