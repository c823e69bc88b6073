"""The states of an appeal: every state with every event."""

from __future__ import annotations

from itertools import product

import pytest

from agent_agency.arbitration.appeals.model import Event, State
from agent_agency.arbitration.appeals.transitions import BY_TIME, ENDS, TABLE, after

ALLOWED = {
    ("filed", "reviewed"): "in_review",
    ("filed", "due"): "lapsed",
    ("in_review", "reviewed"): "in_review",
    ("in_review", "decided_upheld"): "upheld",
    ("in_review", "decided_overturned"): "overturned",
    ("in_review", "due"): "lapsed",
    ("upheld", "closed"): "final",
    ("overturned", "closed"): "final",
}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_each_state_and_event_do_what_the_law_of_appeals_says(state: State, event: Event) -> None:
    expected = ALLOWED.get((str(state), str(event)))
    assert after(state, event) == (State(expected) if expected else None)


def test_an_appeal_without_a_review_cannot_be_decided() -> None:
    assert after(State.FILED, Event.DECIDED_OVERTURNED) is None
    assert after(State.FILED, Event.DECIDED_UPHELD) is None


@pytest.mark.parametrize("state", sorted(ENDS))
def test_nothing_happens_to_an_appeal_that_has_ended(state: State) -> None:
    assert [event for event in Event if after(state, event)] == []


@pytest.mark.parametrize("state", [state for state in State if state not in ENDS])
def test_time_alone_ends_every_appeal(state: State) -> None:
    seen = set()
    while state not in ENDS:
        assert state not in seen
        seen.add(state)
        state = next(next_state for (at, event), next_state in TABLE.items() if at is state and event in BY_TIME)


def test_every_state_can_be_reached() -> None:
    assert {State.FILED, *TABLE.values()} == set(State)
