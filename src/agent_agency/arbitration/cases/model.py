"""A case as values: its states, what can happen to it, what it is about, and what it has come to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.facts import display_path

OPENED = "case_opened"
NOTED = "case_noted"
CLOSED = "case_closed"
LAPSED = "case_lapsed"
CASE_KINDS = (OPENED, NOTED, CLOSED, LAPSED)
"""The kinds of ledger entry that make a case."""

PENDING = "pending"
"""The answer to a waiver request or an appeal that has none yet."""

SUBJECT_PREFIX = "case:"
_ID_DIGITS = 20


class CaseState(StrEnum):
    """Where a case stands. ``new`` is before its first entry."""

    NEW = "new"
    OPEN = "open"
    AWAITING_CONDITIONS = "awaiting_conditions"
    AWAITING_WAIVER = "awaiting_waiver"
    COMPARING = "comparing"
    UNDER_APPEAL = "under_appeal"
    APPROVED = "approved"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"
    DECIDED = "decided"
    LAPSED = "lapsed"

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to the case any more."""
        return self in {
            CaseState.APPROVED,
            CaseState.WAIVED,
            CaseState.WITHDRAWN,
            CaseState.DECIDED,
            CaseState.LAPSED,
        }


class CaseEvent(StrEnum):
    """What can happen to a case.

    ``waiver_answered`` is a decision while another request of the case is undecided; ``waiver_granted`` and
    ``waiver_denied`` are the last one; ``request_settled`` is the last one of a case that is about nothing else.
    ``appeal_answered`` is a decision while another appeal of the case is heard; ``appeal_upheld`` is the last one and
    lets the ruling stand, ``appeal_decided`` ends the case. ``due_passed`` is told by the clock.
    """

    REVIEW_APPROVED = "review_approved"
    REVIEW_WAIVED = "review_waived"
    REVIEW_REJECTED = "review_rejected"
    REVIEW_CONDITIONAL = "review_conditional"
    CHANGE_VANISHED = "change_vanished"
    WAIVER_REQUESTED = "waiver_requested"
    WAIVER_ANSWERED = "waiver_answered"
    WAIVER_GRANTED = "waiver_granted"
    WAIVER_DENIED = "waiver_denied"
    WAIVER_REVOKED = "waiver_revoked"
    REQUEST_SETTLED = "request_settled"
    PATCHES_COMPETE = "patches_compete"
    PATCH_CHOSEN = "patch_chosen"
    APPEAL_FILED = "appeal_filed"
    APPEAL_ANSWERED = "appeal_answered"
    APPEAL_UPHELD = "appeal_upheld"
    APPEAL_DECIDED = "appeal_decided"
    WITHDRAWN = "withdrawn"
    DUE_PASSED = "due_passed"


REVIEWS = frozenset(
    {
        CaseEvent.REVIEW_APPROVED,
        CaseEvent.REVIEW_WAIVED,
        CaseEvent.REVIEW_REJECTED,
        CaseEvent.REVIEW_CONDITIONAL,
        CaseEvent.CHANGE_VANISHED,
    }
)


class MatterKind(StrEnum):
    """What a case is about: a change, competing patches, or a request or appeal that belongs to no open case."""

    CHANGE = "change"
    COMPETING = "competing"
    WAIVER = "waiver"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class Matter:
    """What a case is about; two reviews are of one matter when their keys are equal.

    ``name`` tells matters of one spec apart: the branch of a change, the head commit where it stands on none, the id
    of a waiver request or of the ruling that is appealed against; empty for the competing patches of a spec.
    ``key`` is the digest of these.
    """

    kind: MatterKind
    spec: str
    name: str
    key: str

    @classmethod
    def of_change(cls, spec: str | None, *, branch: str | None, head: str) -> Matter:
        """A change under a spec: by its branch, or by its head commit where it stands on no branch."""
        name = f"branch {branch}" if branch else f"commit {head}"
        return _matter(MatterKind.CHANGE, spec or "", name)

    @classmethod
    def of_competing(cls, spec: str) -> Matter:
        """All patches that compete for one spec."""
        return _matter(MatterKind.COMPETING, spec, "")

    @classmethod
    def of_waiver(cls, spec: str | None, waiver_id: str) -> Matter:
        """A waiver request that belongs to no open case."""
        return _matter(MatterKind.WAIVER, spec or "", waiver_id)

    @classmethod
    def of_appeal(cls, spec: str | None, ruling_id: str) -> Matter:
        """An appeal against a ruling that belongs to no open case."""
        return _matter(MatterKind.APPEAL, spec or "", ruling_id)

    def case_id(self, ordinal: int) -> str:
        """The id of its first, second… case: no two processes can open two cases of one matter at once."""
        return f"C-{self.key.removeprefix('sha256:')[:_ID_DIGITS]}-{ordinal}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as an opening entry holds it."""
        return {"kind": str(self.kind), "spec": plain(self.spec), "name": plain(self.name), "key": self.key}


