"""Rules and what they say of one case, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from agent_agency.facts import Severity


class Category(StrEnum):
    """What a rule protects."""

    QUALITY = "quality"
    TESTING = "testing"
    SECURITY = "security"
    PERFORMANCE = "performance"
    DOCUMENTATION = "documentation"
    DEPLOYMENT = "deployment"
    BUDGET = "budget"
    PROCESS = "process"


class RuleStatus(StrEnum):
    """What a rule says of a case. Only ``satisfied`` and ``not_applicable`` leave an approval standing."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class RuleExample:
    """Facts beside a rule and what the rule says of them; ``facts`` holds only the members that the rule looks at."""

    name: str
    expect: RuleStatus
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One written law.

    ``each`` names a list among the facts (``gates``, ``files``, ``waivers``…): the rule is asked once for each of its
    elements, bound to ``it``; empty: once for the case. ``applies`` and ``condition`` are CEL over the facts schema;
    the rule is satisfied where ``condition`` is true. ``evidence`` are the kinds of evidence that must have been
    measured. ``message`` and ``remedy`` may name facts as ``{it.name}``. ``effective`` is the first day that it binds,
    ``expires`` the first day that it no longer does. ``source`` says where the rule comes from, ``path`` and ``line``
    where it stands (``path`` is empty for a default).
    """

    id: str
    version: int
    title: str
    category: Category
    severity: Severity
    waivable: bool
    condition: str
    message: str
    remedy: str
    source: str
    applies: str = "true"
    each: str = ""
    evidence: tuple[str, ...] = ()
    effective: date | None = None
    expires: date | None = None
    examples: tuple[RuleExample, ...] = ()
    path: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Weakening:
    """A default rule that the repository disabled or loosened, and what in the policy allows it."""

    rule: str
    how: str
    allowed_by: str


@dataclass(frozen=True, slots=True)
class Constitution:
    """The rules in force, in the order of their ids; ``digest`` is over all that decides, never over prose order."""

    rules: tuple[Rule, ...]
    digest: str
    weakened: tuple[Weakening, ...] = ()


@dataclass(frozen=True, slots=True)
class CitedFinding:
    """A finding that a violated outcome rests on."""

    fingerprint: str
    rule: str
    path: str | None
    waivable: bool


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule says of a case, or of one ``subject`` in it (the name of the element it was asked for).

    ``facts`` maps the facts that the rule looked at (dotted paths) to their values, ``evidence`` are digests behind
    them. ``missing`` names the fact that was missing, or says which bound was hit, where the status is ``unknown``.
    ``waivable`` is false where the rule, or a finding that it rests on, is not. ``by`` is ``author`` where the author
    can supply what is unknown, else ``person``.
    """

    rule: str
    version: int
    status: RuleStatus
    category: Category
    severity: Severity
    waivable: bool
    message: str
    remedy: str
    subject: str = ""
    gate: str = ""
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    evidence: tuple[str, ...] = ()
    missing: str | None = None
    findings: tuple[CitedFinding, ...] = ()
    by: str = "author"
