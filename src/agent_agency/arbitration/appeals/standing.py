"""Who may appeal, and which ruling.

Standing have: the authors of the change and the requesters of waivers that the ruling needed, against a ruling that is
not ``approved``; whoever appealed at an earlier level and lost; and any listed reviewer or approver who had no part in
the matter, against every ruling, so that a wrong approval has an opponent too. The appellant is a listed principal in
each case: without a listed key nobody can be told apart from anybody.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent_agency.arbitration.appeals.model import Appeal, AppealedRuling, Outcome
from agent_agency.attestation.person import same_principal
from agent_agency.attestation.principals import Principal

GUARDIANS = ("reviewer", "approver")
APPROVED = "approved"
APPELLANT = "appellant"


def standing(principal: Principal, ruling: AppealedRuling, before: Appeal | None) -> str | None:
    """By what right the principal may appeal the ruling, in one word; ``None`` where by none.

    Args:
        principal: who signed the filing.
        ruling: the ruling under appeal.
        before: the appeal whose result the ruling is.
    """
    if before is not None and _is(principal, (before.appellant, before.appellant_address)):
        lost = before.result is not None and before.result.outcome is Outcome.UPHELD
        return APPELLANT if lost else None
    if before is not None and _is(principal, _judges(before)):
        return None
    for people, right in ((ruling.parties.authors, "author"), (ruling.parties.requesters, "requester")):
        if _is(principal, people):
            return right if ruling.verdict != APPROVED else None
    if _is(principal, ruling.parties.approvers):
        return None
    return next((role for role in GUARDIANS if role in principal.roles), None)


def _judges(appeal: Appeal) -> tuple[str, ...]:
    """Who has heard the matter so far."""
    return (*appeal.heard_before, *(review.principal for review in appeal.reviews))


def _is(principal: Principal, people: Iterable[str]) -> bool:
    return any(same_principal(one, own) for one in people for own in (principal.name, principal.address) if own)
