from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent_agency.inference.pool.states import EVENTS, STATES, TRANSITIONS, State, after


@pytest.mark.parametrize(("state", "event"), list(itertools.product(STATES, EVENTS)))
def test_every_event_in_every_state_leads_where_the_table_says_or_is_refused(state: str, event: str) -> None:
    expected = {
        "cold load": "loading",
        "failed load": "loading",
        "loading loaded": "warm",
        "loading load_failed": "failed",
        "warm drain": "draining",
        "warm crashed": "failed",
        "draining drained": "cold",
        "draining crashed": "failed",
    }.get(f"{state} {event}")
    if expected is None:
        with pytest.raises(ValueError, match="takes no event"):
            after(state, event)  # type: ignore[arg-type]
    else:
        assert after(state, event) == expected  # type: ignore[arg-type]


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) == set(STATES)
    assert {state for state, _ in TRANSITIONS} == set(STATES)


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order: a model is loaded before it is warm, and a failed one is tried anew."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = "cold"
        self.holds_memory = False

    @rule(event=st.sampled_from(EVENTS))
    def happens(self, event: str) -> None:
        try:
            self.state = after(self.state, event)  # type: ignore[arg-type]
        except ValueError:
            return
        self.holds_memory = {"load": True, "loaded": True, "drain": True}.get(event, False)

    @invariant()
    def memory_follows_the_state(self) -> None:
        assert self.holds_memory == (self.state in {"loading", "warm", "draining"})


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
