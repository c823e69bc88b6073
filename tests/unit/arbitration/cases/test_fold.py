"""Folding entries into a case: what cannot have happened is an error that names what is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_agency.arbitration.cases.fold import advance, fold
from agent_agency.arbitration.cases.model import CaseEvent, CaseRecord, CaseState, Step
from agent_agency.arbitration.cases.note_review import note_review
from agent_agency.arbitration.cases.steps import lapse, step
from agent_agency.arbitration.cases.transitions import transitions
from agent_agency.errors import CaseError
from support.cases import DAY, LIMITS, START, note, reviewed, unknown, violated

MEMBERS = ("event", "from", "to", "at", "subject", "matter", "ordinal", "due", "law", "arose")
WRONG: tuple[Any, ...] = (None, 7, [], {}, "nonsense", True)


def opening(unsettled: Any = None) -> Step:
    return note_review(None, 1, note("R-1", unsettled or [violated("scope.boundary")]), LIMITS, START)[0]


def changed(original: Step, **members: Any) -> Step:
    return Step(members.pop("kind", original.kind), {**original.body, **members})


def in_state(state: CaseState) -> CaseRecord:
    return replace(advance(None, opening()), state=state)


def test_entries_fold_to_the_case_that_their_steps_made() -> None:
    record = reviewed(None, note("R-1", [violated("scope.boundary")]), START)
    first = opening()
    second = note_review(record, 2, note("R-2", [unknown("tests.ran")]), LIMITS, START + DAY)[0]
    assert fold([first, second]) == reviewed(record, note("R-2", [unknown("tests.ran")]), START + DAY)


def test_entries_of_other_kinds_about_a_case_change_nothing() -> None:
    assert fold([opening(), Step("remark", {"subject": opening().body["subject"]})]) == fold([opening()])


def test_a_case_without_an_entry_is_unknown() -> None:
    with pytest.raises(CaseError) as refused:
        fold([])
    assert refused.value.stable_code == "case.unknown"


@pytest.mark.parametrize("event", [event for event in CaseEvent if event is not CaseEvent.WAIVER_REQUESTED])
@pytest.mark.parametrize("state", [state for state in CaseState if state is not CaseState.NEW])
def test_a_step_that_the_table_does_not_know_is_refused_and_nothing_is_made(state: CaseState, event: CaseEvent) -> None:
    if (state, event) in transitions():
        made = step(in_state(state), event, START, {})
        assert (made.body["from"], made.body["to"]) == (state, transitions()[state, event])
        return
    with pytest.raises(CaseError) as refused:
        step(in_state(state), event, START, {})
    assert refused.value.stable_code == "case.impossible_event"


@pytest.mark.parametrize(
    "lie",
    [
        {"from": "comparing"},
        {"to": "approved"},
        {"from": "new", "to": "open"},
        {"event": "patch_chosen", "to": "decided"},
        {"kind": "case_closed"},
        {"kind": "case_lapsed"},
    ],
)
def test_an_entry_that_tells_another_way_than_the_table_is_an_error_that_names_both(lie: dict[str, Any]) -> None:
    record = advance(None, opening())
    true = note_review(record, 2, note("R-2", [unknown("tests.ran")]), LIMITS, START)[0]
    false = changed(true, **lie)
    with pytest.raises(CaseError) as refused:
        advance(record, false)
    assert refused.value.stable_code == "case.impossible_event"
    for told in (false.body["from"], false.body["to"], "open"):
        assert told in refused.value.message


def test_a_second_opening_of_an_open_case_is_an_error() -> None:
    with pytest.raises(CaseError):
        fold([opening(), opening()])


def test_an_entry_of_another_case_is_not_folded_in() -> None:
    record = advance(None, opening())
    other = changed(note_review(record, 2, note("R-2", [unknown("x.y")]), LIMITS, START)[0], subject="case:C-other-1")
    with pytest.raises(CaseError) as refused:
        advance(record, other)
    assert refused.value.stable_code == "case.malformed"


def test_an_opening_under_an_id_that_does_not_follow_from_its_matter_is_refused() -> None:
    with pytest.raises(CaseError) as refused:
        advance(None, changed(opening(), subject="case:C-00000000000000000000-1"))
    assert refused.value.stable_code == "case.malformed"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (member, value)
        for member in MEMBERS
        for value in WRONG
        if not (member == "law" and value is None) and not (member == "arose" and value in ([], {}))
    ],
)
def test_a_malformed_member_is_a_case_error_and_no_other_exception(member: str, value: Any) -> None:
    with pytest.raises(CaseError):
        advance(None, changed(opening(), **{member: value}))


@pytest.mark.parametrize("member", MEMBERS)
def test_a_missing_member_is_a_case_error(member: str) -> None:
    whole = opening()
    with pytest.raises(CaseError):
        advance(None, Step(whole.kind, {name: value for name, value in whole.body.items() if name != member}))


def test_settling_a_condition_that_never_arose_is_refused() -> None:
    record = advance(None, opening())
    true = note_review(record, 2, note("R-2", [unknown("x.y")]), LIMITS, START)[0]
    with pytest.raises(CaseError):
        advance(record, changed(true, settled={"never.arose": "met"}))


def test_each_step_remembers_from_where_to_where_and_when() -> None:
    record = reviewed(None, note("R-1", [violated("scope.boundary")]), START)
    record = reviewed(record, note("R-2", [unknown("x.y")]), START + DAY)
    told = [(one.before, one.after, one.at) for one in record.history]
    assert told == [
        (CaseState.NEW, CaseState.OPEN, START),
        (CaseState.OPEN, CaseState.AWAITING_CONDITIONS, START + DAY),
    ]


def test_a_lapse_before_its_time_is_refused() -> None:
    record = advance(None, opening())
    early = lapse(record, record.lapses_at)
    assert advance(record, early).state is CaseState.LAPSED
    with pytest.raises(CaseError, match="before its time"):
        advance(record, changed(early, at="2026-02-01T08:00:00.000Z"))


@pytest.mark.parametrize("verdict", ["approved", "waived", "conditional", "none", None, 7])
def test_a_review_that_goes_with_another_verdict_is_refused(verdict: object) -> None:
    with pytest.raises(CaseError, match="does not go with"):
        advance(None, changed(opening(), verdict=verdict))


@pytest.mark.parametrize("waived", [False, True])
def test_an_approval_that_leaves_a_condition_open_is_refused(waived: bool) -> None:
    record = advance(None, opening())
    true = note_review(record, 2, note("R-2", [], [], waived=waived), LIMITS, START)[0]
    assert advance(record, true).state.ended
    with pytest.raises(CaseError, match="leaves 1 conditions open"):
        advance(record, changed(true, settled={}))
