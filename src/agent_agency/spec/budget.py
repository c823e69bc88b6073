"""The effective budget of a change: its tier's baseline and what waivers in force add to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent_agency.attestation.person import distinct, without
from agent_agency.config import LawLimits
from agent_agency.errors import LawError
from agent_agency.spec.javascript_dates import javascript_date
from agent_agency.spec.javascript_values import UNDEFINED, member, to_number, to_text
from agent_agency.spec.model import Budget, BudgetDecision, Policy, Waiver
from agent_agency.spec.waiver_force import why_not_in_force

BUDGET_GATE = "budget_limit"


def effective_budget(
    policy: Policy,
    tier: int,
    waivers: Sequence[Waiver],
    *,
    now: datetime,
    spec_id: str | None,
    limits: LawLimits,
    authors: tuple[str, ...] = (),
) -> BudgetDecision:
    """Add the deltas of the waivers in force to the tier's baseline.

    A waiver counts when it is in force, covers ``budget_limit`` and, where it raises the budget, has the approvers that
    the policy asks for. Together they add no more than ``limits`` allows; that a sum was cut is told in ``notes``.

    Raises:
        LawError: when the policy has no budget for the tier.
    """
    baseline = policy.tiers.get(tier)
    if baseline is None:
        raise LawError(
            f"The policy has no budget for risk tier {tier}",
            fix=f"Add risk_tiers.{tier} with max_files and max_loc.",
            path=policy.path,
        )
    applied: list[str] = []
    skipped: dict[str, str] = {}
    files = lines = 0
    for waiver in waivers:
        reason = _why_skipped(waiver, policy, tier, now, spec_id, limits, authors)
        if reason is not None:
            skipped[waiver.id] = reason
            continue
        applied.append(waiver.id)
        if waiver.delta is not None:
            files += max(0, waiver.delta.max_files)
            lines += max(0, waiver.delta.max_loc)
    added, notes = _capped(Budget(files, lines), limits)
    budget = Budget(baseline.max_files + added.max_files, baseline.max_loc + added.max_loc)
    return BudgetDecision(budget, baseline, tuple(applied), skipped, notes)


def _why_skipped(
    waiver: Waiver,
    policy: Policy,
    tier: int,
    now: datetime,
    spec_id: str | None,
    limits: LawLimits,
    authors: tuple[str, ...],
) -> str | None:
    if BUDGET_GATE not in waiver.gates:
        return f"it does not cover {BUDGET_GATE}"
    reason = why_not_in_force(waiver, now=now, spec_id=spec_id, authors=authors, limits=limits, tier=tier)
    if reason is not None:
        return reason
    delta = waiver.delta or Budget(0, 0)
    if delta.max_files < 0 or delta.max_loc < 0:
        return "its delta is negative"
    approvers = without(distinct(waiver.approvers), (*authors, *([waiver.requester] if waiver.requester else [])))
    if (delta.max_files or delta.max_loc) and len(approvers) < policy.min_budget_approvers:
        return f"it has {len(approvers)} of the {policy.min_budget_approvers} approvers that raise a budget"
    return None


def _capped(added: Budget, limits: LawLimits) -> tuple[Budget, tuple[str, ...]]:
    notes: list[str] = []
    kept = []
    for value, cap, unit in (
        (added.max_files, limits.max_delta_files, "files"),
        (added.max_loc, limits.max_delta_loc, "lines"),
    ):
        if cap is None or value <= cap:
            kept.append(value)
            continue
        notes.append(f"the waivers would add {value} {unit}; the law lets them add {cap}")
        kept.append(cap)
    return Budget(*kept), tuple(notes)


@dataclass(frozen=True, slots=True)
class DerivedBudget:
    """The reference's answer: the budget (``None``: no such tier), and waivers by id with why each was left out."""

    budget: Budget | None
    applied: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


def derive_budget(
    policy: Mapping[str, Any], tier: int, waivers: Sequence[Mapping[str, Any]], now: object
) -> DerivedBudget:
    """Derive as ``deriveBudget`` of the 12.0.0 kernel does, from documents as they stand.

    Raises:
        ValueError: when ``now`` is no date; the kernel throws there too.
    """
    baseline = policy["risk_tiers"].get(to_text(tier))
    if not baseline:
        return DerivedBudget(None)
    moment = javascript_date(now) if isinstance(now, str) else None
    if moment is None:
        raise ValueError("now is no date")
    required = (policy.get("waivers") or {}).get("min_approvers_for_budget_raise")
    least = 1 if required is None else required
    files, lines = baseline["max_files"], baseline["max_loc"]
    applied: list[Any] = []
    skipped: list[tuple[Any, str]] = []
    for waiver in waivers:
        reason = _kernel_skips(waiver, moment, least)
        if reason is not None:
            skipped.append((waiver.get("waiver_id"), reason))
            continue
        delta = _delta(waiver)
        files, lines = files + delta[0], lines + delta[1]
        applied.append(waiver.get("waiver_id"))
    return DerivedBudget(Budget(files, lines), tuple(applied), tuple(skipped))


def _kernel_skips(waiver: Mapping[str, Any], now: float, least_approvers: int) -> str | None:
    if waiver.get("status") != "active":
        return "status_not_active"
    gates = waiver.get("gates")
    if not isinstance(gates, list) or BUDGET_GATE not in gates:
        return "gate_not_covered"
    if "expires_at" in waiver:
        expiry = javascript_date(waiver["expires_at"])
        if expiry is None or expiry <= now:
            return "malformed" if expiry is None else "expired"
    files, lines = _delta(waiver)
    if files < 0 or lines < 0:
        return "negative_delta"
    if (files > 0 or lines > 0) and _approver_count(waiver) < least_approvers:
        return "insufficient_approvers"
    return None


def _approver_count(waiver: Mapping[str, Any]) -> float:
    """The ``length`` of whatever stands there, as JavaScript compares it."""
    approvers = waiver.get("approvers")
    length = None if approvers is None else member(approvers, "length")
    return 0 if length is None or length is UNDEFINED else to_number(length)


def _delta(waiver: Mapping[str, Any]) -> tuple[int, int]:
    delta = waiver.get("delta")
    if not isinstance(delta, Mapping):
        return 0, 0
    files, lines = delta.get("max_files"), delta.get("max_loc")
    return (0 if files is None else files), (0 if lines is None else lines)
