from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent_agency.inference.pool.rollout_states import ROLL_EVENTS, STAGES, TRANSITIONS, UNDER_WAY, Stage, stage_after

EXPECTED = {
    "shadow": {"enough": "share", "fell": "returned", "back": "returned"},
    "share": {"enough": "all", "fell": "returned", "back": "returned"},
    "all": {"enough": "finished", "finish": "finished", "fell": "returned", "back": "returned"},
    "finished": {},
    "returned": {},
}


@pytest.mark.parametrize(("stage", "event"), list(itertools.product(STAGES, ROLL_EVENTS)))
def test_every_event_in_every_stage_leads_where_the_table_says_or_is_refused(stage: str, event: str) -> None:
    expected = EXPECTED[stage].get(event)
    if expected is None:
        with pytest.raises(ValueError, match="takes no event"):
            stage_after(stage, event)  # type: ignore[arg-type]
    else:
        assert stage_after(stage, event) == expected  # type: ignore[arg-type]


def test_whatever_is_under_way_can_be_taken_back_and_no_end_can_be_left() -> None:
    assert {stage for stage, event in TRANSITIONS if event == "back"} == set(UNDER_WAY)
    assert {stage for stage, _ in TRANSITIONS} == set(UNDER_WAY)


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order: all requests only ever go to an engine that saw a shadow and a share."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Stage] = ["shadow"]

    @rule(event=st.sampled_from(ROLL_EVENTS))
    def happens(self, event: str) -> None:
        try:
            self.seen.append(stage_after(self.seen[-1], event))  # type: ignore[arg-type]
        except ValueError:
            return

    @invariant()
    def no_stage_is_left_out(self) -> None:
        ways = ["shadow", "share", "all", "finished"]
        forward = [one for one in self.seen if one != "returned"]
        assert forward == ways[: len(forward)]
        assert "returned" not in self.seen[:-1]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=10, deadline=None)
