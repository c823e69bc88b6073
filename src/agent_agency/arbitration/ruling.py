"""The ruling: everything that a review found, as one value that can be written to disk and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.facts import GateResult

SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """The outcome of a review."""

    APPROVED = "approved"
    CONDITIONAL = "conditional"
    WAIVED = "waived"
    REJECTED = "rejected"


class CawsVerdict(StrEnum):
    """The same outcome in the standard's words."""

    PASS = "pass"  # noqa: S105 - a verdict, not a credential
    WAIVER_REQUIRED = "waiver-required"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Condition:
    """What must come true before a conditional ruling can become an approval.

    ``by`` is ``author`` where the author can mend it, ``person`` where somebody with authority must decide. ``rule``
    and ``subject`` name the outcome that must become ``satisfied`` or ``not_applicable``, which a later review checks
    by itself; ``rule`` is empty where the condition is about the law itself.
    """

    id: str
    message: str
    remedy: str
    by: str
    rule: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class AppliedWaiver:
    """A waiver in force and what it did: the findings (by fingerprint) that it covers, the budget that it added.

    ``signed`` tells whether its approvals are signatures of principals that the base lists; else they are statements.
    ``requester`` is who asked for it, empty where nobody says.
    """

    id: str
    title: str
    approvers: tuple[str, ...]
    expires_at: str
    gates: tuple[str, ...]
    covers: tuple[str, ...]
    added_files: int
    added_loc: int
    digest: str
    rules: tuple[str, ...] = ()
    signed: bool = False
    requester: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and what it follows from; made by ``verdict.decide`` and by nothing else.

    ``reasons`` are the decisive lines, most decisive first, each derived from a gate result or a fact.
    """

    verdict: Verdict
    caws_verdict: CawsVerdict
    reasons: tuple[str, ...]
    conditions: tuple[Condition, ...]
    exit_code: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """One review, whole.

    ``spec``, ``law``, ``base``, ``head``, ``change``, ``budget`` are JSON-ready mappings whose keys
    ``report/schemas/ruling.v1.json`` documents. ``waived`` maps a finding's fingerprint to the waiver's id.
    ``ruling_id`` follows from the digest of all inputs: same inputs, same id. ``case_file`` are the bytes of the case
    file from which the decision follows (module ``case_file``), ``constitution_text`` those of the rules in force.

    ``outcomes`` is what each rule says: the reasoning. ``constitution`` has ``digest``, ``rules`` (how many),
    ``commit`` (where they were read), ``frozen_by`` (the open case that keeps them, or none), ``note`` and ``weakened``
    (each with ``rule``, ``how``, ``allowed_by``). ``confidence`` is absent where it has no meaning
    (``confidence.confidence``). ``case`` has ``id``, ``state``, ``due`` and ``conditions`` (each with ``id``, ``state``
    and ``due``). ``precedents`` are citations, which never change the verdict. ``features`` are the facts by
    which the case is compared with others, none where it decides no question. ``signed_by`` has ``key_id`` and
    ``principal`` (none where the base does not list the key). ``appeal_of`` is the ruling that this one replaces.
    ``on_appeal`` is what became of the ruling that a review measured, where that very ruling was appealed: ``measured``
    (``ruling_id``, ``verdict``, ``exit_code``, ``reasons``) and ``appeals``, level by level
    (``workflows.answer_on_appeal``); it is no part of the record of a ruling.
    """

    ruling_id: str
    decision: Decision
    gates: tuple[GateResult, ...]
    waivers: tuple[AppliedWaiver, ...]
    waived: Mapping[str, str]
    spec: Mapping[str, Any] | None
    law: Mapping[str, Any]
    base: Mapping[str, Any]
    head: Mapping[str, Any]
    change: Mapping[str, Any]
    budget: Mapping[str, Any] | None
    reviewed_at: str
    tool_version: str
    inputs_digest: str
    ledger: Mapping[str, Any] | None = None
    case_file: bytes = b""
    constitution_text: bytes = b""
    outcomes: tuple[RuleOutcome, ...] = ()
    constitution: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    confidence: Mapping[str, Any] | None = None
    case: Mapping[str, Any] | None = None
    precedents: tuple[Mapping[str, Any], ...] = ()
    features: Mapping[str, Any] | None = None
    signed_by: Mapping[str, Any] | None = None
    appeal_of: str | None = None
    on_appeal: Mapping[str, Any] | None = None
