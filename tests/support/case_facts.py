"""What an ordinary repository measures of a good change, and what the default rules say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.arbitration.constitution.serialise import constitution_bytes
from agent_agency.arbitration.gate_facts import finding_facts, gate_facts
from agent_agency.facts import GateResult

DAY = date(2026, 6, 1)


def a_file(path: str = "src/app.py", **members: Any) -> dict[str, Any]:
    """One element of ``files``: an ordinary file with two lines more and one less."""
    ordinary = {
        "path": path,
        "old_path": "",
        "status": "modified",
        "added": 2,
        "deleted": 1,
        "binary": False,
        "mode_from": "100644",
        "mode_to": "100644",
        "generated": False,
        "counted": True,
        "migration": False,
        "dependency": False,
        "pipeline": False,
    }
    return {**ordinary, **members}


ORDINARY: Mapping[str, Any] = MappingProxyType(
    {
        "review": {"day": "2026-06-01", "head_kind": "commit"},
        "spec": {
            "present": True,
            "valid": True,
            "id": "FEAT-1",
            "tier": 3,
            "mode": "feature",
            "lifecycle": "active",
            "chosen_by": "only",
            "contracts": [],
            "rollback": False,
            "migrations": False,
            "invariants": 1,
            "acceptance": 1,
        },
        "change": {
            "files": 1,
            "added": 2,
            "deleted": 1,
            "lines": 3,
            "authors": 1,
            "empty": False,
            "only_law": False,
            "migrations": 0,
            "dependencies": 0,
        },
        "budget": {"known": True, "max_files": 8, "max_lines": 150, "used_files": 1, "used_lines": 3},
        "law": {
            "in_force": True,
            "digest": "sha256:00",
            "readable": True,
            "waiver_days": 90,
            "weakened": [],
            "weakened_without_leave": [],
            "principals": 0,
            "signed_approvals": False,
        },
        "provenance": {"commits": 1, "without_author": 0, "agents": [], "spec_trailers": []},
        "evidence": {"binding": 9, "measured": 9, "reused": 0, "flaky": 0},
        "findings": [],
        "files": [a_file()],
        "governance": [],
        "waivers": [],
        "authors": [{"address": "ada@example.org", "listed": False, "approved_own": False}],
        "claims": [],
    }
)
"""Every fact of a good change, less its gates."""


@cache
def default_law() -> Evaluation:
    """The default rules, compiled once for all tests."""
    return Evaluation(default_constitution())


def outcomes_of(gates: Sequence[GateResult], **records: Any) -> tuple[RuleOutcome, ...]:
    """What the default rules say of gates without a kind of their own, over ordinary facts with some replaced."""
    facts = {"gates": [gate_facts(gate, None) for gate in gates], "findings": finding_facts(gates)}
    return default_law().outcomes({**ORDINARY, **facts, **records}, DAY)


@cache
def default_text() -> bytes:
    """The default rules as a ruling keeps them."""
    return constitution_bytes(default_constitution())
