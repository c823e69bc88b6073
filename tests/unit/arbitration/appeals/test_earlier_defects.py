"""Each defect of the earlier engine's appeals, by a test that would have caught it."""

from __future__ import annotations

import pytest

from agent_agency.arbitration.appeals.fold import expected_admissions
from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import Appeal, Ground, State, Vote
from agent_agency.arbitration.appeals.statements import appeal_subject, filing_statement, read_filing
from agent_agency.attestation.signer import sign_statement
from agent_agency.attestation.statement import read_statement
from support.appeal_entries import Docket, a_claim
from support.principals import listed, make_principal

WRITER = make_principal("writer", ["requester"])
JUDGES = [make_principal(f"judge{number}", ["reviewer"]) for number in range(1, 10)]
SEVEN_WORDS = "this error is wrong and plainly unjust"
FORTY_WORDS = " ".join(["error incorrect overlooked misapplied unjust unfair bias procedural"] * 5)


@pytest.fixture
def docket() -> Docket:
    return Docket(listed(WRITER, *JUDGES))


def filed(docket: Docket, reason: str) -> str:
    ruling = docket.rule("R-1")
    statement = filing_statement(ruling.id, ruling.entry, Ground.NEW_EVIDENCE, reason, (a_claim(),), "1")
    appeal_id = read_filing(read_statement(statement)).id
    envelope = sign_statement(statement, WRITER.signer)
    named = {"subject": appeal_subject(appeal_id), RULED_ON: dict(ruled_on(ruling.id))}
    docket.add("appeal_filed", {**named, "attestation": envelope})
    return appeal_id


def heard(docket: Docket, reason: str, vote: Vote) -> Appeal:
    appeal_id = filed(docket, reason)
    docket.review(appeal_id, JUDGES[0].signer, vote)
    return docket.appeal(appeal_id)


@pytest.mark.parametrize("reason", [SEVEN_WORDS, FORTY_WORDS, "x", "error " * 1000])
@pytest.mark.parametrize(("vote", "admitted"), [(Vote.ADMIT, (0,)), (Vote.REFUSE, ())])
def test_words_neither_win_nor_lose(docket: Docket, reason: str, vote: Vote, admitted: tuple[int, ...]) -> None:
    """Seven words with "error" and one new string overturned a ruling; forty words always did."""
    assert expected_admissions(heard(docket, reason, vote)) == admitted


@pytest.mark.parametrize("reason", [SEVEN_WORDS, FORTY_WORDS])
def test_no_appeal_is_won_before_anybody_was_asked(docket: Docket, reason: str) -> None:
    """Reviewers were counted and never asked."""
    appeal_id = filed(docket, reason)
    docket.decide(appeal_id, "approved", "R-2", panel=["judge1"], admitted=[0], outcome="overturned")
    assert docket.appeal(appeal_id).state is State.FILED


def test_one_new_piece_of_evidence_is_a_claim_and_no_proof(docket: Docket) -> None:
    appeal = heard(docket, "see the new evidence", Vote.REFUSE)
    docket.decide(appeal.id, "rejected", "R-2")
    assert docket.appeal(appeal.id).state is State.UPHELD


def test_the_same_reviewers_and_the_appellant_do_not_hear_the_next_level(docket: Docket) -> None:
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    appeal_id = docket.file(docket.newest("R-2"), WRITER.signer)
    for key in (JUDGES[0].signer, WRITER.signer):
        docket.review(appeal_id, key, level=2)
    assert docket.appeal(appeal_id).reviews == ()


def test_an_appeal_has_a_deadline(docket: Docket) -> None:
    appeal_id = filed(docket, SEVEN_WORDS)
    docket.wait(30.01)
    assert docket.appeal(appeal_id).state is State.LAPSED


def test_a_decision_that_reuses_the_id_of_the_ruling_changes_nothing_of_it(docket: Docket) -> None:
    """An overturned verdict was overwritten under its own id."""
    ruling = docket.rule("R-1")
    appeal_id = docket.file(ruling, WRITER.signer)
    docket.review(appeal_id, JUDGES[0].signer)
    docket.decide(appeal_id, "approved", "R-1")
    assert docket.appeal(appeal_id).result is None
    docket.decide(appeal_id, "approved", "R-2")
    assert docket.appeal(appeal_id).ruling == ruling
    assert docket.ruling("R-1", ruling.entry) == ruling


@pytest.mark.parametrize(("admits", "wins"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_panel_that_is_divided_decides_all_the_same(docket: Docket, admits: int, wins: bool) -> None:
    """A flag for deadlocks was set and never read; here no panel can fail to decide."""
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    appeal_id = docket.file(docket.newest("R-2"), WRITER.signer)
    for number, judge in enumerate(JUDGES[1:4]):
        docket.review(appeal_id, judge.signer, Vote.ADMIT if number < admits else Vote.REFUSE, level=2)
    assert docket.appeal(appeal_id).heard
    assert bool(expected_admissions(docket.appeal(appeal_id))) == wins


def test_a5_a_higher_level_has_more_reviewers_and_a_higher_standard(docket: Docket) -> None:
    """The share that must agree did not rise: here all but one convince levels 1 and 2, and not level 3."""
    docket.sizes = (3, 4, 5)
    shares, level = [], docket.rule("R-1")
    people = list(JUDGES) + [make_principal(f"more{number}", ["reviewer"]) for number in range(5)]
    docket.principals = listed(WRITER, *people)
    for number, size in enumerate(docket.sizes, start=1):
        appeal_id = docket.file(level, WRITER.signer, a_claim(evidence=f"sha256:{number:064x}"))
        for place in range(size):
            docket.review(appeal_id, people.pop().signer, Vote.REFUSE if place == 0 else Vote.ADMIT, level=number)
        appeal = docket.appeal(appeal_id)
        shares.append((appeal.size, appeal.needed, expected_admissions(appeal)))
        docket.decide(appeal_id, "rejected", f"R-{number + 1}")
        level = docket.rule(f"R-{number + 1}", appeal_of=level.id)
    assert shares == [(3, 2, (0,)), (4, 3, (0,)), (5, 5, ())]
