"""The profile ``caws-2025.10``: the single ``.caws/working-spec.yaml`` of October 2025, read strictly.

The rules are those of CLI 4.0.0 (``compat_cli4``) made strict where that CLI was merely sloppy: a mode is one of five,
a tier is a whole number, lists are lists, criteria say given, when and then. Its shape is the packaged JSON Schema, so
that editors and this checker agree. ``change_budget`` is informational: budgets come from the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.facts import Finding, Severity
from agent_agency.spec import seed_advice
from agent_agency.spec.document import Document
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.model import Profile, Scope, Spec
from agent_agency.spec.schema_check import Breach, Pointer, breaches

_RULES: Mapping[tuple[str, str], tuple[str, Severity]] = {
    ("id", "pattern"): ("id.format", Severity.MAJOR),
    ("mode", "enum"): ("mode.unknown", Severity.MAJOR),
    ("risk_tier", "type"): ("risk_tier.not_integer", Severity.MAJOR),
    ("risk_tier", "enum"): ("risk_tier.out_of_range", Severity.MAJOR),
    ("scope.in", "required"): ("scope.in_empty", Severity.CRITICAL),
    ("scope.in", "min_items"): ("scope.in_empty", Severity.CRITICAL),
    ("scope.in", "type"): ("scope.in_not_a_list", Severity.CRITICAL),
    ("invariants", "min_items"): ("invariants.empty", Severity.MAJOR),
    ("acceptance", "min_items"): ("acceptance.empty", Severity.MAJOR),
    ("acceptance[].given", "required"): ("acceptance.given_when_then", Severity.MAJOR),
    ("acceptance[].when", "required"): ("acceptance.given_when_then", Severity.MAJOR),
    ("acceptance[].then", "required"): ("acceptance.given_when_then", Severity.MAJOR),
    ("waiver_ids[]", "pattern"): ("waiver_ids.format", Severity.MAJOR),
}
_KEYWORD_RULES: Mapping[str, tuple[str, Severity]] = {
    "required": ("required_field", Severity.MAJOR),
    "min_length": ("shape.blank", Severity.MAJOR),
    "type": ("shape.type", Severity.MAJOR),
    "minimum": ("shape.too_small", Severity.MODERATE),
}
FIRST_TIER_WITHOUT_CONTRACTS = 3


def check(document: Document, *, has_policy: bool | None = None) -> tuple[Finding, ...]:
    """Tell what is wrong with a working spec of October 2025.

    Args:
        document: the parsed file.
        has_policy: whether ``.caws/policy.yaml`` exists; ``None`` where nobody looked. It only words the advice on
            ``change_budget``, which marks a file of September 2025 where there is no policy.
    """
    found = FindingCollector(document, "seed")
    root = document.value
    if not isinstance(root, dict):
        found.add("document.not_a_mapping", (), "The document is not a mapping", "Write the fields of a working spec.")
        return found.findings
    _check_shape(found, root)
    _check_duties(found, root)
    _check_experiment(found, root)
    seed_advice.advise(found, root, has_policy=has_policy)
    return found.findings


def _check_shape(found: FindingCollector, root: Mapping[str, Any]) -> None:
    from agent_agency.spec.schema import load_schema

    for breach in breaches(load_schema("spec", Profile.SEED), root):
        rule, severity = _rule_of(breach)
        found.add(rule, breach.pointer, breach.message, _remedy(breach, root), severity=severity)


def _rule_of(breach: Breach) -> tuple[str, Severity]:
    exact = _RULES.get((_field_of(breach.pointer), breach.keyword))
    return exact or _KEYWORD_RULES[breach.keyword]


def _field_of(pointer: Pointer) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in pointer).lstrip(".")


def _remedy(breach: Breach, root: Mapping[str, Any]) -> str:
    value = root.get("mode")
    if breach.pointer == ("mode",) and isinstance(value, str):
        from agent_agency.spec.near_miss import did_you_mean

        meant = did_you_mean(value, seed_advice.MODES)
        return f"Did you mean '{meant}'? {breach.hint}" if meant else breach.hint
    return breach.hint or "Correct the value."


def _check_duties(found: FindingCollector, root: Mapping[str, Any]) -> None:
    tier = tier_of(root.get("risk_tier"))
    if tier is None:
        return
    if tier < FIRST_TIER_WITHOUT_CONTRACTS and root.get("contracts") == []:
        found.add(
            "contracts.required",
            ("contracts",),
            f"A change of tier {tier} needs at least one contract",
            "Add a contract with its type and path, or lower the risk if that is true.",
        )
    if tier == 1:
        _check_tier_1(found, root)


def _check_tier_1(found: FindingCollector, root: Mapping[str, Any]) -> None:
    quality = root.get("non_functional")
    security = quality.get("security") if isinstance(quality, dict) else None
    owed = (
        (
            root.get("observability"),
            ("observability",),
            "observability",
            "which logs, metrics and traces show its health",
        ),
        (root.get("rollback"), ("rollback",), "rollback", "the steps that undo the change"),
        (security, ("non_functional", "security"), "security", "what must stay protected"),
    )
    for value, pointer, name, what in owed:
        if not value:
            found.add(
                f"{name}.required",
                pointer,
                f"A change of tier 1 needs '{'.'.join(pointer)}'",
                f"List under '{'.'.join(pointer)}' {what}.",
            )


def _check_experiment(found: FindingCollector, root: Mapping[str, Any]) -> None:
    trial = root.get("experimental_mode")
    if isinstance(trial, dict) and trial.get("enabled") is True and tier_of(root.get("risk_tier")) in {1, 2}:
        found.add(
            "experimental_mode.tier",
            ("experimental_mode",),
            "An experiment is allowed on tier 3 only",
            "Set 'risk_tier: 3' if the risk is that low, or remove 'experimental_mode'.",
        )


def tier_of(value: Any) -> int | None:
    """The tier as a whole number, or ``None`` where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value in {1, 2, 3}:
        return int(value)
    return None


def to_spec(document: Document) -> Spec:
    """Reduce a document that passed ``check``; the profile has no lifecycle, so it is active."""
    root = document.value
    scope = root["scope"]
    return Spec(
        id=root["id"],
        title=root["title"],
        risk_tier=int(root["risk_tier"]),
        mode=root["mode"],
        lifecycle="active",
        scope=Scope(tuple(scope["in"]), tuple(scope.get("out", ()))),
        profile=Profile.SEED,
        path=document.path,
        digest=document.digest,
        document=root,
    )
