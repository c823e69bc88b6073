"""Waiver requests and appeals in cases: where they are noted, and what their answers lead to."""

from __future__ import annotations

import pytest

from agent_agency.arbitration.cases.model import CaseEvent, CaseRecord, CaseState, Matter
from agent_agency.arbitration.cases.note_request import (
    AppealAnswer,
    Filed,
    WaiverAnswer,
    note_appeal_answer,
    note_appeal_filed,
    note_waiver_answer,
    note_waiver_request,
)
from support.cases import DAY, LAW, LIMITS, START, follow, note, reviewed, satisfied, unknown, violated

SCOPE = violated("scope.boundary")


def rejected() -> CaseRecord:
    return reviewed(None, note("R-1", [SCOPE]), START)


def asked(record: CaseRecord | None, waiver: str = "WV-1") -> CaseRecord:
    filed = Filed(waiver, Matter.of_waiver("SPEC-1", waiver), LAW)
    after = follow(record, note_waiver_request(record, 1, filed, LIMITS, START + DAY))
    assert after is not None
    return after


def appealed(record: CaseRecord | None, appeal: str = "A-1", ruling: str = "R-1") -> CaseRecord:
    filed = Filed(appeal, Matter.of_appeal("SPEC-1", ruling), LAW, ruling)
    after = follow(record, note_appeal_filed(record, 1, filed, LIMITS, START + DAY))
    assert after is not None
    return after


def answered(record: CaseRecord, answer: WaiverAnswer, waiver: str = "WV-1") -> CaseRecord:
    after = follow(record, note_waiver_answer(record, waiver, answer, START + 2 * DAY))
    assert after is not None
    return after


def decided(record: CaseRecord, answer: AppealAnswer, appeal: str = "A-1") -> CaseRecord:
    after = follow(record, note_appeal_answer(record, appeal, answer, None, START + 2 * DAY))
    assert after is not None
    return after


def test_a_waiver_request_opens_a_case() -> None:
    record = asked(None)
    assert record.state is CaseState.AWAITING_WAIVER
    assert dict(record.waivers) == {"WV-1": "pending"}


def test_a_request_is_noted_in_the_open_case_and_once() -> None:
    record = asked(rejected())
    assert (record.matter, record.state) == (rejected().matter, CaseState.AWAITING_WAIVER)
    assert asked(record) == record


@pytest.mark.parametrize("answer", [WaiverAnswer.GRANTED, WaiverAnswer.DENIED, WaiverAnswer.WITHDRAWN])
def test_a_case_about_nothing_but_a_request_ends_with_its_answer(answer: WaiverAnswer) -> None:
    record = answered(asked(None), answer)
    assert record.state is CaseState.DECIDED
    assert dict(record.waivers) == {"WV-1": str(answer)}


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (WaiverAnswer.GRANTED, CaseEvent.WAIVER_GRANTED),
        (WaiverAnswer.DENIED, CaseEvent.WAIVER_DENIED),
        (WaiverAnswer.WITHDRAWN, CaseEvent.WAIVER_DENIED),
    ],
)
def test_an_answer_lets_the_case_of_a_change_await_its_next_review(answer: WaiverAnswer, event: CaseEvent) -> None:
    record = answered(asked(rejected()), answer)
    assert (record.state, record.history[-1].event) == (CaseState.OPEN, event)


def test_the_case_waits_until_every_request_is_answered() -> None:
    record = answered(asked(asked(rejected()), "WV-2"), WaiverAnswer.GRANTED)
    assert record.state is CaseState.AWAITING_WAIVER
    assert answered(record, WaiverAnswer.DENIED, "WV-2").state is CaseState.OPEN


def test_a_granted_waiver_may_be_revoked_while_the_case_is_open() -> None:
    record = answered(answered(asked(rejected()), WaiverAnswer.GRANTED), WaiverAnswer.REVOKED)
    assert (record.state, record.waivers["WV-1"]) == (CaseState.OPEN, "revoked")


