from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.waivers.fold import fold, standing, weigh_approvals
from agent_agency.arbitration.waivers.model import Act, ActKind, WaiverRecord, WaiverState
from agent_agency.attestation.principals import Principal
from support.waiver_acts import (
    ANN,
    BOB,
    BOT,
    CEM,
    DIGEST,
    NOW,
    OTHER_DIGEST,
    REX,
    TERMS,
    act,
    approval,
    person,
    record_of,
    request,
)


def state_of(record: WaiverRecord, quorum: int = 1, authors: Sequence[str] = (), uses: int = 0) -> WaiverState:
    return standing(record, now=NOW, quorum=quorum, authors=authors, uses=uses).state


def why_not(record: WaiverRecord, authors: Sequence[str] = ()) -> list[str]:
    return [weighed.why for weighed in weigh_approvals(record, now=NOW, authors=authors) if not weighed.counts]


def test_a_request_alone_is_pending() -> None:
    assert state_of(record_of(request())) is WaiverState.PENDING


def test_a_quorum_of_distinct_approvers_approves_it() -> None:
    record = record_of(request(), approval(ANN), approval(BOB))
    assert state_of(record, quorum=2) is WaiverState.APPROVED
    assert state_of(record, quorum=3) is WaiverState.PENDING


def test_the_requester_never_counts_as_an_approver_even_when_listed_as_one() -> None:
    record = record_of(request(ANN), approval(ANN))
    assert state_of(record) is WaiverState.PENDING
    assert why_not(record) == ["ann asked for it"]


def test_one_person_with_two_keys_counts_once() -> None:
    record = record_of(request(), approval(ANN), approval(ANN, key="another key", after_s=61))
    assert state_of(record, quorum=2) is WaiverState.PENDING
    assert why_not(record) == ["ann approved it already"]


def test_only_the_role_of_an_approver_approves() -> None:
    record = record_of(request(), approval(BOT), approval(person("rev", "reviewer")))
    assert state_of(record) is WaiverState.PENDING
    assert all("as an approver" in why for why in why_not(record))


@pytest.mark.parametrize(
    "author", ["ann@example.org", "ANN@EXAMPLE.ORG", "ann+work@example.org", "Ann <ann@example.org>", "ann", "@ann"]
)
def test_an_author_of_the_change_never_counts_however_the_name_is_written(author: str) -> None:
    record = record_of(request(), approval(ANN))
    assert state_of(record, authors=["somebody@example.org", author]) is WaiverState.PENDING
    assert why_not(record, [author]) == ["ann is an author of the change"]


def test_an_approval_over_other_terms_counts_nothing() -> None:
    record = record_of(request(), approval(ANN, digest=OTHER_DIGEST))
    assert state_of(record) is WaiverState.PENDING
    assert why_not(record) == ["it is a signature over other terms than these"]


def test_an_approval_older_than_the_request_counts_nothing() -> None:
    assert why_not(record_of(request(), approval(ANN, after_s=-1))) == ["it is older than the request"]


def test_an_approval_from_the_future_counts_nothing() -> None:
    (why,) = why_not(record_of(request(), approval(ANN, after_s=7200)))
    assert "yet to come" in why


@pytest.mark.parametrize(("by", "kind"), [(BOB, ActKind.DENIAL), (BOB, ActKind.REVOCATION), (REX, ActKind.REVOCATION)])
@pytest.mark.parametrize("after_s", [30, 90])
def test_a_denial_or_revocation_ends_it_before_and_after_it_was_approved(
    by: Principal, kind: ActKind, after_s: float
) -> None:
    record = record_of(request(), approval(ANN), approval(CEM), act(kind, by, after_s=after_s))
    found = standing(record, now=NOW, quorum=1)
    assert found.state is (WaiverState.DENIED if kind is ActKind.DENIAL else WaiverState.REVOKED)
    assert found.why is not None
    assert by.name in found.why


def test_who_may_neither_deny_nor_revoke_ends_nothing() -> None:
    others = (act(ActKind.DENIAL, REX), act(ActKind.REVOCATION, BOT), act(ActKind.DENIAL, BOT))
    assert state_of(record_of(request(), approval(ANN), *others)) is WaiverState.APPROVED


def test_a_denial_of_other_terms_ends_nothing() -> None:
    assert state_of(record_of(request(), approval(ANN), act(ActKind.DENIAL, BOB, digest=OTHER_DIGEST))) is (
        WaiverState.APPROVED
    )


