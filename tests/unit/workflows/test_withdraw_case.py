"""Withdrawing a case: who said so is recorded, and where others depend on it a reviewer has to sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.arbitration.cases.model import CaseRecord, CaseState, Matter
from agent_agency.arbitration.cases.note_request import Filed, note_appeal_filed
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import sign_statement
from agent_agency.errors import CaseError, NotSignedError
from agent_agency.ledger.journal import Ledger
from agent_agency.workflows.cases import append_noted, case_by_id, newest_case, note_ruling, notes_of
from agent_agency.workflows.withdraw_case import who_withdrew, withdraw, withdrawal_statement
from support.cases import DAY, LAW, LIMITS, MATTER, START, note, violated
from support.ledgers import make_ledger
from support.principals import TestPrincipal, listed, make_principal

JUDGE = make_principal("judge", ["reviewer"])
CHIEF = make_principal("chief", ["approver"])
PEOPLE = listed(JUDGE, CHIEF)
SAID = {"who": "Dev <dev@example.org>", "reason": "not worth it"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    (tmp_path / "g").mkdir()
    made = make_ledger(tmp_path / "g" / "agency")
    ruling = note("R-1", [violated("scope.boundary")])
    append_noted(made, lambda: note_ruling(made, ruling, LIMITS, START))
    return made


def appealed(ledger: Ledger) -> CaseRecord:
    filed = Filed("A-1", Matter.of_appeal("SPEC-1", "R-1"), LAW, "R-1")
    found = newest_case(ledger, MATTER)
    steps = note_appeal_filed(found.record, found.next_ordinal, filed, LIMITS, START)
    append_noted(ledger, lambda: notes_of(found, steps))
    record = case_by_id(ledger, MATTER.case_id(1)).record
    assert record is not None
    return record


def envelope(record: CaseRecord, who: TestPrincipal) -> dict[str, object]:
    return {"attestation": sign_statement(withdrawal_statement(record, "settled out of court"), who.signer)}


def test_whoever_sits_here_may_withdraw_the_case_of_a_change_and_is_named_as_a_statement(ledger: Ledger) -> None:
    done = withdraw(ledger, MATTER.case_id(1), SAID, PEOPLE, START + DAY)
    assert done.state is CaseState.WITHDRAWN
    assert who_withdrew(done, PEOPLE) == (SAID["who"], SAID["reason"], False)


@pytest.mark.parametrize("people", [PEOPLE, Principals()], ids=["reviewers are listed", "nobody is listed"])
def test_a_case_under_appeal_is_withdrawn_by_a_signature_where_reviewers_are_listed(
    ledger: Ledger, people: Principals
) -> None:
    record = appealed(ledger)
    if people is PEOPLE:
        with pytest.raises(CaseError) as refused:
            withdraw(ledger, record.id, SAID, people, START + DAY)
        assert refused.value.stable_code == "case.signature_needed"
        done = withdraw(ledger, record.id, envelope(record, JUDGE), people, START + DAY)
        assert who_withdrew(done, people) == ("judge", "settled out of court", True)
    else:
        assert withdraw(ledger, record.id, SAID, people, START + DAY).state is CaseState.WITHDRAWN


@pytest.mark.parametrize("who", [CHIEF, make_principal("nobody", ["reviewer"])], ids=lambda who: who.name)
def test_the_signature_of_somebody_who_is_no_listed_reviewer_withdraws_nothing(
    ledger: Ledger, who: TestPrincipal
) -> None:
    record = appealed(ledger)
    with pytest.raises(NotSignedError):
        withdraw(ledger, record.id, envelope(record, who), PEOPLE, START + DAY)
    assert case_by_id(ledger, record.id).record == record


def test_a_withdrawal_that_was_signed_for_one_case_does_not_end_the_next(ledger: Ledger) -> None:
    first = case_by_id(ledger, MATTER.case_id(1)).record
    assert first is not None
    signed = envelope(first, JUDGE)
    withdraw(ledger, first.id, signed, PEOPLE, START + DAY)
    ruling = note("R-2", [violated("scope.boundary")])
    append_noted(ledger, lambda: note_ruling(ledger, ruling, LIMITS, START + DAY))
    with pytest.raises(NotSignedError):
        withdraw(ledger, MATTER.case_id(2), signed, PEOPLE, START + DAY)


def test_a_withdrawal_is_told_as_unsigned_once_its_signer_is_listed_no_longer(ledger: Ledger) -> None:
    record = appealed(ledger)
    done = withdraw(ledger, record.id, envelope(record, JUDGE), PEOPLE, START + DAY)
    with pytest.raises(NotSignedError):
        who_withdrew(done, listed(CHIEF))


def test_what_has_ended_cannot_be_withdrawn_and_what_is_due_lapses_instead(ledger: Ledger) -> None:
    assert withdraw(ledger, MATTER.case_id(1), SAID, PEOPLE, START + 30 * DAY).state is CaseState.LAPSED
    with pytest.raises(CaseError, match="has ended"):
        withdraw(ledger, MATTER.case_id(1), SAID, PEOPLE, START + 31 * DAY)
    with pytest.raises(CaseError, match="no such case"):
        withdraw(ledger, "C-none", SAID, PEOPLE, START)