def _matter(kind: MatterKind, spec: str, name: str) -> Matter:
    return Matter(kind, spec, name, digest_json([str(kind), _bytes(spec), _bytes(name)]))


def _bytes(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").hex()


def plain(text: str) -> str:
    """The text as JSON can hold it: a name with bytes that are no UTF-8 stands in git's quoted form."""
    return display_path(text) if any("\ud800" <= char <= "\udfff" for char in text) else text


def subject_of(case_id: str) -> str:
    """What entries about a case name as their subject."""
    return SUBJECT_PREFIX + case_id


class Settled(StrEnum):
    """How a condition came to be settled.

    ``met``: its rule is satisfied. ``moot``: it no longer arises, as what it was about left the change. ``covered``: a
    waiver in force covers it.
    """

    MET = "met"
    MOOT = "moot"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class CaseCondition:
    """What must come true before the case can end in an approval.

    ``id`` is the rule's id and, where the rule was asked for one subject of many, a digest of that. ``status`` is what
    the rule said: ``violated`` or ``unknown``. ``since`` is when it first arose in this case; ``due`` does not move.
    """

    id: str
    rule: str
    subject: str
    status: str
    message: str
    remedy: str
    by: str
    since: datetime
    due: datetime
    settled: Settled | None = None


@dataclass(frozen=True, slots=True)
class LawAtOpening:
    """The law when the case was opened: the commit of the base, the constitution's digest, the name of the base."""

    commit: str
    constitution: str
    base_ref: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patch that competes, by its ruling: the matter that it belongs to and what was measured.

    ``waivers`` is how many waivers its verdict needs; ``files`` and ``lines`` are what it uses of its budget. ``seen``
    is when its matter was last ruled on as it was named (RFC 3339): a later ruling takes its place.
    """

    ruling_id: str
    matter_key: str
    verdict: str
    head: str
    tree: str
    law_commit: str
    waivers: int
    files: int
    lines: int
    seen: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One recorded step: what happened, from which state to which, and when."""

    event: CaseEvent
    before: CaseState
    after: CaseState
    at: datetime
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case, folded from its entries.

    ``due`` is when it lapses unless it ended before. ``waivers`` maps the requests to ``pending`` or their answer.
    ``ruling_id`` and ``verdict`` are of the newest ruling that was noted; ``outcome`` is how it ended, in words.
    """

    id: str
    matter: Matter
    ordinal: int
    state: CaseState
    opened_at: datetime
    due: datetime
    law: LawAtOpening | None
    ruling_id: str | None = None
    verdict: str | None = None
    conditions: tuple[CaseCondition, ...] = ()
    waivers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    appeals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    candidates: tuple[Candidate, ...] = ()
    history: tuple[Happened, ...] = ()

    @property
    def unsettled(self) -> tuple[CaseCondition, ...]:
        """Conditions that are still open."""
        return tuple(condition for condition in self.conditions if condition.settled is None)

    @property
    def rulings(self) -> tuple[str, ...]:
        """The rulings that were noted, oldest first."""
        return tuple(step.details["ruling_id"] for step in self.history if step.event in REVIEWS)

    @property
    def lapses_at(self) -> datetime:
        """When the clock alone ends the case: its own due date, or the first of a condition that the author owes.

        While a waiver request or an appeal is undecided somebody else must act, and only the case's own date counts.
        """
        owed = self.state in {CaseState.OPEN, CaseState.AWAITING_CONDITIONS} and self.verdict == "conditional"
        return min([self.due, *(condition.due for condition in self.unsettled if owed)])

    def is_due(self, now: datetime) -> bool:
        """Whether the case is open and its time has passed."""
        return not self.state.ended and now >= self.lapses_at


@dataclass(frozen=True, slots=True)
class Step:
    """An entry about a case that is not written yet: its kind and body."""

    kind: str
    body: Mapping[str, Any]


def condition_id(rule: str, subject: str) -> str:
    """Name a condition by the rule and what it was asked for; a path cannot be spelled to look like another's."""
    if not subject:
        return rule
    return f"{rule}#{hashlib.sha256(subject.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
