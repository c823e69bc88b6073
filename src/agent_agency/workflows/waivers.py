"""Which waivers of the base are in force for one change, and what each of them did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent_agency.arbitration.verdict import WaiverInForce
from agent_agency.spec.model import Budget, BudgetDecision, Waiver
from agent_agency.spec.waiver_force import why_not_in_force
from agent_agency.workflows.law import Law

BUDGET_GATE = "budget_limit"


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """A waiver in force; ``added`` is what it added to the budget, ``budget_needed`` whether the change needed that."""

    waiver: Waiver
    added: Budget = field(default_factory=lambda: Budget(0, 0))
    budget_needed: bool = False

    def for_verdict(self) -> WaiverInForce:
        """What the verdict may know of it: a waiver with a delta raises the budget and covers no budget violation."""
        gates = frozenset(self.waiver.gates)
        covers = gates - {BUDGET_GATE} if self.waiver.delta is not None else gates
        return WaiverInForce(self.waiver.id, covers, self.budget_needed)


@dataclass(frozen=True, slots=True)
class WaiversOfChange:
    """The waivers in force for one change, and why each other one is not."""

    in_force: tuple[WaiverUse, ...]
    not_in_force: Mapping[str, str]


def waivers_of_change(
    law: Law,
    *,
    spec_id: str | None,
    tier: int | None,
    authors: Sequence[str],
    now: datetime,
    uses_of: Callable[[str], int],
) -> WaiversOfChange:
    """Tell the waivers in force from the others.

    Args:
        law: the law at the base; only its valid waivers are looked at.
        spec_id: the governing spec; without one no waiver is in force.
        tier: its risk tier.
        authors: e-mail addresses and names of the change's authors, none of whom may have approved.
        now: the moment of the review.
        uses_of: how many earlier rulings a waiver (by id) was needed for.
    """
    valid = [result.waiver for result in law.waivers if result.waiver is not None]
    repeated = {waiver_id for waiver_id, count in Counter(w.id for w in valid).items() if count > 1}
    in_force: list[WaiverUse] = []
    refused: dict[str, str] = {}
    for waiver in sorted(valid, key=lambda waiver: waiver.id):
        reason = _why_not(waiver, law, spec_id, tier, tuple(authors), now)
        if waiver.id in repeated:
            reason = "several files at the base hold this id"
        if reason is None and waiver.max_uses is not None and uses_of(waiver.id) >= waiver.max_uses:
            reason = f"its {waiver.max_uses} use(s) are used up"
        if reason is None:
            in_force.append(WaiverUse(waiver))
        else:
            refused[waiver.id] = reason
    return WaiversOfChange(tuple(in_force), refused)


def _why_not(
    waiver: Waiver, law: Law, spec_id: str | None, tier: int | None, authors: tuple[str, ...], now: datetime
) -> str | None:
    if spec_id is None or tier is None:
        return "no valid working spec governs the change"
    return why_not_in_force(waiver, now=now, spec_id=spec_id, authors=authors, limits=law.limits, tier=tier)


def mark_budget_use(waivers: WaiversOfChange, budget: BudgetDecision | None, used: Budget | None) -> WaiversOfChange:
    """Mark the waivers whose delta the change needed: it is over the baseline, and they were applied."""
    if budget is None or used is None:
        return waivers
    over = used.max_files > budget.baseline.max_files or used.max_loc > budget.baseline.max_loc
    marked = tuple(
        replace(use, added=use.waiver.delta, budget_needed=over)
        if use.waiver.id in budget.applied and use.waiver.delta is not None
        else use
        for use in waivers.in_force
    )
    return WaiversOfChange(marked, waivers.not_in_force)
