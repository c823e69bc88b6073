"""The policy of October 2025, read strictly; and, apart, what the 4.0.0 command line made of one.

The schema of that release forbade fields that its own code read, and its own repository used both. What either of them
knew is accepted here; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.javascript_values import UNDEFINED, JavaScriptTypeError, is_true, member, to_number
from agent_agency.spec.schema_check import is_kind

Pointer = tuple[str | int, ...]

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "tier": {
        "max_files": "positive",
        "max_loc": "positive",
        "description": "string",
        "label": "string",
        "coverage_threshold": "percent",
        "mutation_threshold": "percent",
        "contracts_required": "boolean",
        "manual_review_required": "boolean",
        "allowed_modes": "modes",
    },
    "gate": {"enabled": "boolean", "description": "string", "mode": "gate_mode", "thresholds": "object"},
    "edit_rules": {
        "policy_and_code_same_pr": "boolean",
        "min_approvers_for_budget_raise": "positive",
        "require_signed_commits": "boolean",
    },
    "waiver_approval": {
        "required_approvers": "positive",
        "max_duration_days": "positive",
        "auto_revoke_expired": "boolean",
    },
}
_TOP = ("version", "risk_tiers", "gates", "edit_rules", "waiver_approval")
_MODES = ("feature", "refactor", "fix", "doc", "chore")
_TOLD = {
    "positive": "a whole number of at least 1",
    "percent": "a number from 0 to 100",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "modes": f"a list of modes ({', '.join(_MODES)})",
    "gate_mode": "block, warn or skip",
}


def check(value: Mapping[str, Any], found: FindingCollector) -> None:
    """Judge a policy of October 2025."""
    for key in value:
        if key not in _TOP:
            _unknown(found, (key,), _TOP)
    if not is_kind(value.get("version"), "integer") or value["version"] != 1:
        found.add("seed.version", ("version",), "'version' is not the whole number 1", "Write 'version: 1'.")
    tiers = value.get("risk_tiers")
    if not isinstance(tiers, dict):
        found.add("seed.risk_tiers", ("risk_tiers",), "There are no risk tiers", "Add 'risk_tiers' with 1, 2 and 3.")
    else:
        _check_tiers(tiers, found)
    _check_gates(value, found)
    for name in ("edit_rules", "waiver_approval"):
        if name in value:
            _check_fields(value[name], (name,), _FIELDS[name], found)


def _check_tiers(tiers: Mapping[str, Any], found: FindingCollector) -> None:
    for name in tiers:
        if name not in {"1", "2", "3"}:
            _unknown(found, ("risk_tiers", name), ("1", "2", "3"))
    for name in ("1", "2", "3"):
        at = ("risk_tiers", name)
        if name not in tiers:
            found.add("seed.risk_tiers", at, f"Tier {name} is missing", "Give it max_files and max_loc.")
            continue
        _check_fields(tiers[name], at, _FIELDS["tier"], found)
        for key in ("max_files", "max_loc"):
            if isinstance(tiers[name], dict) and key not in tiers[name]:
                found.add("seed.risk_tiers", (*at, key), f"Tier {name} has no {key}", f"Add '{key}'.")


def _check_gates(value: Mapping[str, Any], found: FindingCollector) -> None:
    if "gates" not in value:
        return
    gates = value["gates"]
    if not isinstance(gates, dict):
        found.add("seed.gates", ("gates",), "'gates' is not a mapping", "Write each gate under its name.")
        return
    for name, gate in gates.items():
        _check_fields(gate, ("gates", name), _FIELDS["gate"], found)


def _check_fields(value: Any, at: Pointer, fields: Mapping[str, str], found: FindingCollector) -> None:
    if not isinstance(value, dict):
        name = ".".join(str(part) for part in at)
        found.add("seed.type", at, f"'{name}' is not a mapping", "Write 'key: value' lines under it.")
        return
    for key, inner in value.items():
        kind = fields.get(key)
        if kind is None:
            _unknown(found, (*at, key), tuple(fields))
        elif not _fits(inner, kind):
            message = f"'{'.'.join(str(part) for part in (*at, key))}' is not {_TOLD[kind]}"
            found.add("seed.type", (*at, key), message, f"Write {_TOLD[kind]}.")


def _fits(value: Any, kind: str) -> bool:
    if kind == "positive":
        return is_kind(value, "integer") and bool(value >= 1)
    if kind == "percent":
        return is_kind(value, "number") and bool(0 <= value <= 100)  # noqa: PLR2004 - percent
    if kind == "modes":
        return isinstance(value, list) and all(isinstance(item, str) and item in _MODES for item in value)
    if kind == "gate_mode":
        return isinstance(value, str) and value in {"block", "warn", "skip"}
    return is_kind(value, kind)


def _unknown(found: FindingCollector, at: Pointer, known: tuple[str, ...]) -> None:
    from difflib import get_close_matches

    close = get_close_matches(str(at[-1]), known, n=1)
    name = ".".join(str(part) for part in at)
    remedy = f"Did you mean '{close[0]}'?" if close else "Remove it."
    found.add("seed.unknown_field", at, f"'{name}' is no field of a policy of October 2025", remedy, at_key=True)


def accepted_by_cli4(value: Any) -> bool:
    """Whether the policy check of the 4.0.0 command line lets a parsed document through.

    It compares loosely, as JavaScript does, so a version ``2`` or a budget of ``2.5`` files pass.
    """
    try:
        return _cli4_accepts(value)
    except JavaScriptTypeError:
        return False


def _cli4_accepts(value: Any) -> bool:
    tiers = member(value, "risk_tiers")
    if not is_true(member(value, "version")) or not is_true(tiers):
        return False
    for name in ("1", "2", "3"):
        tier = member(tiers, name)
        if not is_true(tier) or not all(_above_zero(member(tier, key)) for key in ("max_files", "max_loc")):
            return False
        if not all(_percent(member(tier, key)) for key in ("coverage_threshold", "mutation_threshold")):
            return False
    approval = member(value, "waiver_approval")
    if not is_true(approval):
        return True
    required, days = member(approval, "required_approvers"), member(approval, "max_duration_days")
    return not (required is not UNDEFINED and to_number(required) < 0) and not (
        days is not UNDEFINED and to_number(days) <= 0
    )


def _above_zero(value: Any) -> bool:
    return is_true(value) and not to_number(value) <= 0


def _percent(value: Any) -> bool:
    number = to_number(value)
    return value is UNDEFINED or not (number < 0 or number > 100)  # noqa: PLR2004 - percent
