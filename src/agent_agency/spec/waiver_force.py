"""Whether a waiver is in force for a change: valid is not enough."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_agency.attestation.person import distinct, without
from agent_agency.clock import rfc3339
from agent_agency.config import LawLimits
from agent_agency.spec.model import Waiver


def why_not_in_force(
    waiver: Waiver,
    *,
    now: datetime,
    spec_id: str | None,
    authors: tuple[str, ...],
    limits: LawLimits,
    tier: int,
) -> str | None:
    """Say why a waiver does not cover this change.

    Args:
        waiver: a valid waiver, read from the law that binds the change.
        now: the moment of the review, aware.
        spec_id: the governing spec.
        authors: e-mail addresses of the change's authors; none of them counts as an approver.
        limits: the law's own limits: the longest duration, the approvers by tier.
        tier: the risk tier of the governing spec.

    Returns:
        ``None`` when it is in force, else the reason as a clause fit for a report.
    """
    return (
        _why_not_by_state(waiver, spec_id)
        or _why_not_by_time(waiver, now, limits)
        or _why_not_by_approval(waiver, authors, limits.quorum.get(tier, 1))
    )


def _why_not_by_state(waiver: Waiver, spec_id: str | None) -> str | None:
    if waiver.status != "active":
        return f"its status is {waiver.status}"
    if waiver.spec_id is not None and waiver.spec_id != spec_id:
        return f"it is for spec {waiver.spec_id}"
    return None


def _why_not_by_time(waiver: Waiver, now: datetime, limits: LawLimits) -> str | None:
    longest = timedelta(days=limits.waiver_max_days)
    if waiver.expires_at <= now:
        return f"it expired at {rfc3339(waiver.expires_at)}"
    if waiver.created_at is not None and waiver.created_at > now:
        return f"it begins only at {rfc3339(waiver.created_at)}"
    if waiver.expires_at - (waiver.created_at or now) > longest:
        return f"it lasts longer than the {limits.waiver_max_days} days that the law allows"
    return None


def _why_not_by_approval(waiver: Waiver, authors: tuple[str, ...], quorum: int) -> str | None:
    interested = (*authors, waiver.requester) if waiver.requester else authors
    approvers = distinct(waiver.approvers)
    independent = without(approvers, interested)
    if len(independent) >= quorum:
        return None
    if not approvers:
        return "nobody approved it"
    if len(independent) < len(approvers):
        own = ", ".join(name for name in approvers if name not in independent)
        return f"{own} may not approve an exception for a change of their own ({len(independent)} of {quorum} left)"
    return f"it has {len(approvers)} of the {quorum} approvers that its risk tier needs"
