from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.scheduling.breaker import TRANSITIONS, Breaker, BreakerSettings, Event, State

_TABLE: dict[State, dict[Event, State]] = {
    "closed": {"answered": "closed", "failed": "closed", "tripped": "open", "cooled": "closed"},
    "open": {"answered": "open", "failed": "open", "tripped": "open", "cooled": "half_open"},
    "half_open": {"answered": "closed", "failed": "open", "tripped": "open", "cooled": "half_open"},
}
_SETTINGS = BreakerSettings(failures=3, cool_s=2.0, longest_s=10.0)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("event", get_args(Event))
def test_every_event_in_every_state_leads_where_it_should(state: State, event: Event) -> None:
    assert TRANSITIONS[state, event] == _TABLE[state][event]
    assert len(TRANSITIONS) == len(get_args(State)) * len(get_args(Event))


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not() -> None:
    breaker = Breaker(_SETTINGS)
    assert [breaker.failed(0.0, "down"), breaker.failed(0.0, "down")] == ["closed", "closed"]
    assert breaker.answered(0.0) == "closed"
    assert [breaker.failed(0.0, str(number)) for number in range(3)] == ["closed", "closed", "open"]
    assert breaker.why == "2"
    assert breaker.wait_s(0.5) == 1.5


def test_a_probe_closes_it_or_leaves_it_open_for_twice_as_long_up_to_a_bound() -> None:
    breaker = Breaker(_SETTINGS)
    for _ in range(3):
        breaker.failed(0.0, "down")
    now, waits = 0.0, []
    for _ in range(5):
        waits.append(breaker.wait_s(now))
        now += waits[-1]
        assert breaker.at(now) == "half_open"
        assert breaker.failed(now, "down") == "open"
    assert waits == [2.0, 4.0, 8.0, 10.0, 10.0]
    now += breaker.wait_s(now)
    assert breaker.at(now) == "half_open"
    assert breaker.answered(now) == "closed"
    assert [breaker.failed(now, "down") for _ in range(3)][-1] == "open"
    assert breaker.wait_s(now) == 2.0


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from(["answered", "failed", "looked"]))))
def test_it_is_never_open_for_longer_than_its_bound(steps: list[tuple[float, str]]) -> None:
    breaker, now = Breaker(_SETTINGS), 0.0
    for seconds, what in steps:
        now += seconds
        if what == "answered":
            breaker.answered(now)
        elif what == "failed":
            breaker.failed(now, "down")
        assert breaker.wait_s(now) <= _SETTINGS.longest_s
        assert breaker.at(now + _SETTINGS.longest_s) != "open"
        now += _SETTINGS.longest_s
