"""Appeals as values: what is claimed, who heard it, how it stands.

An appeal is a fold over the ledger's entries about it (``fold``). What a person did is read from signed statements
only; what follows from that (lapsed, decided) is worked out anew and never believed from an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent_agency.attestation.principals import Principals

APPEAL_FILED = "appeal_filed"
APPEAL_REVIEWED = "appeal_reviewed"
APPEAL_DECIDED = "appeal_decided"
APPEAL_LAPSED = "appeal_lapsed"
LABEL = "label"
APPEAL_KINDS = frozenset({APPEAL_FILED, APPEAL_REVIEWED, APPEAL_DECIDED, APPEAL_LAPSED})

LAST_LEVEL = 3


class State(StrEnum):
    """How an appeal stands; ``final`` and ``lapsed`` are ends."""

    FILED = "filed"
    IN_REVIEW = "in_review"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    FINAL = "final"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What can happen to an appeal.

    ``due`` is the end of the hearing's time; ``closed`` means that its ruling can no longer be appealed: it is of the
    last level, the time to appeal is over, or a higher level has ruled.
    """

    REVIEWED = "reviewed"
    DECIDED_UPHELD = "decided_upheld"
    DECIDED_OVERTURNED = "decided_overturned"
    DUE = "due"
    CLOSED = "closed"


class Ground(StrEnum):
    """Why a ruling may be heard again."""

    NEW_EVIDENCE = "new_evidence"
    LEGAL_ERROR = "legal_error"


class Form(StrEnum):
    """What exactly is claimed; each form has one mechanical consequence (``corrections``); there is no other."""

    MEASUREMENT = "measurement"
    FALSE_POSITIVE = "false_positive"
    FACT = "fact"
    FACT_CONTRADICTED = "fact_contradicted"
    RULE_NOT_IN_FORCE = "rule_not_in_force"
    WAIVER_WRONGLY_APPLIED = "waiver_wrongly_applied"
    WAIVER_NOT_APPLIED = "waiver_not_applied"
    WRONG_LAW = "wrong_law"

    @property
    def ground(self) -> Ground:
        """The ground that a claim of this form belongs to."""
        new = self in {Form.MEASUREMENT, Form.FALSE_POSITIVE, Form.FACT}
        return Ground.NEW_EVIDENCE if new else Ground.LEGAL_ERROR


class Vote(StrEnum):
    """What a reviewer says of one claim."""

    ADMIT = "admit"
    REFUSE = "refuse"


class Outcome(StrEnum):
    """What a heard appeal did to the verdict."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"


@dataclass(frozen=True, slots=True)
class Claim:
    """One alleged fact or legal error.

    ``target`` is what the form is about: the id of a later ruling (``measurement``, ``wrong_law``), the fingerprint of
    a finding (``false_positive``), the path of a fact (``fact``, ``fact_contradicted``), the id of a waiver, or empty.
    ``value`` is the fact's true value, or the names of the gates that were measured anew. ``rule`` names the rule whose
    outcome is wrong (legal errors only). ``evidence`` are digests of stored evidence.
    """

    form: Form
    target: str
    value: Any = None
    rule: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filing:
    """What an appellant signed. ``ruling_entry`` is the hash of the entry that records the ruling."""

    id: str
    ruling: str
    ruling_entry: str
    ground: Ground
    reason: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer signed: one vote and one reason for each claim, in the order of the claims."""

    appeal: str
    level: int
    votes: tuple[Vote, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has a part in a ruling, by address or name, as the ruling's document spells them."""

    authors: tuple[str, ...] = ()
    requesters: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """Somebody who may not review an appeal, by address or name, and why: ``wrote the change``."""

    who: str
    why: str


@dataclass(frozen=True, slots=True)
class AppealedRuling:
    """What of a recorded ruling an appeal turns on.

    ``entry`` is the hash of its entry, ``at`` the ledger's time of it. ``rests_on`` are the digests of all evidence
    that it names, ``case`` is that of its case file. ``appeal_of`` is the ruling that it replaces, empty for the ruling
    of a review.
    """

    id: str
    entry: str
    seq: int
    at: datetime
    verdict: str
    parties: Parties
    rests_on: frozenset[str]
    case: str
    appeal_of: str = ""


@dataclass(frozen=True, slots=True)
class Court:
    """The law of one hearing: who is listed (at ``commit``), and the limits of the ruling's own law.

    ``sizes`` are the reviewers by level, ``appeal_days`` the days in which a ruling may be appealed, ``hearing_days``
    those in which an appeal must be heard.
    """

    principals: Principals
    commit: str
    sizes: tuple[int, ...]
    appeal_days: int
    hearing_days: int


@dataclass(frozen=True, slots=True)
class CountedReview:
    """A review that counts: who gave it, when, and at which entry."""

    principal: str
    address: str
    review: Review
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Ignored:
    """An entry about an appeal that counts for nothing, and why."""

    seq: int
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the recorded decision says: the ruling that followed, whether its verdict differs, what was admitted."""

    ruling: str
    outcome: Outcome
    verdict: str
    admitted: tuple[int, ...]
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal as its entries leave it.

    ``chain`` are the rulings of the matter, from the review's to the one under appeal. ``size`` is how many reviewers
    the panel has, ``needed`` how many of them must admit a claim. ``barred`` are all who may not review
    it; ``heard_before`` are the names of those who heard it at earlier levels. ``due`` ends the hearing, ``closes`` the
    ``appeal_days`` in which its result can be appealed. ``principals`` is the commit of the base whose list counts.
    ``last`` is the number of the newest entry about it.
    """

    id: str
    filing: Filing
    payload_digest: str
    appellant: str
    appellant_address: str
    standing: str
    level: int
    chain: tuple[AppealedRuling, ...]
    size: int
    needed: int
    barred: tuple[Bar, ...]
    heard_before: tuple[str, ...]
    filed_at: datetime
    due: datetime
    appeal_days: int
    principals: str
    state: State
    reviews: tuple[CountedReview, ...] = ()
    result: Result | None = None
    closes: datetime | None = None
    lapse_recorded: bool = False
    ignored: tuple[Ignored, ...] = ()
    last: int = 0

    @property
    def ruling(self) -> AppealedRuling:
        """The ruling under appeal."""
        return self.chain[-1]

    @property
    def open(self) -> bool:
        """Whether it is not decided and has not lapsed."""
        return self.state in {State.FILED, State.IN_REVIEW}

    @property
    def heard(self) -> bool:
        """Whether the panel is full, so that nothing but the decision is missing or to come."""
        return len(self.reviews) == self.size

    def open_at(self, seq: int, moment: datetime) -> bool:
        """Whether it was open when the entry of that number was written, at that moment."""
        decided = self.result is not None and self.result.seq < seq
        return not decided and (self.heard or moment <= self.due)


@dataclass(frozen=True, slots=True)
class Appeals:
    """All appeals of a ledger in the order in which they were filed, and the entries that count for none."""

    appeals: tuple[Appeal, ...] = ()
    strays: tuple[Ignored, ...] = ()

    def named(self, appeal_id: str) -> Appeal | None:
        """The appeal of exactly this id."""
        return next((appeal for appeal in self.appeals if appeal.id == appeal_id), None)

    def of_ruling(self, ruling_id: str) -> tuple[Appeal, ...]:
        """Those filed against a ruling."""
        return tuple(appeal for appeal in self.appeals if appeal.ruling.id == ruling_id)

    def leading_to(self, ruling_id: str) -> Appeal | None:
        """The appeal whose result a ruling is."""
        return next((one for one in self.appeals if one.result is not None and one.result.ruling == ruling_id), None)
