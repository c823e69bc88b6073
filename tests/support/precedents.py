"""Cases to compare, built from few words."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.model import Category, CitedFinding, RuleOutcome, RuleStatus
from agent_agency.arbitration.precedents.model import CaseFeatures
from agent_agency.facts import Severity


def outcome(
    rule: str = "tests-pass",
    status: RuleStatus = RuleStatus.UNKNOWN,
    *,
    gate: str = "tests",
    missing: str | None = "gates.passed",
    findings: tuple[CitedFinding, ...] = (),
    category: Category = Category.TESTING,
    severity: Severity = Severity.MAJOR,
) -> RuleOutcome:
    """What one rule said of a gate."""
    return RuleOutcome(
        rule=rule,
        version=1,
        status=status,
        category=category,
        severity=severity,
        waivable=True,
        message=f"{gate} gave no result",
        remedy="Run it.",
        gate=gate,
        missing=missing if status is RuleStatus.UNKNOWN else None,
        findings=findings,
    )


def facts(**members: Any) -> dict[str, Any]:
    """The facts of a small change whose tests did not run; members replace what is told."""
    told: dict[str, Any] = {
        "spec": {"present": True, "valid": True, "id": "TALLY-7", "tier": 2, "mode": "feature", "lifecycle": "active"},
        "change": {"files": 2, "lines": 40, "only_law": False},
        "budget": {"known": True, "max_files": 10, "max_lines": 100, "used_files": 2, "used_lines": 40},
        "law": {"in_force": True, "readable": True, "weakened": []},
        "evidence": {"measured": 3, "reused": 0, "flaky": 0},
        "gates": [
            {"name": "tests", "status": "not_run", "binding": True, "mode": "block"},
            {"name": "lint", "status": "pass", "binding": True, "mode": "block"},
        ],
        "findings": [],
        "files": [
            {"path": "src/billing/invoice.py", "status": "modified", "added": 30, "deleted": 2},
            {"path": "tests/billing/test_invoice.py", "status": "modified", "added": 8, "deleted": 0},
        ],
        "governance": [],
        "waivers": [],
        "claims": [],
    }
    return {**told, **members}


def case(verdict: str = "conditional", text: str = "", **values: str | tuple[str, ...]) -> CaseFeatures:
    """A case by its facts: ``case(issue="tests-pass", area=("src/billing",))``."""
    told = {key: (value,) if isinstance(value, str) else tuple(sorted(value)) for key, value in values.items()}
    return CaseFeatures(verdict, MappingProxyType(told), text)
