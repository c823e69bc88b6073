"""Reads ``.caws/policy.yaml``: risk-tier budgets, gates and the scope's exceptions, in either of its two shapes.

The vNext shape (``policy.v1``) is judged as the reference judges it, rule ids included, and then by rules of our own
that close what the reference lets through. The shape of October 2025 is read strictly. Which of the two a file is, it
says by itself: see ``is_seed_policy``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.facts import Finding, Severity
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.model import Budget, Policy, PolicyGate, PolicyResult

GATES = ("budget_limit", "spec_completeness", "scope_boundary", "god_object", "todo_detection")
"""The standard's gates, the closed set of ``policy.v1``."""

REQUIRED_GATES = GATES[:3]


def read_policy(data: bytes, path: str, *, parity: bool = False) -> PolicyResult:
    """Read one policy file.

    Args:
        data: the file's bytes.
        path: the path that findings name.
        parity: judge exactly as the 12.0.0 reference does, which knows the vNext shape only.
    """
    document = load_document(data, path, kind="policy")
    if not isinstance(document, Document):
        return PolicyResult(path, valid=False, findings=document)
    found = FindingCollector(document, "policy")
    seed = not parity and is_seed_policy(document.value)
    if seed:
        from agent_agency.spec import policy_seed

        policy_seed.check(document.value, found)
    else:
        from agent_agency.spec import policy_vnext

        policy_vnext.check(document.value, found)
    if not parity and not found.refused:
        from agent_agency.spec import policy_stricter

        policy_stricter.check(document.value, found, seed=seed)
    if found.refused:
        return PolicyResult(path, valid=False, findings=_refusals(found) if parity else found.findings)
    return PolicyResult(path, valid=True, findings=found.findings, policy=_to_policy(document))


def _refusals(found: FindingCollector) -> tuple[Finding, ...]:
    """Without the advice: the reference gives none on a policy that it refuses."""
    return tuple(finding for finding in found.findings if finding.severity is not Severity.ADVICE)


def is_seed_policy(value: Mapping[str, Any]) -> bool:
    """Whether a policy is of the shape of October 2025.

    It is when it says something that only that shape has: ``waiver_approval``, approvers under ``edit_rules``, quality
    thresholds or a label on a tier, or when it has no gates or gates that name no mode.
    """
    tiers, gates, edit_rules = value.get("risk_tiers"), value.get("gates"), value.get("edit_rules")
    tier_keys = {key for tier in _mappings(tiers) for key in tier}
    return (
        "waiver_approval" in value
        or "gates" not in value
        or bool(tier_keys & _SEED_TIER_KEYS)
        or (isinstance(edit_rules, dict) and "min_approvers_for_budget_raise" in edit_rules)
        or bool(_mappings(gates) and not any("mode" in gate for gate in _mappings(gates)))
    )


_SEED_TIER_KEYS = frozenset(
    {
        "label",
        "coverage_threshold",
        "mutation_threshold",
        "contracts_required",
        "manual_review_required",
        "allowed_modes",
    }
)


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value.values() if isinstance(item, dict)] if isinstance(value, dict) else []


def default_policy() -> Policy:
    """The law where the base holds no policy: the budgets of the 12.0.0 init, the three required gates blocking.

    Sizes of files and notes left behind are warned of, with the thresholds of 10.2 (1,750 and 2,000 lines).
    """
    from agent_agency.canonical_json import digest_json

    block = {"enabled": True, "mode": "block"}
    value: dict[str, Any] = {
        "version": 1,
        "risk_tiers": {
            "1": {"max_files": 5, "max_loc": 200},
            "2": {"max_files": 15, "max_loc": 600},
            "3": {"max_files": 30, "max_loc": 1500},
        },
        "gates": {
            **{name: dict(block) for name in REQUIRED_GATES},
            "god_object": {"enabled": True, "mode": "warn", "thresholds": {"warning": 1750, "critical": 2000}},
            "todo_detection": {"enabled": True, "mode": "warn"},
        },
    }
    return _policy_of(value, path="(built-in default)", digest=digest_json(value))


def _to_policy(document: Document) -> Policy:
    return _policy_of(document.value, path=document.path, digest=document.digest)


def _policy_of(value: Mapping[str, Any], *, path: str, digest: str) -> Policy:
    tiers = {int(name): _budget(tier) for name, tier in value["risk_tiers"].items()}
    gates = {name: _gate(gate) for name, gate in (value.get("gates") or {}).items()}
    for name in REQUIRED_GATES:
        gates.setdefault(name, PolicyGate("block", enabled=True, thresholds={}))
    return Policy(
        tiers=tiers,
        gates=gates,
        non_governed_zones=tuple(value.get("non_governed_zones") or ()),
        root_passthrough=tuple(value.get("root_passthrough") or ()),
        min_budget_approvers=_approvers(value),
        path=path,
        digest=digest,
        document=value,
    )


def _budget(tier: Mapping[str, Any]) -> Budget:
    return Budget(int(tier["max_files"]), int(tier["max_loc"]))


def _gate(gate: Mapping[str, Any]) -> PolicyGate:
    enabled = gate.get("enabled", True)
    return PolicyGate(
        mode=gate.get("mode", "block") if enabled else "skip", enabled=enabled, thresholds=gate.get("thresholds") or {}
    )


def _approvers(value: Mapping[str, Any]) -> int:
    """How many approvers a budget raise needs: the vNext place, else the two places of October 2025, else one."""
    places = (
        ("waivers", "min_approvers_for_budget_raise"),
        ("edit_rules", "min_approvers_for_budget_raise"),
        ("waiver_approval", "required_approvers"),
    )
    stated = [int(value[table][key]) for table, key in places if key in (value.get(table) or {})]
    return max(1, *stated) if stated else 1


def max_waiver_days(policy: Policy | None) -> int | None:
    """The longest that a waiver may last, where the policy says so (only the shape of October 2025 can)."""
    approval = policy.document.get("waiver_approval") if policy else None
    days = approval.get("max_duration_days") if isinstance(approval, dict) else None
    return int(days) if days is not None else None