def test_answers_about_waivers_that_the_case_does_not_know_or_knows_already_add_nothing() -> None:
    record = answered(asked(rejected()), WaiverAnswer.GRANTED)
    assert answered(record, WaiverAnswer.GRANTED) == record
    assert answered(record, WaiverAnswer.DENIED, "WV-9") == record


def test_a_request_alone_never_waives_anything() -> None:
    record = asked(rejected())
    record = reviewed(record, note("R-2", [SCOPE]), START + 2 * DAY)
    assert record.state is CaseState.AWAITING_WAIVER
    assert [one.id for one in record.unsettled] == ["scope.boundary"]


def test_an_approved_review_ends_the_case_though_a_request_is_pending() -> None:
    record = reviewed(asked(rejected()), note("R-2", [], [satisfied("scope.boundary")]), START + 2 * DAY)
    assert record.state is CaseState.APPROVED


def test_time_for_conditions_stands_still_while_a_request_is_undecided_and_the_cases_own_does_not() -> None:
    record = asked(reviewed(None, note("R-1", [unknown("tests.ran")]), START))
    assert record.lapses_at == START + 30 * DAY
    assert answered(record, WaiverAnswer.DENIED).lapses_at == START + 14 * DAY


def test_an_appeal_opens_a_case() -> None:
    record = appealed(None)
    assert record.state is CaseState.UNDER_APPEAL
    assert dict(record.appeals) == {"A-1": "pending"}


def test_an_appeal_is_noted_in_the_open_case_of_its_ruling() -> None:
    record = appealed(rejected())
    assert (record.matter, record.state) == (rejected().matter, CaseState.UNDER_APPEAL)


@pytest.mark.parametrize("answer", AppealAnswer)
def test_a_case_about_nothing_but_an_appeal_ends_with_it(answer: AppealAnswer) -> None:
    assert decided(appealed(None), answer).state is CaseState.DECIDED


def test_a_ruling_that_stands_leaves_its_case_open_for_mending() -> None:
    assert decided(appealed(rejected()), AppealAnswer.UPHELD).state is CaseState.OPEN


def test_a_ruling_that_is_overturned_ends_its_case() -> None:
    assert decided(appealed(rejected()), AppealAnswer.OVERTURNED).state is CaseState.DECIDED


def test_the_case_waits_until_every_appeal_is_decided() -> None:
    record = decided(appealed(appealed(rejected()), "A-2"), AppealAnswer.UPHELD)
    assert record.state is CaseState.UNDER_APPEAL
    assert decided(record, AppealAnswer.UPHELD, "A-2").state is CaseState.OPEN


def test_an_approval_while_an_appeal_is_heard_ends_the_case_once_the_appeal_is_through() -> None:
    record = reviewed(appealed(rejected()), note("R-2", [], [satisfied("scope.boundary")]), START + 2 * DAY)
    assert record.state is CaseState.UNDER_APPEAL
    record = decided(record, AppealAnswer.UPHELD)
    assert (record.state, record.ruling_id) == (CaseState.APPROVED, "R-2")


def test_a_rejection_after_that_approval_keeps_the_case_open() -> None:
    record = reviewed(appealed(rejected()), note("R-2", [], [satisfied("scope.boundary")]), START + 2 * DAY)
    record = reviewed(record, note("R-3", [SCOPE]), START + 2 * DAY)
    assert decided(record, AppealAnswer.UPHELD).state is CaseState.OPEN


def test_an_answer_that_comes_too_late_finds_the_case_lapsed() -> None:
    for record in (asked(rejected()), appealed(rejected())):
        late = START + 31 * DAY
        steps = (
            note_waiver_answer(record, "WV-1", WaiverAnswer.GRANTED, late)
            if record.waivers
            else note_appeal_answer(record, "A-1", AppealAnswer.OVERTURNED, None, late)
        )
        assert [step.kind for step in steps] == ["case_lapsed"]


def test_a_request_after_the_due_date_opens_a_case_of_its_own() -> None:
    record = rejected()
    filed = Filed("WV-1", Matter.of_waiver("SPEC-1", "WV-1"), LAW)
    steps = note_waiver_request(record, 1, filed, LIMITS, START + 31 * DAY)
    assert [step.kind for step in steps] == ["case_lapsed", "case_opened"]
