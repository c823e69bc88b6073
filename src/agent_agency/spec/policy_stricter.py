"""Rules for a policy beyond the reference's: what it lets through and nobody can have meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.facts import Severity
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.glob import Glob, is_glob, matches_prefix

_GATE_NAMES = frozenset({"budget_limit", "spec_completeness", "scope_boundary", "god_object", "todo_detection"})
_CRITICAL = ("spec_completeness", "scope_boundary", "budget_limit")
_PROBES = ("b1/c2", "d3/e4/f5.g6", ".h7/i8", "J9/k.l/m_n/o-p.q")
"""Paths without anything in common: an entry that matches all of them matches as good as everything."""
_UNREAD_OF_A_TIER = (
    "coverage_threshold",
    "mutation_threshold",
    "contracts_required",
    "manual_review_required",
    "allowed_modes",
)
_UNREAD_OF_WAIVERS = ("max_active_waivers_per_gate", "default_expiry_days")


def check(value: Mapping[str, Any], found: FindingCollector, *, seed: bool) -> None:
    """Add what our own rules say of a policy whose shape holds."""
    _check_zones(value, found)
    _check_gates(value.get("gates") or {}, found, seed=seed)
    if seed:
        _check_order(value["risk_tiers"], found)
    _check_edit_rules(value.get("edit_rules") or {}, found)
    _check_unread(value, found)


def _check_zones(value: Mapping[str, Any], found: FindingCollector) -> None:
    forced = value.get("non_governed_zones_force") is True
    for index, zone in enumerate(value.get("non_governed_zones") or ()):
        at = ("non_governed_zones", index)
        if takes_everything(zone):
            told = f"The zone '{zone}' takes every file out of the scope's rule"
            remedy = "Name the folder that is meant, such as 'research/**'."
            if forced:
                found.advise("strict.zone_takes_everything", at, told, remedy)
            else:
                found.add("strict.zone_takes_everything", at, told, remedy, severity=Severity.CRITICAL)
        elif not zone.strip() or not admits_something(zone):
            told = f"The zone '{zone}' matches no path, so it does nothing"
            found.advise("strict.zone_matches_nothing", at, told, "Write a relative path or glob, or remove it.")


def takes_everything(entry: str) -> bool:
    """Whether a zone admits every path: judged by trying paths that share nothing, however the entry is written."""
    return is_glob(entry) and all(Glob(entry).matches(path) for path in _PROBES)


def admits_something(entry: str) -> bool:
    """Whether an entry can match a normalised path at all; judged by its syntax, not by the files that exist."""
    if entry.startswith("/") or "\\" in entry or ".." in entry.split("/"):
        return False
    if is_glob(entry):
        return not entry.endswith("/")
    return entry not in {".", "./"} and not entry.startswith("./") and matches_prefix(entry, entry)


def _check_gates(gates: Mapping[str, Any], found: FindingCollector, *, seed: bool) -> None:
    for name, gate in gates.items():
        if seed and name not in _GATE_NAMES and gate.get("enabled", True):
            found.add(
                "strict.gate_unknown",
                ("gates", name),
                f"Nothing here evaluates a gate named '{name}'",
                "Remove it or set 'enabled: false'; gates of your own go to agency.toml.",
                at_key=True,
            )
    for name in _CRITICAL:
        if name in gates and not gates[name].get("enabled", True):
            found.advise(
                "strict.critical_gate_disabled",
                ("gates", name, "enabled"),
                f"The gate '{name}' is switched off, so nothing holds a change to it",
                "Set 'enabled: true', or write down who decided on it.",
            )


def _check_order(tiers: Mapping[str, Any], found: FindingCollector) -> None:
    for key in ("max_files", "max_loc"):
        budgets = [tiers[tier][key] for tier in ("1", "2", "3")]
        if budgets != sorted(budgets):
            found.add(
                "strict.risk_tiers_out_of_order",
                ("risk_tiers",),
                f"A riskier tier has more room in {key}: {', '.join(str(budget) for budget in budgets)}",
                "Give tier 1 the least and tier 3 the most.",
                at_key=True,
            )


def _check_edit_rules(rules: Mapping[str, Any], found: FindingCollector) -> None:
    for key in ("require_signed_commits", "require_dual_control_for_governance"):
        if rules.get(key) is True:
            found.advise(
                "strict.edit_rule_not_enforced",
                ("edit_rules", key),
                f"'{key}' is declared, but neither the standard nor this version enforces it",
                "Enforce it where commits are accepted, such as by branch protection.",
            )
    if rules.get("policy_and_code_same_pr") is True:
        found.advise(
            "strict.edit_rule_not_enforced",
            ("edit_rules", "policy_and_code_same_pr"),
            "'policy_and_code_same_pr' allows what a review refuses all the same: law and code edited in one change",
            "Write 'false', which is what is held to.",
        )


def _check_unread(value: Mapping[str, Any], found: FindingCollector) -> None:
    """What a policy may say, and no review reads: told, so that nobody takes it for a limit."""
    tiers = ((("risk_tiers", tier), fields, _UNREAD_OF_A_TIER) for tier, fields in value["risk_tiers"].items())
    for at, fields, unread in (*tiers, (("waivers",), value.get("waivers") or {}, _UNREAD_OF_WAIVERS)):
        for key in unread:
            if key in fields and fields[key] is not False:
                found.advise(
                    "strict.setting_not_read",
                    (*at, key),
                    f"'{key}' is declared, and no review of this version reads it",
                    "Hold it in another way, such as a job of its own, or remove it.",
                    at_key=True,
                )
