"""A policy that is refused carries no advice in parity mode: the reference returns either errors or warnings."""

from __future__ import annotations

import json
from typing import Any

from agent_agency.facts import Severity
from agent_agency.spec.policy import read_policy


def policy() -> dict[str, Any]:
    gate = {"enabled": True, "mode": "warn"}
    return {
        "version": 1,
        "risk_tiers": {str(tier): {"max_files": 9 - tier, "max_loc": 100} for tier in (1, 2, 3)},
        "gates": dict.fromkeys(("budget_limit", "spec_completeness", "scope_boundary"), gate),
        "root_passthrough": ["package.json"],
    }


def test_a_refused_policy_has_no_advice_beside_its_refusals() -> None:
    result = read_policy(json.dumps(policy()).encode(), "policy.yaml", parity=True)
    assert not result.valid
    assert [finding.rule for finding in result.findings] == ["policy.semantic.risk_tiers.non_monotonic_files"]


def test_outside_parity_the_advice_stays() -> None:
    result = read_policy(json.dumps(policy()).encode(), "policy.yaml")
    assert any(finding.severity is Severity.ADVICE for finding in result.findings)
