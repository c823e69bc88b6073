"""What a ruling adds to its case: when one opens, how conditions are settled, and when it ends."""

from __future__ import annotations

import json

import pytest

from agent_agency.arbitration.cases.model import CaseEvent, CaseState, Matter, Settled, condition_id
from agent_agency.arbitration.cases.note_review import note_review
from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.ruling import Verdict
from agent_agency.canonical_json import canonical_json
from agent_agency.config import LawLimits
from support.cases import DAY, LIMITS, MATTER, START, follow, note, outcome, reviewed, satisfied, unknown, violated

SCOPE, TESTS = violated("scope.boundary"), unknown("tests.ran")


def test_a_review_with_violations_opens_a_case() -> None:
    record = reviewed(None, note("R-1", [SCOPE, TESTS]), START)
    assert record.state is CaseState.OPEN
    assert record.due == START + 30 * DAY
    assert [(one.id, one.status) for one in record.unsettled] == [
        ("scope.boundary", "violated"),
        ("tests.ran", "unknown"),
    ]


def test_a_review_with_unknowns_alone_opens_a_case_that_awaits_its_conditions() -> None:
    record = reviewed(None, note("R-1", [TESTS]), START)
    assert record.state is CaseState.AWAITING_CONDITIONS
    assert record.lapses_at == START + 14 * DAY


def test_an_approval_opens_no_case() -> None:
    assert note_review(None, 1, note("R-1", [], [satisfied("tests.ran")]), LIMITS, START) == ()


def test_a_waived_review_opens_a_case_and_ends_it_and_is_told_once() -> None:
    ruling = note("R-1", [], [violated("scope.boundary")], waived=True)
    record = reviewed(None, ruling, START)
    assert record.state is CaseState.WAIVED
    assert len(record.history) == 2
    assert note_review(record, 2, ruling, LIMITS, START + DAY) == ()


def test_the_same_ruling_again_adds_nothing() -> None:
    ruling = note("R-1", [SCOPE])
    record = reviewed(None, ruling, START)
    assert note_review(record, 2, ruling, LIMITS, START + DAY) == ()


def test_a_later_review_tells_what_is_met_and_what_is_still_open() -> None:
    record = reviewed(None, note("R-1", [TESTS, unknown("lint.ran"), unknown("types.ran")]), START)
    record = reviewed(record, note("R-2", [unknown("types.ran")], [satisfied("tests.ran")]), START + DAY)
    assert {one.id: one.settled for one in record.conditions} == {
        "tests.ran": Settled.MET,
        "lint.ran": Settled.MOOT,
        "types.ran": None,
    }
    assert record.state is CaseState.AWAITING_CONDITIONS


def test_an_approval_discharges_what_is_left_and_ends_the_case() -> None:
    record = reviewed(None, note("R-1", [SCOPE, TESTS]), START)
    record = reviewed(record, note("R-2", [], [satisfied("scope.boundary"), satisfied("tests.ran")]), START + DAY)
    assert record.state is CaseState.APPROVED
    assert not record.unsettled


def test_a_waived_review_ends_the_case_and_says_what_a_waiver_covers() -> None:
    record = reviewed(None, note("R-1", [SCOPE, TESTS]), START)
    covered = note("R-2", [], [violated("scope.boundary"), satisfied("tests.ran")], waived=True)
    record = reviewed(record, covered, START + DAY)
    assert record.state is CaseState.WAIVED
    assert {one.id: one.settled for one in record.conditions} == {
        "scope.boundary": Settled.COVERED,
        "tests.ran": Settled.MET,
    }


@pytest.mark.parametrize("status", [RuleStatus.NOT_APPLICABLE, None])
def test_a_condition_whose_subject_left_the_change_is_moot_and_not_met(status: RuleStatus | None) -> None:
    record = reviewed(None, note("R-1", [violated("files.generated", "a.py")]), START)
    others = [outcome("files.generated", status, "a.py")] if status else []
    record = reviewed(record, note("R-2", [], others), START + DAY)
    assert record.conditions[0].settled is Settled.MOOT
    assert record.state is CaseState.APPROVED


@pytest.mark.parametrize("waived", [False, True])
def test_a_change_that_vanished_is_withdrawn_and_never_an_approval(waived: bool) -> None:
    record = reviewed(None, note("R-1", [SCOPE]), START)
    record = reviewed(record, note("R-2", waived=waived, change_empty=True), START + DAY)
    assert record.state is CaseState.WITHDRAWN
    assert record.history[-1].event is CaseEvent.CHANGE_VANISHED


