"""CAWS documents as values: what the loaders hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent_agency.facts import Finding


class Profile(StrEnum):
    """The named dialects of the standard; every report says which one judged a file."""

    VNEXT = "caws-vnext"
    SEED = "caws-2025.10"
    V10 = "caws-10"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a spec's change may go: ``inside`` is the document's ``scope.in``, ``outside`` its ``scope.out``."""

    inside: tuple[str, ...]
    outside: tuple[str, ...] = ()
    support: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """A valid working spec in any profile, reduced to what the arbiter reads.

    ``document`` is the whole parsed document as plain data, ``digest`` is over the file's bytes, ``path`` is where it
    was read. ``lifecycle`` is ``active``, ``draft``, ``closed`` or ``archived``; profiles without the field are active.
    """

    id: str
    title: str
    risk_tier: int
    mode: str
    lifecycle: str
    scope: Scope
    profile: Profile
    path: str
    digest: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """The answer on one file: ``valid`` follows from the findings (no finding above ``advice``).

    ``spec`` is present when, and only when, the file is valid. ``profile`` is ``None`` when none could be told.
    """

    path: str
    profile: Profile | None
    valid: bool
    findings: tuple[Finding, ...]
    spec: Spec | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a change may touch: files, and lines inserted plus deleted."""

    max_files: int
    max_loc: int


@dataclass(frozen=True, slots=True)
class PolicyGate:
    """How a policy wants a gate run: ``mode`` is ``block``, ``warn`` or ``skip``; a disabled gate is skipped."""

    mode: str
    enabled: bool
    thresholds: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Policy:
    """A valid policy of either shape. ``tiers`` maps 1, 2, 3 to budgets; ``gates`` maps gate names.

    ``min_budget_approvers`` is how many approvers a waiver needs that raises a budget.
    """

    tiers: Mapping[int, Budget]
    gates: Mapping[str, PolicyGate]
    non_governed_zones: tuple[str, ...]
    root_passthrough: tuple[str, ...]
    min_budget_approvers: int
    path: str
    digest: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The answer on one policy file; ``policy`` is present when, and only when, the file is valid."""

    path: str
    valid: bool
    findings: tuple[Finding, ...]
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver of any shape, read into one.

    ``spec_id`` ``None`` means project-wide. ``delta`` is what it adds to a budget (``None``: it covers whole gates).
    ``approvers`` are distinct principals, ``requester`` who asked for it where the file says so. ``rules`` and
    ``paths`` are those of a signed request: rules of the constitution that it covers, and globs outside of which it
    covers nothing.
    """

    id: str
    title: str
    status: str
    gates: tuple[str, ...]
    reason: str
    approvers: tuple[str, ...]
    requester: str | None
    created_at: datetime | None
    expires_at: datetime
    spec_id: str | None
    max_uses: int | None
    delta: Budget | None
    path: str
    digest: str
    rules: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaiverResult:
    """The answer on one waiver file; ``waiver`` is present when, and only when, the file is valid."""

    path: str
    valid: bool
    findings: tuple[Finding, ...]
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class ScopeDecision:
    """May this path be edited? ``kind`` is ``admit``, ``reject``, ``no_authority`` or ``invalid_path``.

    ``rule`` is the reference's rule id; ``matched`` is the scope entry or zone that decided, where one did.
    """

    kind: str
    rule: str
    path: str
    normalized_path: str | None
    matched: str | None = None


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """The effective budget and how it came about: waiver ids applied, and skipped ones with the reason.

    ``notes`` are short sentences, such as that the waivers' sum was cut to the cap of the law.
    """

    budget: Budget
    baseline: Budget
    applied: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
