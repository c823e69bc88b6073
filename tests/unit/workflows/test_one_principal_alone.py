"""Over a real record, no sequence of acts by one principal reaches a waiver, an overturned ruling or a precedent."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import APPEAL_FILED, APPEAL_REVIEWED, Appeals, Ground, Vote
from agent_agency.arbitration.appeals.statements import (
    appeal_subject,
    filing_statement,
    payload_digest,
    read_filing,
    review_statement,
)
from agent_agency.arbitration.precedents.acts import precedent_id, precedent_subject, promotion_statement
from agent_agency.arbitration.precedents.model import PROMOTED, Status
from agent_agency.arbitration.waivers.model import ENTRY_KINDS, ActKind, Terms
from agent_agency.arbitration.waivers.statements import (
    Decided,
    decision_statement,
    request_statement,
    subject_of,
)
from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.attestation.signer import Ed25519Signer, sign_statement
from agent_agency.attestation.statement import read_statement
from agent_agency.canonical_json import digest_bytes
from agent_agency.git import Repository
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.appeals import read_appeals
from agent_agency.workflows.law import read_law
from agent_agency.workflows.precedent_search import open_library
from agent_agency.workflows.waiver_evidence import read_evidence
from agent_agency.workflows.waivers import waivers_of_change
from support.appeals import Town, make_town
from support.principals import make_principal, principals_toml

KEYS = [make_principal(f"mallory-{number}", ["reviewer"]).signer for number in range(4)]
"""The first two are listed as Mallory's, the others as nobody's."""

LISTING = (
    '[[principal]]\nname = "mallory"\naddress = "author@example.org"\n'
    'roles = ["approver", "requester", "reviewer"]\n'
    f'keys = ["{KEYS[0].public_key.line()}", "{KEYS[1].public_key.line()}"]\n'
)
ANN = make_principal("ann", ["approver", "reviewer"])
KEY, NUMBER = st.integers(0, 3), st.integers(0, 9)
REASON = "the release needs it, and nobody else is there"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A rejected change by Mallory, whom the base lists with every role that a person may have."""
    town = make_town(tmp_path_factory.mktemp("alone") / "repo")
    git = town.git
    git.checkout("main")
    git.write(PRINCIPALS_PATH, principals_toml([ANN]) + LISTING)
    git.commit("List Mallory")
    git.git("checkout", "-q", "work")
    git.git("rebase", "-q", "main")
    assert town.ruling.decision.verdict == "rejected"
    return town