def test_a_condition_that_arises_again_keeps_the_day_when_it_is_due() -> None:
    record = reviewed(None, note("R-1", [TESTS, SCOPE]), START)
    record = reviewed(record, note("R-2", [SCOPE], [satisfied("tests.ran")]), START + DAY)
    assert record.conditions[1].settled is Settled.MET
    record = reviewed(record, note("R-3", [TESTS], [satisfied("scope.boundary")]), START + 9 * DAY)
    assert [(one.since, one.due) for one in record.unsettled] == [(START, START + 14 * DAY)]


def test_no_number_of_reviews_moves_a_due_date() -> None:
    record = reviewed(None, note("R-0", [TESTS]), START)
    for day in range(1, 14):
        record = reviewed(record, note(f"R-{day}", [TESTS]), START + day * DAY)
    assert record.lapses_at == START + 14 * DAY
    late = note_review(record, 2, note("R-late", [TESTS]), LIMITS, START + 14 * DAY)
    assert [step.kind for step in late] == ["case_lapsed", "case_opened"]


def test_a_lapse_names_the_conditions_that_were_not_met_in_time() -> None:
    record = reviewed(None, note("R-1", [TESTS]), START)
    lapse = note_review(record, 2, note("R-2", [], [satisfied("tests.ran")]), LIMITS, START + 20 * DAY)
    assert [step.kind for step in lapse] == ["case_lapsed"]
    assert lapse[0].body["overdue"] == ["tests.ran"]


def test_a_rejected_change_has_until_the_case_is_due() -> None:
    record = reviewed(None, note("R-1", [SCOPE]), START)
    assert not record.is_due(START + 30 * DAY - DAY / 1000)
    assert record.is_due(START + 30 * DAY)


def test_a_clock_set_back_never_opens_what_lapsed() -> None:
    record = reviewed(None, note("R-1", [SCOPE]), START)
    late = follow(record, note_review(record, 2, note("R-2", [], [satisfied("x.y")]), LIMITS, START + 31 * DAY))
    assert late is not None
    assert late.state is CaseState.LAPSED
    assert note_review(late, 2, note("R-3", []), LIMITS, START) == ()
    again = note_review(late, 2, note("R-4", [SCOPE]), LIMITS, START)
    assert [step.kind for step in again] == ["case_opened"]
    assert again[0].body["subject"] == f"case:{MATTER.case_id(2)}"


def test_reviews_of_two_branches_of_one_spec_are_two_matters() -> None:
    other = Matter.of_change("SPEC-1", branch="other", head="c" * 40)
    assert other.key != MATTER.key
    assert Matter.of_change("SPEC-1", branch="feature", head="e" * 40) == MATTER


def test_detached_commits_are_matters_by_their_commit_and_no_branch_can_be_named_like_one() -> None:
    detached = Matter.of_change("SPEC-1", branch=None, head="c" * 40)
    assert detached.key != Matter.of_change("SPEC-1", branch=None, head="d" * 40).key
    assert detached.key != Matter.of_change("SPEC-1", branch="c" * 40, head="d" * 40).key
    assert detached.key != Matter.of_change("SPEC-1", branch=f"commit {'c' * 40}", head="d" * 40).key
    assert Matter.of_change("A", branch="B C", head="").key != Matter.of_change("A B", branch="C", head="").key


def test_a_file_cannot_be_named_so_that_its_condition_is_taken_for_another_files() -> None:
    names = ["a\tb", '"a\\tb"', "a\udcffb", '"a\\377b"', "a", "a#b"]
    assert len({condition_id("files.rule", name) for name in names}) == len(names)


def test_names_that_are_no_utf8_can_be_recorded() -> None:
    matter = Matter.of_change("S", branch="br\udcff", head="c" * 40)
    steps = note_review(None, 1, note("R-1", [violated("files.rule", "p\udcff\ud800")], matter=matter), LIMITS, START)
    assert json.loads(canonical_json(dict(steps[0].body)))["matter"]["name"] == '"branch br\\377"'


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_that_does_not_follow_from_what_is_unsettled_is_no_note(verdict: Verdict) -> None:
    lie = note("R-1", [SCOPE])
    wrong = verdict in {Verdict.APPROVED, Verdict.WAIVED}
    told = type(lie)(
        lie.ruling_id, verdict, lie.matter, lie.tree, lie.law, lie.outcomes, lie.unsettled if wrong else ()
    )
    with pytest.raises(ValueError, match="does not go with"):
        note_review(None, 1, told, LIMITS, START)


def test_the_laws_limits_are_what_dates_follow_from() -> None:
    record = reviewed(None, note("R-1", [TESTS]), START, LawLimits(case_days=3, condition_days=2))
    assert (record.due, record.lapses_at) == (START + 3 * DAY, START + 2 * DAY)
