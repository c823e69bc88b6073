"""The waivers that were in force when a ruling was made, read anew from law and ledger, and what they made possible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.appeals.budget_again import RaisedBudget
from agent_agency.ledger.entry import Entry
from agent_agency.spec.budget import effective_budget
from agent_agency.spec.model import Budget, BudgetDecision
from agent_agency.workflows.waivers import WaiversOfChange, WaiverUse, mark_budget_use

if TYPE_CHECKING:
    from agent_agency.workflows.appeals import Registry
    from agent_agency.workflows.law import Law


@dataclass(frozen=True, slots=True)
class WaiversThen:
    """What was in force for a change at a moment, by the waiver's id; by the law of that moment."""

    uses: Mapping[str, WaiverUse] = field(default_factory=lambda: MappingProxyType({}))
    law: Law | None = None
    spec: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    at: datetime | None = None

    def budget_with(self, ids: Collection[str]) -> RaisedBudget | None:
        """The budget that the waivers of these ids make; ``None`` where no budget is known."""
        decision = self._decision([use for name, use in self.uses.items() if name in ids])
        if decision is None:
            return None
        raising = {name for name, use in self.uses.items() if use.waiver.delta is not None}
        return RaisedBudget(decision, frozenset(raising & set(decision.applied)))

    def marked(self, used: Budget | None) -> WaiversThen:
        """The same, where each waiver tells whether a change of that size needs what it adds to the budget."""
        uses = tuple(self.uses.values())
        marked = mark_budget_use(WaiversOfChange(uses, {}), self._decision(uses), used)
        return replace(self, uses={use.waiver.id: use for use in marked.in_force})

    def _decision(self, uses: Collection[WaiverUse]) -> BudgetDecision | None:
        tier = self.spec.get("risk_tier")
        if self.law is None or self.at is None or not isinstance(tier, int) or tier not in self.law.policy.tiers:
            return None
        waivers, spec_id = [use.waiver for use in uses], self.spec.get("id")
        return effective_budget(self.law.policy, tier, waivers, now=self.at, spec_id=spec_id, limits=self.law.limits)


def waivers_then(registry: Registry, entry: Entry) -> WaiversThen:
    """The waivers that were in force for the change when the ruling was recorded, read anew from law and ledger."""
    from agent_agency.arbitration.waivers.model import ENTRY_KINDS
    from agent_agency.workflows.law import read_law
    from agent_agency.workflows.waiver_evidence import read_evidence
    from agent_agency.workflows.waivers import waivers_of_change

    document = registry.sources.document(entry) or {}
    spec, law_said, change = (document.get(name) or {} for name in ("spec", "law", "change"))
    then = datetime.fromisoformat(entry.ts)
    law = read_law(registry.repo, str(law_said.get("commit")), then)
    ledger = registry.record.ledger
    read = read_evidence(registry.repo, law.commit, law.principals, ledger)
    late = [one.body.get("attestation") for one in ledger.of_kinds(tuple(ENTRY_KINDS.values())) if one.seq > entry.seq]
    evidence = replace(read, acts=tuple(act for act in read.acts if act.envelope not in late))
    uses = waivers_of_change(
        law,
        evidence,
        spec_id=spec.get("id"),
        tier=spec.get("risk_tier"),
        authors=tuple(change.get("authors") or ()),
        now=then,
        uses_of=lambda waiver_id: registry.record.uses_of_waiver(waiver_id, except_change=str(change.get("digest"))),
    )
    found = WaiversThen({use.waiver.id: use for use in uses.in_force}, law, spec, then)
    return found.marked(_used(document.get("budget")))


def _used(budget: Any) -> Budget | None:
    """What the change used of its budget, as the ruling's document tells it."""
    if not isinstance(budget, Mapping):
        return None
    return Budget(int(budget.get("used_files") or 0), int(budget.get("used_loc") or 0))