class Alone(RuleBasedStateMachine):
    """Mallory writes whatever they sign into the record, with any key, and copies what is there."""

    model: Town

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.town = self.model.copied_to(self.folder / "repo")
        self.numbers = itertools.count(1)
        self.asked: list[tuple[str, str]] = []
        self.filed: list[tuple[str, str, int]] = []
        self.promoted: list[str] = []
        self.base = self.town.git.git("rev-parse", "main")
        with self.town.registry() as registry:
            shelf = registry.record.ledger.shelf()
            assert shelf is not None
            self.chain = shelf.chain

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def write(self, kind: str, subject: str, statement: bytes, signer: Ed25519Signer, **more: Any) -> None:
        body = {"subject": subject, "attestation": sign_statement(statement, signer), **more}
        with self.town.registry() as registry:
            registry.record.ledger.append_all([Draft(kind, body)])

    @rule(key=KEY, name=st.sampled_from(["WV-1", "WV-2"]), everything=st.booleans())
    def ask(self, key: int, name: str, everything: bool) -> None:
        now = self.town.clock.now()
        paths = ("src/**",) if everything else ()
        until = now + timedelta(days=14)
        gates, spec = ("scope_boundary",), None if everything else "FEAT-1"
        terms = Terms(name, gates, (), spec, paths, REASON, "mallory", now, until, self.base)
        statement = request_statement(terms, self.chain)
        self.write(ENTRY_KINDS[ActKind.REQUEST], subject_of(name), statement, KEYS[key])
        self.asked.append((name, digest_bytes(statement)))

    @rule(key=KEY, which=NUMBER, kind=st.sampled_from([ActKind.APPROVAL, ActKind.REVOCATION, ActKind.DENIAL]))
    def decide(self, key: int, which: int, kind: ActKind) -> None:
        if self.asked:
            name, digest = self.asked[which % len(self.asked)]
            decided = Decided(name, digest, self.town.clock.now(), self.base, self.chain, "")
            self.write(ENTRY_KINDS[kind], subject_of(name), decision_statement(kind, decided), KEYS[key])

    @rule(key=KEY)
    def file(self, key: int) -> None:
        ruling = self.town.ruling
        with self.town.registry() as registry:
            entry = registry.sources.entries_of(ruling.ruling_id)[-1]
        claim = self.town.false_positive(ruling)
        nonce = str(next(self.numbers))
        statement = filing_statement(ruling.ruling_id, entry.hash, Ground.NEW_EVIDENCE, "it is not so", [claim], nonce)
        named = read_filing(read_statement(statement)).id
        about = {RULED_ON: dict(ruled_on(ruling.ruling_id))}
        self.write(APPEAL_FILED, appeal_subject(named), statement, KEYS[key], **about)
        self.filed.append((named, payload_digest(statement), 1))

    @rule(key=KEY, which=NUMBER, level=st.integers(1, 3))
    def review(self, key: int, which: int, level: int) -> None:
        if self.filed:
            named, digest, claims = self.filed[which % len(self.filed)]
            statement = review_statement(named, digest, level, [Vote.ADMIT] * claims, ["seen"] * claims)
            self.write(APPEAL_REVIEWED, appeal_subject(named), statement, KEYS[key])

    @rule(key=KEY, holding=st.sampled_from(["Anything goes.", "This goes."]))
    def promote(self, key: int, holding: str) -> None:
        ruling = self.town.ruling
        with self.town.registry() as registry:
            entry = registry.sources.entries_of(ruling.ruling_id)[-1]
        named = precedent_id(ruling.ruling_id, entry.hash, holding)
        statement = promotion_statement(ruling.ruling_id, entry.hash, holding)
        self.write(PROMOTED, precedent_subject(named), statement, KEYS[key])
        self.promoted.append(named)

    @rule(which=st.integers(0, 99), under=st.integers(0, 99))
    def copy(self, which: int, under: int) -> None:
        with self.town.registry() as registry:
            ledger = registry.record.ledger
            acts = [entry for entry in ledger.entries() if "attestation" in entry.body and entry.kind != "ruling"]
            if acts:
                entry, other = acts[which % len(acts)], acts[under % len(acts)]
                body = {**entry.body, "subject": other.body["subject"]}
                ledger.append_all([Draft(entry.kind, body)])

    @rule(days=st.sampled_from([1, 13, 31]))
    def wait(self, days: int) -> None:
        self.town.clock.pass_days(days)

    @invariant()
    def nothing_is_reached(self) -> None:
        if hasattr(self, "town"):
            assert not waivers_in_force(self.town)
            assert not any(appeal.heard or appeal.result for appeal in appeals_of(self.town).appeals)
            assert not any(guides(self.town, named) for named in self.promoted)


def waivers_in_force(town: Town) -> tuple[Any, ...]:
    """The waivers in force for Mallory's change, read as a review does."""
    now = town.clock.now()
    with town.registry() as registry:
        repo = registry.repo
        law = read_law(repo, repo.resolve("main"), now)
        evidence = read_evidence(repo, law.commit, law.principals, registry.record.ledger, living_at=now)
        assert evidence.signatures_needed
        assert evidence.problem is None
        found = waivers_of_change(
            law, evidence, spec_id="FEAT-1", tier=3, authors=("author@example.org",), now=now, uses_of=lambda _: 0
        )
    return found.in_force


def appeals_of(town: Town) -> Appeals:
    with town.registry() as registry:
        return read_appeals(registry)


def guides(town: Town, named: str) -> bool:
    """Whether a precedent is in force."""
    with Repository.discover(town.git.path) as repo, town.registry() as registry:
        found = open_library(repo, registry.record, "main", town.clock.now()).read(named)
    return found is not None and found.status is Status.IN_FORCE


def test_one_principal_alone_reaches_nothing(built: Town) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    kept = settings(
        max_examples=6,
        stateful_step_count=10,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("AloneInTown", (Alone,), {"model": built}), settings=kept)


@pytest.fixture
def alone(built: Town) -> Iterator[Alone]:
    machine = Alone()
    machine.model = built
    machine.begin()
    yield machine
    machine.teardown()


@pytest.mark.parametrize("key", [ANN.signer, *KEYS[1:3]])
def test_another_person_would_have_been_enough(
    alone: Alone, key: Ed25519Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same acts with the key of somebody else reach all three, so the machine above can fail."""
    alone.promote(0, "Anything goes.")
    alone.ask(0, "WV-1", everything=False)
    monkeypatch.setitem(globals(), "KEYS", [key])
    alone.decide(0, 0, ActKind.APPROVAL)
    alone.promote(0, "This goes.")
    reached = key is ANN.signer
    assert bool(waivers_in_force(alone.town)) is reached
    alone.wait(15)
    assert [guides(alone.town, named) for named in alone.promoted] == [False, reached]
    alone.wait(-15)
    monkeypatch.undo()
    alone.file(0)
    monkeypatch.setitem(globals(), "KEYS", [key])
    alone.review(0, 0, 1)
    assert [appeal.heard for appeal in appeals_of(alone.town).appeals] == [reached]
