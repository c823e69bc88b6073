"""Which profile of the standard a spec is written in, told by its fields.

No version of the standard writes its version into a spec. The order of the tests below was found on 2,209 historical
specs: no valid vNext spec is taken for another, and every complete spec of autumn 2025 is known as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent_agency.facts import Finding, Severity
from agent_agency.spec.document import Document
from agent_agency.spec.document_kinds import SINGLE_SPEC_NAMES
from agent_agency.spec.model import Profile

_V10_SURE: Final = ("type", "created_at", "updated_at", "acceptance_criteria")
_V10_AGAINST_STATUS: Final = ("change_budget", "threats")
_SEED: Final = (
    "change_budget",
    "threats",
    "waiver_ids",
    "migrations",
    "ai_assessment",
    "experiment_mode",
    "experimental_mode",
    "human_override",
)
_SEED_QUALITIES: Final = ("a11y", "perf")
_SEED_CONTRACTS: Final = frozenset({"openapi", "graphql", "proto", "pact", "project_setup"})
_NOT_VNEXT: Final = ("status", "acceptance_criteria")


@dataclass(frozen=True, slots=True)
class Detection:
    """A profile, or the finding that says why none could be told."""

    profile: Profile | None
    refusal: Finding | None = None


def detect_profile(document: Document) -> Detection:
    """Tell the profile of a spec; a mixture and a spec without any sign are refused, never guessed."""
    spec: Mapping[str, Any] = document.value
    if "lifecycle_state" in spec:
        mixed = tuple(key for key in _NOT_VNEXT if key in spec)
        if mixed:
            return Detection(None, refusal=_mixed(document, mixed[0]))
        return Detection(Profile.VNEXT)
    if _has_v10_sign(spec):
        return Detection(Profile.V10)
    if _has_seed_sign(spec):
        return Detection(Profile.SEED)
    return Detection(None, refusal=_unknown(document))


def _has_v10_sign(spec: Mapping[str, Any]) -> bool:
    if any(key in spec for key in _V10_SURE):
        return True
    return "status" in spec and not any(key in spec for key in _V10_AGAINST_STATUS)


def _has_seed_sign(spec: Mapping[str, Any]) -> bool:
    if any(key in spec for key in _SEED):
        return True
    qualities = spec.get("non_functional")
    if isinstance(qualities, dict) and any(key in qualities for key in _SEED_QUALITIES):
        return True
    contracts = spec.get("contracts")
    for contract in contracts if isinstance(contracts, list) else ():
        kind = contract.get("type") if isinstance(contract, dict) else None
        if isinstance(kind, str) and kind in _SEED_CONTRACTS:
            return True
    return False


def _mixed(document: Document, key: str) -> Finding:
    return Finding(
        "spec.profile.mixed",
        Severity.CRITICAL,
        f"The spec mixes two profiles: 'lifecycle_state' is {Profile.VNEXT}, '{key}' is {Profile.V10}",
        f"Remove '{key}', or name the profile with --profile; 'agency spec migrate' turns {Profile.V10} to vNext.",
        document.place((key,), key=True),
        subject=key,
    )


def _unknown(document: Document) -> Finding:
    hint = (
        f"If it is an older spec, name it: --profile {Profile.SEED}."
        if document.path.endswith(SINGLE_SPEC_NAMES)
        else f"If it is an older spec, name it: --profile {Profile.SEED} or {Profile.V10}."
    )
    return Finding(
        "spec.profile.unknown",
        Severity.CRITICAL,
        f"No profile can be told: 'lifecycle_state' ({Profile.VNEXT}) is missing, so are 'type' and 'status' "
        f"({Profile.V10}) and every field that only {Profile.SEED} has (change_budget, threats, waiver_ids and others)",
        f"Add 'lifecycle_state: draft' or 'active'. {hint}",
        document.place(()),
    )
