"""Entries about appeals with real signatures, and rulings and a court to fold them with; nothing is written."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agent_agency.arbitration.appeals.fold import expected_admissions, fold_appeals
from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import (
    APPEAL_DECIDED,
    APPEAL_FILED,
    APPEAL_REVIEWED,
    Appeal,
    AppealedRuling,
    Appeals,
    Claim,
    Court,
    Form,
    Ground,
    Parties,
    Vote,
)
from agent_agency.arbitration.appeals.statements import (
    appeal_subject,
    filing_statement,
    payload_digest,
    read_filing,
    review_statement,
)
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import Signer, sign_statement
from agent_agency.attestation.statement import read_statement
from agent_agency.clock import rfc3339
from agent_agency.ledger.entry import Entry

BASE = "c0ffee"
OLD = "sha256:" + "01" * 32
NEW = "sha256:" + "99" * 32
START = datetime(2026, 1, 31, 8, tzinfo=UTC)


def a_claim(target: str = "f" * 32, evidence: str = NEW) -> Claim:
    """A finding is false, and here is why."""
    return Claim(Form.FALSE_POSITIVE, target, evidence=(evidence,))


def a_hash(seq: int) -> str:
    """The hash of an entry, for tests."""
    return f"sha256:{seq:064x}"


@dataclass
class Docket:
    """A ledger in the making: entries, recorded rulings, the court."""

    principals: Principals
    parties: Parties = field(default_factory=lambda: Parties(authors=("writer@example.org",)))
    sizes: tuple[int, ...] = (1, 3, 5)
    now: datetime = START
    entries: list[Entry] = field(default_factory=list)
    rulings: dict[tuple[str, str], AppealedRuling] = field(default_factory=dict)
    old_lists: dict[str, Principals] = field(default_factory=dict)

    def ruling(self, ruling_id: str, entry_hash: str) -> AppealedRuling | None:
        """The recorded ruling that both name."""
        return self.rulings.get((ruling_id, entry_hash))

    def court(self, root: AppealedRuling, commit: str | None) -> Court | None:  # noqa: ARG002 - one court for all
        """The base as it is, or as it was at a commit that it knows."""
        if commit is None or commit == BASE:
            return Court(self.principals, BASE, self.sizes, 14, 30)
        old = self.old_lists.get(commit)
        return Court(old, commit, self.sizes, 14, 30) if old is not None else None

    @property
    def seq(self) -> int:
        """The number of the next entry."""
        return len(self.entries) + len(self.rulings) + 1

    def rule(self, name: str, verdict: str = "rejected", appeal_of: str = "") -> AppealedRuling:
        """Record a ruling."""
        made = AppealedRuling(
            name, a_hash(self.seq), self.seq, self.now, verdict, self.parties, frozenset({OLD}), OLD, appeal_of
        )
        self.rulings[name, made.entry] = made
        return made

    def add(self, kind: str, body: dict[str, Any]) -> Entry:
        """Append an entry as it is."""
        entry = Entry(self.seq, kind, rfc3339(self.now), "a" * 32, body, None, a_hash(self.seq))
        self.entries.append(entry)
        return entry

    def file(
        self,
        ruling: AppealedRuling,
        signer: Signer,
        *claims: Claim,
        ground: Ground = Ground.NEW_EVIDENCE,
        nonce: str = "1",
    ) -> str:
        """File an appeal, whether it counts or not; the answer is its id."""
        statement = filing_statement(ruling.id, ruling.entry, ground, "not so", claims or (a_claim(),), nonce)
        appeal_id = read_filing(read_statement(statement)).id
        body = {"subject": appeal_subject(appeal_id), RULED_ON: dict(ruled_on(ruling.id))}
        self.add(APPEAL_FILED, {**body, "attestation": sign_statement(statement, signer)})
        return appeal_id

    def review(
        self, appeal_id: str, signer: Signer, vote: Vote = Vote.ADMIT, *, level: int = 1, claims: int = 1
    ) -> None:
        """Review an appeal, whether it counts or not."""
        filed = next(
            entry
            for entry in self.entries
            if entry.kind == APPEAL_FILED and entry.body["subject"] == appeal_subject(appeal_id)
        )
        digest = payload_digest(base64.b64decode(filed.body["attestation"]["payload"]))
        statement = review_statement(appeal_id, digest, level, (vote,) * claims, ("seen",) * claims)
        self.add(
            APPEAL_REVIEWED, {"subject": appeal_subject(appeal_id), "attestation": sign_statement(statement, signer)}
        )

    def decide(self, appeal_id: str, verdict: str, ruling: str, /, **more: Any) -> None:
        """Record the decision that follows from the reviews, unless members are given."""
        appeal = self.appeal(appeal_id)
        outcome = "upheld" if verdict == appeal.ruling.verdict else "overturned"
        body = {
            "subject": appeal_subject(appeal_id),
            "level": appeal.level,
            "ruling": ruling,
            RULED_ON: dict(ruled_on(ruling)),
            "outcome": outcome,
            "was": appeal.ruling.verdict,
            "verdict": verdict,
            "panel": [review.principal for review in appeal.reviews],
            "admitted": list(expected_admissions(appeal)),
            "principals": BASE,
        }
        self.add(APPEAL_DECIDED, {**body, **more})

    def wait(self, days: float) -> None:
        """Let time pass."""
        self.now += timedelta(days=days)

    @property
    def appeals(self) -> Appeals:
        """How every appeal stands."""
        return fold_appeals(self.entries, self, self.now)

    def appeal(self, appeal_id: str) -> Appeal:
        """How one stands."""
        found = self.appeals.named(appeal_id)
        assert found is not None, self.appeals.strays
        return found

    def heard(self, ruling: AppealedRuling, by: Signer, judges: Sequence[Signer], verdict: str, new: str) -> str:
        """File, review with every judge in favour where the verdict changes, decide, and record the new ruling."""
        appeal_id = self.file(ruling, by)
        level = self.appeal(appeal_id).level
        for judge in judges:
            self.review(appeal_id, judge, Vote.REFUSE if verdict == ruling.verdict else Vote.ADMIT, level=level)
        self.decide(appeal_id, verdict, new)
        self.rulings[new, a_hash(self.seq)] = replace(
            ruling, id=new, entry=a_hash(self.seq), seq=self.seq, at=self.now, verdict=verdict, appeal_of=ruling.id
        )
        return appeal_id

    def newest(self, name: str) -> AppealedRuling:
        """The recorded ruling of that id."""
        return next(ruling for (ruling_id, _), ruling in self.rulings.items() if ruling_id == name)
