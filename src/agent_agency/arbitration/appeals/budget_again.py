"""The gate over the size of a change, held anew against a budget that another waiver raises.

What the change uses is a fact of the case; only what it may use is another number. Nothing is counted anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.facts import Finding, GateResult, GateStatus, Severity
from agent_agency.gates.budget_limit import NAME, within_reason
from agent_agency.spec.model import Budget, BudgetDecision


@dataclass(frozen=True, slots=True)
class RaisedBudget:
    """The budget that waivers make together, and the ids of those that raised it."""

    decision: BudgetDecision
    raised_by: frozenset[str]


def held_anew(case: Case, raised: RaisedBudget) -> Case:
    """The case with the raised budget; unchanged where no budget was known, so that nothing can be within it."""
    told = case.stated.get("budget")
    if not isinstance(told, Mapping) or told.get("known") is not True:
        return case
    budget, baseline = raised.decision.budget, raised.decision.baseline
    used = Budget(int(told["used_files"]), int(told["used_lines"]))
    over = used.max_files > baseline.max_files or used.max_loc > baseline.max_loc
    needed = raised.raised_by if over else frozenset()
    return replace(
        case,
        stated={**case.stated, "budget": {**told, "max_files": budget.max_files, "max_lines": budget.max_loc}},
        waivers=tuple(replace(one, budget_needed=one.id in needed) for one in case.waivers),
        gates=tuple(_held(gate, used, budget) if gate.name == NAME else gate for gate in case.gates),
    )


def _held(gate: GateResult, used: Budget, budget: Budget) -> GateResult:
    """The gate without the findings that the budget now allows; what nobody could count stays."""
    if gate.status not in {GateStatus.PASS, GateStatus.FAIL}:
        return gate
    left = tuple(_left(gate.findings, used, budget))
    fails = any(finding.severity is not Severity.ADVICE for finding in left)
    status = GateStatus.FAIL if fails else GateStatus.PASS
    return replace(gate, findings=left, status=status, reason=within_reason(used, budget))


def _left(findings: tuple[Finding, ...], used: Budget, budget: Budget) -> Iterator[Finding]:
    sides: Mapping[str, tuple[int, int]] = {
        f"{NAME}.files": (used.max_files, budget.max_files),
        f"{NAME}.lines": (used.max_loc, budget.max_loc),
    }
    for finding in findings:
        number, limit = sides.get(finding.rule, (1, 0))
        if number > limit:
            yield finding


def budget_told(document: Mapping[str, Any] | None, raised: RaisedBudget) -> dict[str, Any] | None:
    """The member ``budget`` of a ruling's document by the raised budget."""
    if document is None:
        return None
    decision = raised.decision
    return {
        **document,
        "max_files": decision.budget.max_files,
        "max_loc": decision.budget.max_loc,
        "applied": list(decision.applied),
        "skipped": dict(decision.skipped),
    }
