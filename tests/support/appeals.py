"""A repository whose change was rejected, and the people of an appeal: their keys, and a clock that a test moves."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent_agency.arbitration.appeals.model import Appeal, Claim, Form, Ground, Vote
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.cli.services import machine_services
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.appeals import AskedAppeal, Registry, file_appeal, read_appeals, review_appeal
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.subject import ReviewRequest
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import TestPrincipal, make_principal, principals_toml

REVIEWERS = tuple(f"judge{number}" for number in range(1, 10))


def people() -> dict[str, TestPrincipal]:
    """An author, an agent, a requester, an approver, and nine reviewers."""
    listed = {
        "author": make_principal("writer", ["requester"], address="author@example.org"),
        "robot": make_principal("robot", ["agent"]),
        "approver": make_principal("chief", ["approver"]),
    }
    return listed | {name: make_principal(name, ["reviewer"]) for name in REVIEWERS}


class MovingClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def pass_days(self, days: float) -> None:
        self.moment += timedelta(days=days)


@dataclass
class Town:
    """A repository, its people, and what reviews and appeals are made with."""

    git: GitRepo
    people: dict[str, TestPrincipal]
    services: Services
    clock: MovingClock
    rejected: Ruling | None = None

    @property
    def ruling(self) -> Ruling:
        """The rejection of ``work``; made once."""
        if self.rejected is None:
            self.rejected = self.review()
        return self.rejected

    def copied_to(self, folder: Path) -> Town:
        """The same town at another place, so that a test need not build it."""
        shutil.copytree(self.git.path, folder, symlinks=True)
        clock = MovingClock()
        return Town(GitRepo(folder), dict(self.people), replace(self.services, clock=clock), clock, self.rejected)

    def review(self, base: str = "main") -> Ruling:
        """Review ``work`` against its base."""
        return review(ReviewRequest(self.git.path, base=base, head="work"), self.services)

    @contextlib.contextmanager
    def registry(self) -> Iterator[Registry]:
        """Open the record as a command does."""
        services = self.services
        with Repository.discover(self.git.path) as repo:
            record = Record.of(repo, services.clock, services.new_id, services.document_of)
            with record.in_use():
                yield Registry.of(repo, record, services.clock, services.new_id, services.arbiter)

    def file(
        self, ruling_id: str, claims: Sequence[Claim], *, by: str = "author", ground: Ground = Ground.NEW_EVIDENCE
    ) -> Appeal:
        """File an appeal against a recorded ruling."""
        with self.registry() as registry:
            asked = AskedAppeal(entry_of(registry, ruling_id), ground, "it is not so", tuple(claims), {})
            return file_appeal(registry, asked, self.people[by].signer)

    def vote(self, appeal: Appeal, by: str, vote: Vote = Vote.ADMIT) -> Appeal:
        """Give the same vote on each claim."""
        with self.registry() as registry:
            count = len(appeal.filing.claims)
            return review_appeal(registry, appeal.id, [vote] * count, ["seen"] * count, self.people[by].signer)

    def look(self, appeal: Appeal) -> Appeal:
        """How it stands now."""
        with self.registry() as registry:
            found = read_appeals(registry).named(appeal.id)
        assert found is not None
        return found

    def store(self, data: bytes) -> str:
        """Store evidence."""
        with self.registry() as registry:
            return registry.record.evidence.put(data)

    def false_positive(self, ruling: Ruling, data: bytes = b"the owner agreed to this path") -> Claim:
        """The claim that the ruling's one violation is none."""
        found = [one for gate in ruling.gates for one in gate.findings if one.severity != "advice"]
        return Claim(Form.FALSE_POSITIVE, found[0].fingerprint, evidence=(self.store(data),))


def entry_of(registry: Registry, ruling_id: str) -> Entry:
    """The newest entry that records a ruling."""
    return registry.sources.entries_of(ruling_id)[-1]


def make_town(folder: Path, *, config: str | None = None, path: str = "src/frozen/new.py") -> Town:
    """A town where ``work`` adds one file, outside the scope unless another path is given."""
    git = lawful_repo(folder, config=config)
    git.checkout("main")
    listed = people()
    git.write(PRINCIPALS_PATH, principals_toml(listed.values()))
    git.commit("List the principals")
    git.git("branch", "-f", "work", "main")
    git.checkout("work")
    git.write(path, "x = 1\n")
    git.commit("Add a file")
    return town_at(folder)


def town_at(folder: Path) -> Town:
    """A town that was made before, as another process finds it; keys follow from names."""
    clock = MovingClock()
    arbiter = make_principal("arbiter", ["arbiter"]).signer
    services = replace(machine_services(arbiter=lambda: arbiter), clock=clock)
    return Town(GitRepo(folder), people(), services, clock)