def test_it_expires_at_the_moment_that_was_signed() -> None:
    record = record_of(request(), approval(ANN))
    ends = TERMS.expires_at
    assert standing(record, now=ends - timedelta(milliseconds=1), quorum=1).state is WaiverState.APPROVED
    assert standing(record, now=ends, quorum=1).state is WaiverState.EXPIRED


def test_it_is_used_up_when_other_changes_needed_it_as_often_as_was_asked() -> None:
    record = record_of(request(terms=replace(TERMS, max_uses=2)), approval(ANN))
    assert state_of(record, uses=1) is WaiverState.APPROVED
    assert state_of(record, uses=2) is WaiverState.USED_UP


def test_two_requests_of_one_id_are_two_waivers() -> None:
    records = fold((), [request(), request(BOT, digest=OTHER_DIGEST), approval(ANN)])
    assert [(record.digest, state_of(record)) for record in records] == [
        (DIGEST, WaiverState.APPROVED),
        (OTHER_DIGEST, WaiverState.PENDING),
    ]


_SIGNERS = st.sampled_from([ANN, BOB, CEM, REX, BOT])
_ACTS = st.builds(
    act,
    st.sampled_from([ActKind.APPROVAL, ActKind.APPROVAL, ActKind.APPROVAL, ActKind.DENIAL, ActKind.REVOCATION]),
    _SIGNERS,
    digest=st.sampled_from([DIGEST, DIGEST, OTHER_DIGEST]),
    after_s=st.sampled_from([-1.0, 30.0, 60.0, 7200.0]),
    key=st.sampled_from(["one", "two"]),
)
_AUTHORS = st.lists(st.sampled_from(["ann@example.org", "Bob", "cem+x@example.org", "x@example.org"]), max_size=2)


@given(st.lists(_ACTS, max_size=8), st.randoms(), st.integers(1, 3), _AUTHORS)
def test_the_order_of_acts_does_not_matter(acts: list[Act], chance: Random, quorum: int, authors: list[str]) -> None:
    shuffled = [*acts, *acts[:2]]
    chance.shuffle(shuffled)
    assert state_of(record_of(request(), *acts), quorum, authors) is state_of(
        record_of(*shuffled, request()), quorum, authors
    )


@given(st.lists(_ACTS, min_size=1, max_size=8), st.data(), st.integers(1, 3), _AUTHORS)
def test_taking_an_approval_away_never_brings_a_waiver_into_force(
    acts: list[Act], data: st.DataObject, quorum: int, authors: list[str]
) -> None:
    taken = data.draw(st.integers(0, len(acts) - 1))
    if acts[taken].kind is not ActKind.APPROVAL:
        return
    left = [*acts[:taken], *acts[taken + 1 :]]
    if state_of(record_of(request(), *left), quorum, authors) is WaiverState.APPROVED:
        assert state_of(record_of(request(), *acts), quorum, authors) is WaiverState.APPROVED


@given(st.lists(_ACTS, max_size=8), _ACTS, st.integers(1, 3), _AUTHORS)
def test_an_ending_more_never_brings_a_waiver_into_force(
    acts: list[Act], more: Act, quorum: int, authors: list[str]
) -> None:
    if more.kind is ActKind.APPROVAL:
        return
    if state_of(record_of(request(), *acts, more), quorum, authors) is WaiverState.APPROVED:
        assert state_of(record_of(request(), *acts), quorum, authors) is WaiverState.APPROVED


@given(st.lists(_ACTS, max_size=8), st.integers(0, 10**7), st.integers(1, 3))
def test_an_expired_waiver_is_never_approved(acts: list[Act], late_s: int, quorum: int) -> None:
    later = TERMS.expires_at + timedelta(seconds=late_s)
    found = standing(record_of(request(), *acts), now=later, quorum=quorum).state
    assert found in {WaiverState.EXPIRED, WaiverState.DENIED, WaiverState.REVOKED}


@given(st.lists(_ACTS, max_size=10), st.integers(1, 3), _AUTHORS)
def test_whoever_approved_is_listed_no_author_and_no_requester(
    acts: list[Act], quorum: int, authors: list[str]
) -> None:
    found = standing(record_of(request(), *acts), now=NOW, quorum=quorum, authors=authors)
    names = [principal.name for principal in found.approvers]
    assert len(set(names)) == len(names)
    assert set(names) <= {"ann", "bob", "cem"}
    if found.state is WaiverState.APPROVED:
        assert len(names) >= quorum
