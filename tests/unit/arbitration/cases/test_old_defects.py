"""Eight defects of an earlier engine of this kind, each with the test that would have caught it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.arbitration.cases.fold import advance
from agent_agency.arbitration.cases.model import CaseEvent, CaseState, Matter
from agent_agency.arbitration.cases.note_request import Filed, WaiverAnswer, note_waiver_answer, note_waiver_request
from agent_agency.arbitration.cases.note_review import note_review
from agent_agency.arbitration.cases.steps import lapse
from agent_agency.arbitration.cases.transitions import transitions
from agent_agency.arbitration.ruling import Verdict
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.case_dates import tick
from agent_agency.workflows.cases import all_cases, note_ruling
from support.cases import DAY, LAW, LIMITS, START, follow, note, reviewed, satisfied, unknown, violated
from support.ledgers import make_ledger

SCOPE = violated("scope.boundary")


def test_1_more_evidence_of_a_violation_never_turns_a_case_towards_approval() -> None:
    weak = reviewed(None, note("R-1", [SCOPE]), START)
    strong = reviewed(None, note("R-1", [violated("scope.boundary", f"{n}.py") for n in range(50)]), START)
    assert (weak.state, strong.state) == (CaseState.OPEN, CaseState.OPEN)
    lie = replace(note("R-1", [SCOPE]), verdict=Verdict.APPROVED)
    with pytest.raises(ValueError, match="does not go with"):
        note_review(None, 1, lie, LIMITS, START)


@pytest.mark.parametrize("answer", [None, *WaiverAnswer])
def test_2_neither_a_request_nor_its_answer_ends_a_case_as_waived(answer: WaiverAnswer | None) -> None:
    record = reviewed(None, note("R-1", [SCOPE]), START)
    filed = Filed("WV-1", Matter.of_waiver("SPEC-1", "WV-1"), LAW)
    after = follow(record, note_waiver_request(record, 1, filed, LIMITS, START))
    assert after is not None
    if answer:
        after = follow(after, note_waiver_answer(after, "WV-1", answer, START))
    assert after is not None
    assert not after.state.ended
    assert [one.id for one in after.unsettled] == ["scope.boundary"]


def test_3_an_unknown_always_leads_to_a_conditional_case() -> None:
    for number in range(1, 6):
        missing = [unknown("tests.ran", f"{n}") for n in range(number)]
        record = reviewed(None, note("R-1", missing, [satisfied(f"rule.{n}") for n in range(40)]), START)
        assert record.state is CaseState.AWAITING_CONDITIONS


def test_4_what_an_earlier_case_came_to_changes_nothing_about_the_next() -> None:
    rejected = reviewed(None, note("R-1", [SCOPE]), START)
    approved = reviewed(rejected, note("R-2", [], [satisfied("scope.boundary")]), START)
    fresh = reviewed(None, note("R-3", [SCOPE]), START + DAY)
    again = reviewed(approved, note("R-3", [SCOPE]), START + DAY)
    assert (again.state, again.conditions) == (fresh.state, fresh.conditions)


def test_5_there_is_one_store_of_cases_and_a_second_reader_sees_what_the_first_wrote(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    first, second = make_ledger(tmp_path / "g" / "agency"), make_ledger(tmp_path / "g" / "agency")
    notes = note_ruling(first, note("R-1", [SCOPE]), LIMITS, START)
    first.append_all(notes.drafts, unless_moved=notes.unless_moved)
    assert [case.record for case in all_cases(second)] == [notes.record]


def test_6_ended_cases_take_no_room_from_new_ones_and_every_time_limit_is_enforced(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    ledger = make_ledger(tmp_path / "g" / "agency")
    drafts: list[Draft] = []
    for number in range(600):
        matter = Matter.of_change("SPEC-1", branch=f"b{number}", head="c" * 40)
        opened = note_review(None, 1, note("R-1", [SCOPE], matter=matter), LIMITS, START)
        record = advance(None, opened[0])
        ended = lapse(record, START + 30 * DAY)
        drafts += [Draft(step.kind, step.body) for step in (*opened, *([ended] if number % 2 else []))]
    ledger.append_all(drafts)
    records = [case.record for case in all_cases(ledger) if case.record]
    states = [record.state for record in records]
    assert (states.count(CaseState.OPEN), states.count(CaseState.LAPSED)) == (300, 300)
    assert len(tick(ledger, START + 30 * DAY)) == 300


def test_7_the_record_names_the_state_before_and_the_state_after() -> None:
    record = reviewed(None, note("R-1", [SCOPE]), START)
    steps = note_review(record, 2, note("R-2", [unknown("tests.ran")]), LIMITS, START)
    assert (steps[0].body["from"], steps[0].body["to"]) == ("open", "awaiting_conditions")


def test_8_every_state_can_be_entered_and_left_and_every_event_can_happen() -> None:
    table = transitions()
    assert set(table.values()) == set(CaseState) - {CaseState.NEW}
    assert {event for _, event in table} == set(CaseEvent)
    assert {state for state, _ in table} == {state for state in CaseState if not state.ended}
