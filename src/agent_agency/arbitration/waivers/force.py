"""Whether a waiver is in force for one change: approved is not enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent_agency.arbitration.waivers.fold import standing
from agent_agency.arbitration.waivers.lawful import Bounds, problems_of
from agent_agency.arbitration.waivers.model import Standing, WaiverRecord, WaiverState
from agent_agency.spec.model import Waiver
from agent_agency.spec.waiver_force import why_not_in_force


@dataclass(frozen=True, slots=True)
class ChangeBefore:
    """The change that a waiver may cover: its spec and risk tier, its authors, the moment of its review.

    ``authors`` are e-mail addresses and names, co-authors included.
    """

    spec_id: str
    tier: int
    authors: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Forced:
    """What came of one waiver: as ``waiver`` it has those who count as its approvers; ``why`` it is not in force."""

    waiver: Waiver
    standing: Standing
    why: str | None


def judge_record(record: WaiverRecord, change: ChangeBefore, bounds: Bounds, *, uses: int) -> Forced:
    """Say whether a waiver with signed acts is in force for a change.

    Args:
        record: the waiver and the sound acts about it.
        change: what it is to cover.
        bounds: what the law at the base lets a waiver be.
        uses: how many other changes needed it already.
    """
    quorum = quorum_of(record.waiver, change.tier, bounds)
    how = standing(record, now=change.now, quorum=quorum, authors=change.authors, uses=uses)
    waiver = replace(record.waiver, approvers=tuple(principal.address for principal in how.approvers))
    why = how.why if how.state is not WaiverState.APPROVED else _why_not(record, waiver, change, bounds)
    return Forced(waiver, how, told_with_approvals(why, how))


def _why_not(record: WaiverRecord, waiver: Waiver, change: ChangeBefore, bounds: Bounds) -> str | None:
    """What stands against an approved waiver; a file was held to the law when it was read, a request is only now."""
    unlawful = problems_of(record.request.terms, bounds) if record.request and record.request.terms else ()
    if unlawful:
        return unlawful[0].why
    return why_not_in_force(
        waiver,
        now=change.now,
        spec_id=change.spec_id,
        authors=change.authors,
        limits=bounds.limits,
        tier=change.tier,
    )


def told_with_approvals(why: str | None, how: Standing) -> str | None:
    """The reason, and for a waiver that lacks approvals why those that it has do not count."""
    if why is None or how.state is not WaiverState.PENDING:
        return why
    idle = [f"{weighed.act.where}: {weighed.why}" for weighed in how.approvals if not weighed.counts]
    return "; ".join((why, *idle))


def quorum_of(waiver: Waiver, tier: int, bounds: Bounds) -> int:
    """How many must approve under a risk tier; raising a budget may need more, by the policy."""
    least = bounds.limits.quorum.get(tier, 1)
    raises = waiver.delta is not None and (waiver.delta.max_files > 0 or waiver.delta.max_loc > 0)
    return max(least, bounds.policy.min_budget_approvers) if raises and bounds.policy else least


def days_of(waiver: Waiver, now: datetime) -> int:
    """How many days it lasts in all, begun ones counted whole."""
    begins = waiver.created_at or now
    return max(0, -((begins - waiver.expires_at) // timedelta(days=1)))
