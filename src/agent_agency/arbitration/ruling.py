"""The ruling: everything that a review found, as one value that can be written to disk and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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

    ``by`` is ``author`` where the author can mend it, ``person`` where somebody with authority must decide.
    """

    id: str
    message: str
    remedy: str
    by: str


@dataclass(frozen=True, slots=True)
class AppliedWaiver:
    """A waiver in force and what it did: the findings (by fingerprint) that it covers, the budget that it added."""

    id: str
    title: str
    approvers: tuple[str, ...]
    expires_at: str
    gates: tuple[str, ...]
    covers: tuple[str, ...]
    added_files: int
    added_loc: int
    digest: str


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
    ``ruling_id`` follows from the digest of all inputs: same inputs, same id. ``case`` are the bytes of the case file
    from which the decision follows (``case_file``).
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
    case: bytes = b""
