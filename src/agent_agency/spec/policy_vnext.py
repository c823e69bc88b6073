"""The vNext policy (``policy.v1``) as the 12.0.0 kernel judges it: shape first, then meaning, with its rule ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.schema_check import is_kind

MODES = ("block", "warn", "skip")
BROAD_ZONES = frozenset({"**", "*", "**/*", ".", "./", "./**", "/**"})
CRITICAL_GATES = ("spec_completeness", "scope_boundary")
RISKY_ROOT_FILES = frozenset(
    {
        "package.json",
        "package-lock.json",
        "turbo.json",
        "tsconfig.json",
        ".gitignore",
        "CLAUDE.md",
        "CODEOWNERS",
        "eslint.config.js",
        ".npmrc",
        ".nvmrc",
    }
)

_VIOLATION = "schema.violation"
_GATE_NAMES = ("budget_limit", "spec_completeness", "scope_boundary", "god_object", "todo_detection")
_TOP = (
    "version",
    "risk_tiers",
    "gates",
    "waivers",
    "non_governed_zones",
    "non_governed_zones_force",
    "root_passthrough",
    "edit_rules",
    "agents",
)
_TIERS = ("1", "2", "3")
_KIND_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}

Pointer = tuple[str | int, ...]


def check(value: Mapping[str, Any], found: FindingCollector) -> None:
    """Judge shape and, when the shape holds, meaning."""
    _Shape(found).policy(value)
    if not found.refused:
        _check_meaning(value, found)


class _Shape:
    """Walks the schema; like AJV with all errors, a wrong type does not stop the keywords of other types."""

    def __init__(self, found: FindingCollector) -> None:
        self._found = found

    def policy(self, value: Mapping[str, Any]) -> None:
        self._keys(value, (), _TOP, required=("version", "risk_tiers", "gates"))
        if "version" in value:
            self._version(value["version"])
        self._each(value, "risk_tiers", self._tiers)
        self._each(value, "gates", self._gates)
        self._each(value, "waivers", self._waivers)
        self._each(value, "non_governed_zones", self._zones)
        self._each(value, "non_governed_zones_force", lambda inner, at: self._kind(inner, at, "boolean"))
        self._each(value, "root_passthrough", self._passthrough)
        self._each(value, "edit_rules", self._edit_rules)
        self._each(value, "agents", self._agents)
        self._broad_zones(value)

    def _each(self, value: Mapping[str, Any], key: str, check_one: Callable[[Any, Pointer], object]) -> None:
        if key in value:
            check_one(value[key], (key,))

    def _version(self, version: Any) -> None:
        if not is_kind(version, "integer") or version != 1:
            self._refuse(("version",), "'version' is not the whole number 1", "Write 'version: 1'.")

    def _tiers(self, tiers: Any, at: Pointer) -> None:
        if not self._kind(tiers, at, "object"):
            return
        self._keys(tiers, at, _TIERS, required=_TIERS)
        for name in _TIERS:
            if name in tiers and self._kind(tiers[name], (*at, name), "object"):
                self._tier(tiers[name], (*at, name))

    def _tier(self, tier: Mapping[str, Any], at: Pointer) -> None:
        if "label" in tier:
            self._found.add(
                "schema.tier.label_forbidden",
                (*at, "label"),
                f"Tier {at[-1]} has a 'label', which this policy has no place for",
                "Name it 'description'.",
                at_key=True,
            )
        self._keys(tier, at, ("max_files", "max_loc", "description", "label"), required=("max_files", "max_loc"))
        for key in ("max_files", "max_loc"):
            if key in tier:
                self._number(tier[key], (*at, key), least=0)
        if "description" in tier:
            self._kind(tier["description"], (*at, "description"), "string")

    def _gates(self, gates: Any, at: Pointer) -> None:
        if not self._kind(gates, at, "object"):
            return
        for name in _GATE_NAMES[:3]:
            if name not in gates:
                self._found.add(
                    "schema.gates.missing_required",
                    (*at, name),
                    f"The required gate '{name}' is missing",
                    f"Add '{name}' with 'enabled: true' and 'mode: block'.",
                )
        for name, gate in gates.items():
            if name not in _GATE_NAMES:
                self._found.add(
                    "schema.gates.unknown",
                    (*at, name),
                    f"'{name}' is no gate of the standard",
                    _did_you_mean(name, _GATE_NAMES, "Remove it; gates of your own go to agency.toml."),
                    at_key=True,
                )
            elif self._kind(gate, (*at, name), "object"):
                self._gate(gate, (*at, name))

    def _gate(self, gate: Mapping[str, Any], at: Pointer) -> None:
        self._keys(gate, at, ("enabled", "mode", "description", "thresholds"), required=("enabled", "mode"))
        for key, kind in (
            ("enabled", "boolean"),
            ("mode", "string"),
            ("description", "string"),
            ("thresholds", "object"),
        ):
            if key in gate:
                self._kind(gate[key], (*at, key), kind)
        mode = gate.get("mode")
        if "mode" in gate and not (isinstance(mode, str) and mode in MODES):
            self._found.add(
                "schema.gates.unknown_mode",
                (*at, "mode"),
                f"Gate '{at[-1]}' has an unknown mode",
                _did_you_mean(mode, MODES, "Write block, warn or skip."),
            )

    def _waivers(self, waivers: Any, at: Pointer) -> None:
        least = {"min_approvers_for_budget_raise": 1, "max_active_waivers_per_gate": 0, "default_expiry_days": 1}
        if self._kind(waivers, at, "object"):
            self._keys(waivers, at, tuple(least))
            for key, minimum in least.items():
                if key in waivers:
                    self._number(waivers[key], (*at, key), least=minimum)

    def _zones(self, zones: Any, at: Pointer) -> None:
        if self._kind(zones, at, "array"):
            for index, zone in enumerate(zones):
                self._text(zone, (*at, index))

    def _broad_zones(self, value: Mapping[str, Any]) -> None:
        zones = value.get("non_governed_zones", [])
        if value.get("non_governed_zones_force") is True or not isinstance(zones, list):
            return
        broad = [index for index, zone in enumerate(zones) if isinstance(zone, str) and zone in BROAD_ZONES]
        for index in broad:
            self._found.add(
                "schema.non_governed_zones.too_broad",
                ("non_governed_zones", index),
                f"The zone '{zones[index]}' takes the whole repository out of the scope's rule",
                "Name the folder that is meant, such as 'research/**'.",
            )
        if broad:
            self._refuse(
                ("non_governed_zones",),
                "Zones that take everything out need 'non_governed_zones_force: true'",
                "Remove the zone named above.",
            )

    def _passthrough(self, names: Any, at: Pointer) -> None:
        if not self._kind(names, at, "array"):
            return
        for index, name in enumerate(names):
            self._text(name, (*at, index))
            if not isinstance(name, str) or "/" in name:
                self._found.add(
                    "schema.root_passthrough.contains_slash",
                    (*at, index),
                    f"'{name}' is no bare file name of the root",
                    "Write the file's name without a folder; paths belong into a spec's scope.in.",
                )

    def _edit_rules(self, rules: Any, at: Pointer) -> None:
        if not self._kind(rules, at, "object"):
            return
        known = ("policy_and_code_same_pr", "require_signed_commits", "require_dual_control_for_governance")
        misplaced = "min_approvers_for_budget_raise"
        if misplaced in rules:
            self._found.add(
                "schema.edit_rules.approvers_misplaced",
                (*at, misplaced),
                f"'{misplaced}' stands under edit_rules",
                "Move it to 'waivers'.",
                at_key=True,
            )
        self._keys(rules, at, (*known, misplaced))
        for key in known:
            if key in rules:
                self._kind(rules[key], (*at, key), "boolean")

    def _agents(self, agents: Any, at: Pointer) -> None:
        key = "last_modified_paths_ttl_seconds"
        if self._kind(agents, at, "object"):
            self._keys(agents, at, (key,))
            if key in agents:
                self._number(agents[key], (*at, key), least=60, most=86400)

    # the keywords

    def _keys(
        self, value: Mapping[str, Any], at: Pointer, known: tuple[str, ...], *, required: tuple[str, ...] = ()
    ) -> None:
        for key in required:
            if key not in value:
                self._refuse((*at, key), f"'{_named((*at, key))}' is missing", f"Add '{key}'.")
        for key in value:
            if key not in known:
                remedy = _did_you_mean(key, known, "Remove it.")
                self._refuse((*at, key), f"'{_named((*at, key))}' is no field of a policy", remedy, at_key=True)

    def _kind(self, value: Any, at: Pointer, kind: str) -> bool:
        if is_kind(value, kind):
            return True
        self._refuse(at, f"'{_named(at)}' is not {_KIND_NAMES[kind]}", f"Write {_KIND_NAMES[kind]} here.")
        return False

    def _number(self, value: Any, at: Pointer, *, least: int, most: int | None = None) -> None:
        self._kind(value, at, "integer")
        if is_kind(value, "number") and (value < least or (most is not None and value > most)):
            bounds = f"at least {least}" if most is None else f"between {least} and {most}"
            self._refuse(at, f"'{_named(at)}' is out of bounds", f"Write a number {bounds}.")

    def _text(self, value: Any, at: Pointer) -> None:
        if self._kind(value, at, "string") and not value:
            self._refuse(at, f"'{_named(at)}' is empty", "Write something or remove the entry.")

    def _refuse(self, at: Pointer, message: str, remedy: str, *, at_key: bool = False) -> None:
        self._found.add(_VIOLATION, at, message, remedy, at_key=at_key)


def _check_meaning(value: Mapping[str, Any], found: FindingCollector) -> None:
    for key, rule in (("max_files", "non_monotonic_files"), ("max_loc", "non_monotonic_loc")):
        budgets = [value["risk_tiers"][tier][key] for tier in _TIERS]
        if budgets != sorted(budgets):
            told = ", ".join(f"tier {tier} {budget:g}" for tier, budget in zip(_TIERS, budgets, strict=True))
            found.add(
                f"semantic.risk_tiers.{rule}",
                ("risk_tiers",),
                f"A riskier tier has more room in {key}: {told}",
                "Give tier 1 the least and tier 3 the most.",
                at_key=True,
            )
    for name in CRITICAL_GATES:
        if value["gates"][name]["mode"] != "block":
            found.advise(
                "semantic.gates.critical_not_blocking",
                ("gates", name, "mode"),
                f"The gate '{name}' does not block",
                "Set its mode to block, or write down why not.",
            )
    if value.get("non_governed_zones_force") is True:
        found.advise(
            "semantic.non_governed_zones.force_used",
            ("non_governed_zones_force",),
            "Zones that take everything out of the scope's rule are let through",
            "Remove 'non_governed_zones_force' unless a person decided on it.",
        )
    for index, name in enumerate(value.get("root_passthrough", ())):
        if name in RISKY_ROOT_FILES:
            found.advise(
                "semantic.root_passthrough.risky_file",
                ("root_passthrough", index),
                f"Every spec may edit '{name}', which steers much of the project",
                "List it in the scope.in of the specs that need it instead.",
            )


def _named(at: Pointer) -> str:
    return ".".join(str(part) for part in at)


def _did_you_mean(word: Any, known: tuple[str, ...], otherwise: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1) if isinstance(word, str) else []
    return f"Did you mean '{close[0]}'?" if close else otherwise
