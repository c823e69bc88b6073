"""How a precedent stands, and every way of signing that does not count."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.precedents.acts import (
    distinction_statement,
    overruling_statement,
    precedent_id,
    promotion_statement,
)
from agent_agency.arbitration.precedents.fold import Bench, fold, quorum_for
from agent_agency.arbitration.precedents.model import (
    DISTINGUISHED,
    OVERRULED,
    PROMOTED,
    Differing,
    Precedent,
    RecordedRuling,
    Status,
)
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.signer import sign_statement
from agent_agency.attestation.statement import make_statement
from agent_agency.ledger.entry import Entry
from support.precedents import case
from support.principals import TestPrincipal, listed, make_principal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADA = make_principal("ada", ["approver"])
BOB = make_principal("bob", ["reviewer"])
CYD = make_principal("cyd", ["requester"])
AMY = make_principal("amy", ["reviewer"], address="amy@example.org")
EVE = make_principal("eve", ["approver"])
PEOPLE = listed(ADA, BOB, CYD, AMY)
HOLDING = "Generated code may exceed the budget."


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


RULING = RecordedRuling(
    id="R-1",
    entry=digest("R-1"),
    seq=5,
    at=NOW - timedelta(days=20),
    verdict="waived",
    case=digest("case"),
    authors=("amy@example.org",),
    tier=2,
    final_from=NOW - timedelta(days=6),
    features=case("waived", issue="budget.limit", area="src/gen", touches="generated"),
)
LATER = replace(
    RULING,
    id="R-2",
    entry=digest("R-2"),
    seq=9,
    verdict="rejected",
    features=case("rejected", issue="budget.limit", area="src/gen", touches="tests"),
)
P = precedent_id(RULING.id, RULING.entry, HOLDING)


def entry(kind: str, statement: bytes, signer: TestPrincipal = ADA, *, seq: int = 20, subject: str = P) -> Entry:
    body = {"subject": f"precedent:{subject}", "attestation": sign_statement(statement, signer.signer)}
    return Entry(seq, kind, "2026-03-01T00:00:00.000Z", "c" * 32, body, digest("before"), digest(str(seq)))


def promotion(
    signer: TestPrincipal = ADA, ruling: RecordedRuling = RULING, holding: str = HOLDING, seq: int = 20
) -> Entry:
    named = precedent_id(ruling.id, ruling.entry, holding)
    return entry(PROMOTED, promotion_statement(ruling.id, ruling.entry, holding), signer, seq=seq, subject=named)


def overruling(signer: TestPrincipal = ADA, by: RecordedRuling = LATER, seq: int = 30) -> Entry:
    return entry(OVERRULED, overruling_statement(P, by.id, by.entry, "Decided better since."), signer, seq=seq)


def distinction(*because: Differing, signer: TestPrincipal = ADA, ruling: RecordedRuling = LATER) -> Entry:
    return entry(DISTINGUISHED, distinction_statement(P, ruling.id, ruling.entry, because), signer, seq=40)


def read(
    *entries: Entry,
    rulings: tuple[RecordedRuling, ...] = (RULING, LATER),
    people: Principals = PEOPLE,
    quorum: Mapping[int, int] | None = None,
    name: str = P,
) -> Precedent:
    known = {(one.id, one.entry): one for one in rulings}
    bench = Bench(people, quorum or {1: 2, 2: 1, 3: 1}, lambda name, entry: known.get((name, entry)), NOW)
    found = fold(name, entries, bench)
    assert found is not None
    return found


def why(precedent: Precedent) -> str:
    return "; ".join(one.why for one in precedent.ignored)


def test_a_final_ruling_promoted_by_a_listed_person_guides() -> None:
    found = read(promotion())
    assert (found.status, found.verdict, found.holding) == (Status.IN_FORCE, "waived", HOLDING)
    assert found.promoters == ("ada",)
    assert found.features == RULING.features
    assert found.ignored == ()


def test_a_reviewer_promotes_as_well() -> None:
    assert read(promotion(BOB)).status is Status.IN_FORCE


@pytest.mark.parametrize(
    ("signer", "reason"),
    [
        (EVE, "not among those of the listed principals"),
        (CYD, "neither as approver nor as reviewer"),
        (AMY, "amy is an author of the change"),
    ],
)
def test_a_promotion_by_somebody_who_may_not_is_void(signer: TestPrincipal, reason: str) -> None:
    found = read(promotion(signer))
    assert found.status is Status.VOID
    assert found.features is None
    assert reason in why(found)


def test_an_author_cannot_promote_under_another_address_of_theirs() -> None:
    ruling = replace(RULING, authors=("Amy <AMY+work@example.org>",))
    assert read(promotion(AMY, ruling), rulings=(ruling,)).status is Status.VOID


def test_where_no_author_is_known_nobody_promotes() -> None:
    ruling = replace(RULING, authors=())
    found = read(promotion(ruling=ruling), rulings=(ruling,))
    assert found.status is Status.VOID
    assert "who wrote the change" in why(found)


def test_a_base_that_lists_nobody_knows_no_precedent() -> None:
    assert read(promotion(), people=Principals()).status is Status.VOID


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"final_from": NOW + timedelta(seconds=1)}, Status.DORMANT),
        ({"final_from": None}, Status.DORMANT),
        ({"replaced_by": "R-9"}, Status.SUPERSEDED),
        ({"features": None}, Status.VOID),
    ],
)
def test_a_ruling_that_is_not_final_not_standing_or_without_facts_guides_nobody(
    change: dict[str, Any], status: Status
) -> None:
    ruling = replace(RULING, **change)
    assert read(promotion(), rulings=(ruling,)).status is status


def test_a_ruling_that_is_not_on_record_makes_no_precedent() -> None:
    assert read(promotion(), rulings=()).status is Status.VOID
    moved = replace(RULING, entry=digest("another entry"))
    assert read(promotion(), rulings=(moved,)).status is Status.VOID


def test_tier_one_and_an_unknown_tier_need_a_quorum() -> None:
    first, unknown = replace(RULING, tier=1), replace(RULING, tier=None)
    for ruling in (first, unknown):
        assert read(promotion(), rulings=(ruling,)).status is Status.PROPOSED
        assert read(promotion(ADA), promotion(ADA, seq=21), rulings=(ruling,)).status is Status.PROPOSED
        assert read(promotion(ADA), promotion(BOB, seq=21), rulings=(ruling,)).status is Status.IN_FORCE
    assert quorum_for(2, {1: 3, 2: 2}) == 1
    assert quorum_for(None, {1: 2, 2: 4}) == 4


def test_two_keys_of_one_person_are_one_signature() -> None:
    other = make_principal("ada-2", ["approver"])
    both = Principal("ada", "ada@example.org", frozenset({"approver"}), (*ADA.principal.keys, *other.principal.keys))
    ruling = replace(RULING, tier=1)
    found = read(promotion(ADA), promotion(other, seq=21), rulings=(ruling,), people=Principals((both,)))
    assert (found.status, found.promoters) == (Status.PROPOSED, ("ada",))


def test_a_promotion_counts_for_the_precedent_that_it_signs_only() -> None:
    other = entry(PROMOTED, promotion_statement(RULING.id, RULING.entry, "Anything goes."))
    found = read(other)
    assert found.status is Status.VOID
    assert "another precedent" in why(found)


def test_an_act_of_another_kind_does_not_pass_for_a_promotion() -> None:
    found = read(entry(PROMOTED, overruling_statement(P, RULING.id, RULING.entry, "x")))
    assert "kind precedent_overruling" in why(found)
    predicate = {"subject": f"precedent:{P}", "ruling": RULING.id, "ruling_entry": RULING.entry, "holding": HOLDING}
    about = [("ruling:R-1", {"sha256": RULING.entry[7:]})]
    assert read(entry(PROMOTED, make_statement("waiver_approval", about, predicate))).status is Status.VOID


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"holding": None},
        {"holding": "two\nlines"},
        {"holding": "x" * 301},
        {"ruling": 7},
        {"ruling_entry": ""},
        {"subject": "waiver:WV-1"},
    ],
)
def test_a_promotion_with_other_members_is_none(change: dict[str, Any]) -> None:
    predicate = {"subject": f"precedent:{P}", "ruling": RULING.id, "ruling_entry": RULING.entry, "holding": HOLDING}
    about = [("ruling:R-1", {"sha256": RULING.entry[7:]})]
    statement = make_statement("precedent_promotion", about, {**predicate, **change})
    assert read(entry(PROMOTED, statement)).status is Status.VOID


def test_the_statement_must_be_about_the_ruling_that_its_act_names() -> None:
    predicate = {"subject": f"precedent:{P}", "ruling": RULING.id, "ruling_entry": RULING.entry, "holding": HOLDING}
    statement = make_statement("precedent_promotion", [("ruling:R-2", {"sha256": LATER.entry[7:]})], predicate)
    assert "subject is not the ruling" in why(read(entry(PROMOTED, statement)))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_of_a_signed_act_voids_it(place: int, change: int) -> None:
    made = promotion()
    envelope = json.loads(json.dumps(made.body["attestation"]))
    part = envelope if place % 2 else envelope["signatures"][0]
    member = "payload" if place % 2 else "sig"
    data = bytearray(b64decode(part[member]))
    data[place % len(data)] ^= change
    part[member] = b64encode(bytes(data)).decode()
    forged = replace(made, body={**made.body, "attestation": envelope})
    assert read(forged).status is Status.VOID


@pytest.mark.parametrize("body", [{}, {"attestation": None}, {"attestation": []}, {"attestation": {}}, {"more": 1}])
def test_an_entry_of_another_shape_counts_for_nothing(body: dict[str, Any]) -> None:
    made = promotion()
    kept = {"subject": made.body["subject"], **body}
    if "more" in body:
        kept["attestation"] = made.body["attestation"]
    assert read(replace(made, body=kept)).status is Status.VOID


def test_forged_entries_beside_a_good_promotion_change_nothing() -> None:
    forged = (promotion(EVE, seq=19), overruling(EVE), overruling(CYD, seq=31))
    found = read(forged[0], promotion(), *forged[1:])
    assert found.status is Status.IN_FORCE
    assert [one.seq for one in found.ignored] == [19, 30, 31]


def test_a_later_final_ruling_of_the_same_issue_overrules() -> None:
    found = read(promotion(), overruling())
    assert (found.status, found.overruled_by, found.overrulers) == (Status.OVERRULED, "R-2", ("ada",))
    assert found.overruling_reason == "Decided better since."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"final_from": None}, "not final"),
        ({"final_from": NOW + timedelta(days=1)}, "not final"),
        ({"replaced_by": "R-9"}, "not final"),
        ({"seq": 4}, "no later ruling"),
        ({"features": None}, "not on record"),
        ({"features": case("rejected", issue="scope.boundary")}, "no issue in common"),
        ({"authors": ("ada@example.org",)}, "author"),
        ({"entry": digest("x")}, "no ruling R-2 is on record"),
    ],
)
def test_an_overruling_case_must_be_later_final_and_about_the_same(change: dict[str, Any], reason: str) -> None:
    found = read(promotion(), overruling(), rulings=(RULING, replace(LATER, **change)))
    assert found.status is Status.IN_FORCE
    assert reason in why(found)


def test_what_is_overruled_stays_so_whatever_is_promoted_again() -> None:
    found = read(promotion(), overruling(), promotion(BOB, seq=50))
    assert found.status is Status.OVERRULED


def test_overruling_at_tier_one_needs_the_quorum_for_one_case() -> None:
    first, third = replace(RULING, tier=1), replace(LATER, id="R-3", entry=digest("R-3"), seq=11)
    promoted = (promotion(ADA), promotion(BOB, seq=21))
    one = read(*promoted, overruling(ADA), rulings=(first, LATER, third))
    assert (one.status, one.overruled_by, one.overrulers) == (Status.IN_FORCE, "", ("ada",))
    apart = read(*promoted, overruling(ADA), overruling(BOB, third, seq=31), rulings=(first, LATER, third))
    assert apart.status is Status.IN_FORCE
    both = read(*promoted, overruling(ADA), overruling(BOB, seq=31), rulings=(first, LATER, third))
    assert (both.status, both.overruled_by) == (Status.OVERRULED, "R-2")


def test_an_overruling_before_any_promotion_counts_for_nothing() -> None:
    assert read(overruling(seq=10), promotion()).status is Status.IN_FORCE


def test_a_distinction_counts_when_its_facts_differ() -> None:
    found = read(promotion(), distinction(Differing("touches", ("tests",), ("generated",))))
    assert [one.ruling for one in found.distinctions] == ["R-2"]
    assert found.status is Status.IN_FORCE


@pytest.mark.parametrize(
    "because",
    [
        Differing("area", ("src/gen",), ()),
        Differing("touches", ("docs",), ("generated",)),
        Differing("touches", ("tests",), ()),
        Differing("made_up", ("a",), ("b",)),
    ],
)
def test_a_distinction_by_facts_that_do_not_differ_counts_for_nothing(because: Differing) -> None:
    found = read(promotion(), distinction(because))
    assert found.distinctions == ()
    assert "does not differ" in why(found)


def test_a_distinction_by_nothing_or_by_somebody_who_may_not_counts_for_nothing() -> None:
    good = Differing("touches", ("tests",), ("generated",))
    assert read(promotion(), distinction()).distinctions == ()
    assert read(promotion(), distinction(good, signer=EVE)).distinctions == ()
    assert read(promotion(), distinction(good, signer=AMY)).distinctions == ()


def test_entries_about_other_subjects_are_passed_over() -> None:
    other = promotion(holding="Something else.")
    found = read(promotion(), other)
    assert found.ignored == ()
    assert fold("P-none", [promotion()], Bench(PEOPLE, {}, lambda *_: None, NOW)) is None


def test_an_id_names_one_ruling_and_one_holding() -> None:
    ids = {
        precedent_id("R-1", digest("a"), "x"),
        precedent_id("R-2", digest("a"), "x"),
        precedent_id("R-1", digest("b"), "x"),
        precedent_id("R-1", digest("a"), "y"),
    }
    assert len(ids) == 4
