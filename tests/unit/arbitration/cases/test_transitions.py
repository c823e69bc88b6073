"""The state machine of a case: every state against every event, and that every case ends."""

from __future__ import annotations

import pytest

from agent_agency.arbitration.cases.model import CaseEvent, CaseState
from agent_agency.arbitration.cases.transitions import after, transitions
from agent_agency.errors import CaseError


@pytest.mark.parametrize("event", CaseEvent)
@pytest.mark.parametrize("state", CaseState)
def test_a_state_takes_an_event_exactly_as_the_table_says(state: CaseState, event: CaseEvent) -> None:
    expected = transitions().get((state, event))
    if expected is not None:
        assert after(state, event) is expected
        return
    with pytest.raises(CaseError) as refused:
        after(state, event)
    assert str(state) in refused.value.message
    assert str(event) in refused.value.message


def _reachable() -> set[CaseState]:
    seen = {CaseState.NEW}
    while more := {to for (state, _), to in transitions().items() if state in seen} - seen:
        seen |= more
    return seen


def test_every_state_can_be_reached() -> None:
    assert _reachable() == set(CaseState)


@pytest.mark.parametrize("state", [state for state in CaseState if not state.ended and state is not CaseState.NEW])
def test_the_due_date_alone_ends_every_open_case(state: CaseState) -> None:
    assert after(state, CaseEvent.DUE_PASSED) is CaseState.LAPSED


@pytest.mark.parametrize("state", [state for state in CaseState if state.ended])
def test_nothing_happens_to_a_case_that_has_ended(state: CaseState) -> None:
    assert not [event for event in CaseEvent if (state, event) in transitions()]


def test_no_transition_leads_back_to_before_the_opening() -> None:
    assert CaseState.NEW not in transitions().values()
