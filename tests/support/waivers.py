"""People who ask for waivers and decide on them, in a repository with law, without a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent_agency.arbitration.waivers.model import ActKind, WaiverRecord
from agent_agency.git import Repository
from agent_agency.identity import random_id
from agent_agency.spec.model import Budget
from agent_agency.workflows.waiver_acts import (
    AskedFor,
    answer_with,
    chain_of,
    plan_request,
    sign_decision,
    sign_request,
)
from agent_agency.workflows.waiver_desk import Desk, open_desk
from agent_agency.workflows.waiver_record import record_decision, record_request
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import TestPrincipal, make_principal, principals_toml

REASON = "the note belongs beside the readme, this once"


class FixedClock:
    """Stands still at a moment that a test may move."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass
class Court:
    """A repository whose base lists principals; ``now`` moves by itself, one second for each act."""

    repo: GitRepo
    people: dict[str, TestPrincipal]
    now: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))

    @classmethod
    def open(cls, folder: Path, people: Iterable[TestPrincipal] = (), *, config: str | None = None) -> Court:
        known = tuple(people) or (
            make_principal("ann", ["approver"]),
            make_principal("bob", ["approver"]),
            make_principal("rex", ["requester"]),
        )
        repo = lawful_repo(folder, config=config)
        court = cls(repo, {one.name: one for one in known})
        court.list_people(known)
        repo.git("checkout", "-q", "-B", "work", "main")
        return court

    def list_people(self, people: Iterable[TestPrincipal]) -> None:
        """Let the base list exactly these."""
        self.repo.checkout("main")
        self.repo.commit("List", **{".agency/principals.toml": principals_toml(people)})

    def desk(self, repo: Repository) -> Desk:
        self.now += timedelta(seconds=1)
        return open_desk(repo, "main", FixedClock(self.now), random_id, os.environ)

    def request(
        self,
        by: str = "rex",
        *,
        gates: tuple[str, ...] = ("scope_boundary",),
        rules: tuple[str, ...] = (),
        spec_id: str | None = "FEAT-1",
        paths: tuple[str, ...] = (),
        days: int | None = None,
        max_uses: int | None = None,
        delta: Budget | None = None,
    ) -> str:
        asked = AskedFor(gates, rules, spec_id, paths, REASON, days, max_uses, delta)
        person = self.people[by]
        with Repository.discover(self.repo.path) as repo:
            desk = self.desk(repo)
            terms = plan_request(desk, asked, person.principal)
            envelope = sign_request(terms, chain_of(desk.ledger, random_id), person.signer)
            record_request(desk, terms.id, terms.spec_id, envelope)
        return terms.id

    def decide(self, by: str | TestPrincipal, kind: ActKind, waiver_id: str = "WV-1", note: str = "") -> None:
        """Record a decision, whether or not it counts: what a hostile program could write as well."""
        person = self.people[by] if isinstance(by, str) else by
        with Repository.discover(self.repo.path) as repo:
            desk = self.desk(repo)
            record = desk.find(waiver_id)
            envelope = sign_decision(desk, record, kind, note, person.signer, chain_of(desk.ledger, random_id))
            answer = answer_with(desk, record, kind, person.principal)
            record_decision(desk, kind, waiver_id, envelope, answer)

    def approve(self, *names: str, waiver_id: str = "WV-1") -> None:
        for name in names:
            self.decide(name, ActKind.APPROVAL, waiver_id)

    def state(self, waiver_id: str = "WV-1") -> str:
        with Repository.discover(self.repo.path) as repo:
            desk = self.desk(repo)
            return str(desk.standing_of(desk.find(waiver_id)).state)

    def record(self, waiver_id: str = "WV-1") -> WaiverRecord:
        with Repository.discover(self.repo.path) as repo:
            return self.desk(repo).find(waiver_id)
