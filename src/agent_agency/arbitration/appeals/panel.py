"""Who may hear an appeal, how many must, and how many of them must agree.

The panel of level *n* has ``law.appeal_reviewers[n - 1]`` members, each a different listed person with the role
``reviewer`` who has no part in the matter and has heard it at no earlier level. A claim is admitted by a majority of
the panel at level 1, by two thirds at level 2, by all at level 3, and by at least one more than at the level before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent_agency.arbitration.appeals.model import LAST_LEVEL, Bar, CountedReview, Vote
from agent_agency.attestation.person import same_principal
from agent_agency.attestation.principals import Principal

REVIEWER = "reviewer"
NEVER_REVIEWS = frozenset({"agent", "arbiter"})


def panel_size(level: int, sizes: Sequence[int]) -> int:
    """How many reviewers hear an appeal of this level (1 to 3)."""
    return sizes[level - 1]


def admits_needed(level: int, sizes: Sequence[int]) -> int:
    """How many of the panel must admit a claim: whole numbers, so that nothing is rounded in anybody's favour."""
    size = panel_size(level, sizes)
    if level == 1:
        return size // 2 + 1
    standard = -(-2 * size // 3) if level < LAST_LEVEL else size
    return max(standard, admits_needed(level - 1, sizes) + 1)


def reason_barred(name: str, address: str, barred: Iterable[Bar]) -> str | None:
    """Why this person is barred; anybody who may be the same person is, by name or by address."""
    return next(
        (bar.why for bar in barred if same_principal(bar.who, name) or (address and same_principal(bar.who, address))),
        None,
    )


def why_not_on_panel(principal: Principal, barred: Iterable[Bar]) -> str | None:
    """Say in a clause why a listed principal may not review, or ``None`` where they may."""
    if REVIEWER not in principal.roles:
        return f"{principal.name} is not listed with the role reviewer"
    if wrong := sorted(NEVER_REVIEWS & principal.roles):
        return f"{principal.name} is listed as {wrong[0]}, and such a principal hears no appeal"
    why = reason_barred(principal.name, principal.address, barred)
    return None if why is None else f"{principal.name} {why}"


def current_reviews(reviews: Iterable[CountedReview]) -> tuple[CountedReview, ...]:
    """The last review of each principal, in the order in which they first spoke."""
    current: dict[str, CountedReview] = {}
    for review in reviews:
        current[review.principal] = review
    return tuple(current.values())


def admitted_claims(reviews: Sequence[CountedReview], claims: int, needed: int) -> tuple[int, ...]:
    """The numbers (from 0) of the claims that enough of the panel admit."""
    return tuple(
        number
        for number in range(claims)
        if sum(review.review.votes[number] is Vote.ADMIT for review in reviews) >= needed
    )
