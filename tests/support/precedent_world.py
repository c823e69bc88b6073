"""A repository under law with people listed, whose time a test moves, for precedents of real reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent_agency.arbitration.precedents.model import Precedent
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.cli.services import machine_services
from agent_agency.git import Repository
from agent_agency.workflows import precedent_acts
from agent_agency.workflows.precedent_acts import Acting
from agent_agency.workflows.precedent_search import open_library
from agent_agency.workflows.precedents import Library
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.subject import ReviewRequest
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import TestPrincipal, make_principal, principals_toml

ADA = make_principal("ada", ["reviewer"])
BOB = make_principal("bob", ["reviewer"])
AUTHOR = make_principal("author", ["reviewer"])
EVE = make_principal("eve", ["reviewer"])
"""Listed nowhere."""

HOLDING = "A file outside the scope may be moved with the code that uses it."


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 2, 1, 8, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class World:
    """The repository, its time, and what people do there."""

    repo: GitRepo
    clock: MovableClock = field(default_factory=MovableClock)
    arbiter: Ed25519Signer = field(default_factory=lambda: make_principal("arbiter", ["arbiter"]).signer)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        people: Sequence[TestPrincipal] = (ADA, BOB, AUTHOR),
        config: str | None = None,
        tier: int = 3,
    ) -> World:
        repo = lawful_repo(path, config=config)
        repo.checkout("main")
        repo.write(PRINCIPALS_PATH, principals_toml(people))
        spec = repo.path / ".caws/specs/FEAT-1.yaml"
        spec.write_text(spec.read_text().replace("risk_tier: 3", f"risk_tier: {tier}"))
        repo.commit("List people")
        return cls(repo)

    @property
    def services(self) -> Services:
        return replace(machine_services(arbiter=lambda: self.arbiter), clock=self.clock)

    def days(self, days: float) -> None:
        self.clock.at += timedelta(days=days)

    def change(self, branch: str, *files: str, text: str = "VALUE = 1\n", start: str = "main") -> Ruling:
        """Review a change that adds these files on a branch of its own."""
        self.repo.branch(branch, start)
        self.repo.commit(f"Change {branch}", **dict.fromkeys(files, text))
        return self.review(branch)

    def review(self, branch: str) -> Ruling:
        return review(ReviewRequest(self.repo.path, base="main", head=branch), self.services)

    def record(self, repo: Repository) -> Record:
        services = self.services
        return Record.of(repo, services.clock, services.new_id, services.document_of)

    def library(self, repo: Repository) -> Library:
        return open_library(repo, self.record(repo), "main", self.clock.now())

    def acting(self, repo: Repository, person: TestPrincipal) -> Acting:
        return Acting(self.library(repo), self.record(repo).evidence, lambda: person.signer)

    def promote(self, ruling: str, person: TestPrincipal = ADA, holding: str = HOLDING) -> Precedent:
        with Repository.discover(self.repo.path) as repo:
            return precedent_acts.promote(self.acting(repo, person), ruling, holding)

    def distinguish(self, precedent: str, ruling: str, *because: str, person: TestPrincipal = ADA) -> Precedent:
        with Repository.discover(self.repo.path) as repo:
            return precedent_acts.distinguish(self.acting(repo, person), precedent, ruling, because)

    def overrule(self, precedent: str, by: str, person: TestPrincipal = ADA) -> Precedent:
        with Repository.discover(self.repo.path) as repo:
            return precedent_acts.overrule(self.acting(repo, person), precedent, by, "It was decided better since.")

    def read(self, precedent: str) -> Precedent | None:
        with Repository.discover(self.repo.path) as repo:
            return self.library(repo).read(precedent)
