"""What a working spec of October 2025 should have, without being refused for it; and keys that are slips."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent_agency.facts import Severity
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.schema import load_schema

MODES = ("refactor", "feature", "fix", "doc", "chore")
CONTRACT_TYPES = ("openapi", "graphql", "proto", "pact", "project_setup")
TITLE_LENGTHS = (10, 200)
_SLO = re.compile(r"[0-9]+[mh]\Z")
_CRITERION = re.compile(r"A[0-9]+\Z")


def advise(found: FindingCollector, root: Mapping[str, Any], *, has_policy: bool | None) -> None:
    """Add all advice, and a finding for each top-level key that looks like a slip of the pen."""
    _keys(found, root)
    _texts(found, root)
    _scope(found, root)
    _criteria(found, root)
    _contracts(found, root)
    if "change_budget" in root:
        _budget(found, has_policy=has_policy)


def _keys(found: FindingCollector, root: Mapping[str, Any]) -> None:
    from agent_agency.spec.near_miss import did_you_mean

    known = tuple(load_schema("spec", "caws-2025.10")["properties"])
    for key in root:
        if key in known:
            continue
        meant = did_you_mean(key, known)
        if meant is not None and meant not in root:
            found.add(
                "key.misspelt",
                (key,),
                f"'{key}' is no field of a working spec, but it is close to '{meant}'",
                f"Did you mean '{meant}'?",
                severity=Severity.MODERATE,
                at_key=True,
            )
        else:
            found.advise(
                "key.unknown",
                (key,),
                f"'{key}' is no field of a working spec of this profile and is not read",
                "Remove it, or keep it as a note for people.",
                at_key=True,
            )


def _texts(found: FindingCollector, root: Mapping[str, Any]) -> None:
    title, slo = root.get("title"), root.get("operational_rollback_slo")
    least, most = TITLE_LENGTHS
    if isinstance(title, str) and title and not least <= len(title) <= most:
        found.advise(
            "title.length",
            ("title",),
            f"The title has {len(title)} characters",
            f"Write a title of {least} to {most} characters.",
        )
    if isinstance(slo, str) and slo and not _SLO.match(slo):
        found.advise(
            "slo.form",
            ("operational_rollback_slo",),
            f"'{slo}' is no number of minutes or hours",
            "Write for example 15m or 1h.",
        )


def _scope(found: FindingCollector, root: Mapping[str, Any]) -> None:
    scope = root.get("scope")
    if isinstance(scope, dict) and "out" not in scope:
        found.advise(
            "scope.out_missing",
            ("scope",),
            "The scope does not say what must stay untouched",
            "Add 'scope.out', for example [node_modules/, dist/].",
        )


def _criteria(found: FindingCollector, root: Mapping[str, Any]) -> None:
    criteria = root.get("acceptance")
    for index, criterion in enumerate(criteria if isinstance(criteria, list) else ()):
        name = criterion.get("id") if isinstance(criterion, dict) else None
        if isinstance(name, str) and name and not _CRITERION.match(name):
            found.advise(
                "acceptance.id_form",
                ("acceptance", index, "id"),
                f"The criterion id '{name}' is not A and a number",
                "Write A1, A2 and so on; later profiles demand it.",
            )


def _contracts(found: FindingCollector, root: Mapping[str, Any]) -> None:
    contracts = root.get("contracts")
    for index, contract in enumerate(contracts if isinstance(contracts, list) else ()):
        kind = contract.get("type") if isinstance(contract, dict) else None
        if isinstance(kind, str) and kind and kind not in CONTRACT_TYPES:
            found.advise(
                "contracts.type_unknown",
                ("contracts", index, "type"),
                f"'{kind}' is no kind of contract that the profile names",
                f"Use one of: {', '.join(CONTRACT_TYPES)}.",
            )


def _budget(found: FindingCollector, *, has_policy: bool | None) -> None:
    flavour = " Without a policy this is a file of September 2025." if has_policy is False else ""
    found.advise(
        "change_budget.informational",
        ("change_budget",),
        f"'change_budget' is read by people only.{flavour}".removesuffix("."),
        "Set budgets per risk tier in .caws/policy.yaml.",
        at_key=True,
    )
