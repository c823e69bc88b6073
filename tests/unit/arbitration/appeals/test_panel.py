"""Who hears an appeal, and how many must agree."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.appeals.model import Bar, CountedReview, Review, Vote
from agent_agency.arbitration.appeals.panel import (
    admits_needed,
    admitted_claims,
    current_reviews,
    panel_size,
    why_not_on_panel,
)
from agent_agency.attestation.principals import Principal
from support.principals import make_principal

WHEN = datetime(2026, 1, 31, tzinfo=UTC)
SIZES = st.lists(st.integers(1, 60), min_size=3, max_size=3, unique=True).map(lambda sizes: tuple(sorted(sizes)))


def counted(name: str, *votes: Vote, seq: int = 1) -> CountedReview:
    review = Review("sha256:" + "0" * 64, 1, votes, ("seen",) * len(votes))
    return CountedReview(name, f"{name}@example.org", review, seq, WHEN)


def person(name: str, *roles: str, address: str | None = None) -> Principal:
    return make_principal(name, roles, address=address).principal


def test_the_usual_panels_need_one_of_one_two_of_three_and_five_of_five() -> None:
    sizes = (1, 3, 5)
    assert [panel_size(level, sizes) for level in (1, 2, 3)] == [1, 3, 5]
    assert [admits_needed(level, sizes) for level in (1, 2, 3)] == [1, 2, 5]


@given(SIZES)
def test_a_higher_level_needs_more_reviewers_and_more_of_them(sizes: tuple[int, ...]) -> None:
    needed = [admits_needed(level, sizes) for level in (1, 2, 3)]
    assert needed[0] < needed[1] < needed[2]
    assert all(one <= size for one, size in zip(needed, sizes, strict=True))


@given(SIZES)
def test_the_standards_are_a_majority_two_thirds_and_all(sizes: tuple[int, ...]) -> None:
    first, second, third = (admits_needed(level, sizes) for level in (1, 2, 3))
    assert 2 * first > sizes[0]
    assert 3 * second >= 2 * sizes[1]
    assert third == sizes[2]


def test_two_of_three_is_two_thirds() -> None:
    votes = [counted("a", Vote.ADMIT), counted("b", Vote.ADMIT), counted("c", Vote.REFUSE)]
    assert admitted_claims(votes, 1, admits_needed(2, (1, 3, 5))) == (0,)


def test_one_refusal_keeps_a_claim_out_at_the_last_level() -> None:
    votes = [counted(name, Vote.ADMIT) for name in "abcd"] + [counted("e", Vote.REFUSE)]
    assert admitted_claims(votes, 1, admits_needed(3, (1, 3, 5))) == ()


def test_each_claim_is_counted_by_itself() -> None:
    votes = [counted("a", Vote.ADMIT, Vote.REFUSE), counted("b", Vote.ADMIT, Vote.ADMIT)]
    assert admitted_claims(votes, 2, 2) == (0,)


def test_a_person_has_one_vote_and_the_last_one_counts() -> None:
    votes = [counted("a", Vote.ADMIT, seq=1), counted("b", Vote.ADMIT, seq=2), counted("a", Vote.REFUSE, seq=3)]
    current = current_reviews(votes)
    assert [(one.principal, one.review.votes) for one in current] == [("a", (Vote.REFUSE,)), ("b", (Vote.ADMIT,))]


@pytest.mark.parametrize("roles", [("approver",), ("requester",), ("agent",), ("arbiter",), ("reviewer", "agent")])
def test_only_a_reviewer_who_is_no_machine_hears_appeals(roles: tuple[str, ...]) -> None:
    assert why_not_on_panel(person("ada", *roles), ()) is not None


def test_a_reviewer_without_a_part_in_the_matter_may_hear_it() -> None:
    assert why_not_on_panel(person("ada", "reviewer"), (Bar("bob@example.org", "filed the appeal"),)) is None


@pytest.mark.parametrize("who", ["ada", "Ada@Example.org", "Ada L. <ada@example.org>", "ada+work@example.org", "@ada"])
def test_no_spelling_of_a_party_gets_past_the_bar(who: str) -> None:
    why = why_not_on_panel(person("ada", "reviewer"), (Bar(who, "is an author of the change"),))
    assert why == "ada is an author of the change"
