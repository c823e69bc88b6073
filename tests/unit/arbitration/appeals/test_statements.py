"""What is signed about an appeal, read as strictly as it is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.appeals.model import Claim, Form, Ground, Vote
from agent_agency.arbitration.appeals.statements import (
    filing_statement,
    payload_digest,
    read_filing,
    read_review,
    review_statement,
    statement_bytes,
)
from agent_agency.attestation.statement import Statement, make_statement, read_statement

ENTRY = "sha256:" + "ab" * 32
DIGEST = "sha256:" + "cd" * 32
CLAIM = Claim(Form.FALSE_POSITIVE, "f" * 32, evidence=(DIGEST,))


def filed(*claims: Claim, ground: Ground = Ground.NEW_EVIDENCE, nonce: str = "1") -> bytes:
    return filing_statement("R-1", ENTRY, ground, "it is not so", claims or (CLAIM,), nonce)


def changed(statement: bytes, kind: str | None = None, **members: Any) -> Statement:
    read = read_statement(statement)
    predicate = {key: value for key, value in {**read.predicate, **members}.items() if value != "absent"}
    return read_statement(make_statement(kind or read.kind, read.subjects, predicate))


def test_a_filing_is_read_as_it_was_written() -> None:
    claims = (CLAIM, Claim(Form.MEASUREMENT, "R-2", ("tests", "lint")), Claim(Form.FACT, "spec.rollback", value=True))
    filing = read_filing(read_statement(filed(*claims)))
    assert (filing.ruling, filing.ruling_entry, filing.ground) == ("R-1", ENTRY, Ground.NEW_EVIDENCE)
    assert filing.claims == claims
    assert filing.reason == "it is not so"


def test_the_id_follows_from_all_that_was_signed() -> None:
    ids = {
        read_filing(read_statement(statement)).id
        for statement in (filed(), filed(nonce="2"), filed(Claim(Form.FALSE_POSITIVE, "e" * 32, evidence=(DIGEST,))))
    }
    assert len(ids) == 3
    assert read_filing(read_statement(filed())).id == read_filing(read_statement(filed())).id


@pytest.mark.parametrize(
    "members",
    [
        {"subject": "appeal:A-00000000000000000000"},
        {"reason": "another reason"},
        {"ruling": "R-2"},
        {"claims": []},
        {"nonce": "9"},
        {"nonce": "absent"},
        {"verdict": "approved"},
    ],
)
def test_a_filing_of_which_one_member_was_changed_is_none(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"appeal|ruling|claims|no text|filing"):
        read_filing(changed(filed(), **members))


@pytest.mark.parametrize("reason", ["", "   ", "x" * 10_001])
def test_a_filing_gives_a_reason_of_bounded_length(reason: str) -> None:
    statement = filing_statement("R-1", ENTRY, Ground.NEW_EVIDENCE, reason, (CLAIM,), "1")
    with pytest.raises(ValueError, match="the reason is no text"):
        read_filing(read_statement(statement))


def test_a_claim_belongs_to_the_ground_that_is_stated() -> None:
    with pytest.raises(ValueError, match="does not belong to the ground"):
        read_filing(read_statement(filed(ground=Ground.LEGAL_ERROR)))


def test_a_filing_makes_between_one_and_twenty_claims() -> None:
    many = tuple(Claim(Form.FALSE_POSITIVE, f"{number:032x}", evidence=(DIGEST,)) for number in range(21))
    with pytest.raises(ValueError, match="1 to 20 claims"):
        read_filing(read_statement(filed(*many)))


def test_a_review_is_read_as_it_was_written() -> None:
    digest = payload_digest(filed())
    review = read_review(read_statement(review_statement("A-1", digest, 2, (Vote.ADMIT, Vote.REFUSE), ("a", "b"))))
    assert (review.appeal, review.level, review.votes, review.reasons) == (
        digest,
        2,
        (Vote.ADMIT, Vote.REFUSE),
        ("a", "b"),
    )


@pytest.mark.parametrize(
    "members",
    [
        {"subject": "appeal:A-2"},
        {"appeal": DIGEST},
        {"level": 0},
        {"level": 4},
        {"level": True},
        {"level": "1"},
        {"votes": []},
        {"votes": [{"vote": "maybe", "reason": "x"}]},
        {"votes": [{"vote": "admit", "reason": " "}]},
        {"votes": [{"vote": "admit"}]},
        {"weight": 7},
    ],
)
def test_a_review_of_another_shape_is_none(members: dict[str, Any]) -> None:
    good = review_statement("A-1", payload_digest(filed()), 1, (Vote.ADMIT,), ("seen",))
    with pytest.raises(ValueError, match=r"appeal|level|[vV]ote|text|review"):
        read_review(changed(good, **members))


def test_a_signature_under_one_kind_of_act_is_none_under_another() -> None:
    review = review_statement("A-1", payload_digest(filed()), 1, (Vote.ADMIT,), ("seen",))
    with pytest.raises(ValueError, match="no filing"):
        read_filing(read_statement(review))
    with pytest.raises(ValueError, match="no review"):
        read_review(changed(review, kind="waiver_approval"))


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and text.isprintable()), st.integers(1, 20))
def test_what_was_read_has_the_bytes_that_were_signed(reason: str, count: int) -> None:
    claims = tuple(Claim(Form.FALSE_POSITIVE, f"{number:032x}", evidence=(DIGEST,)) for number in range(count))
    statement = filing_statement("R-1", ENTRY, Ground.NEW_EVIDENCE, reason, claims, "1")
    assert statement_bytes(read_statement(statement)) == statement
