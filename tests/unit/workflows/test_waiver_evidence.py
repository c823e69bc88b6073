"""What claims to be an act about a waiver, and counts for nothing: forged, replayed, stale or bent acts."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_agency.arbitration.waivers.model import ActKind, Terms
from agent_agency.arbitration.waivers.statements import Decided, decision_statement, request_statement
from agent_agency.attestation.signer import Ed25519Signer, sign_statement
from agent_agency.errors import UsageError
from agent_agency.git import Repository
from agent_agency.workflows.anchor import anchor_head
from agent_agency.workflows.principals_at import principals_at
from agent_agency.workflows.record import ledger_of
from agent_agency.workflows.waiver_evidence import WaiverEvidence, read_evidence
from agent_agency.workflows.waivers import waivers_of_change
from support.principals import make_principal
from support.waivers import Court, FixedClock

ANN = make_principal("ann", ["approver"])
MAL = make_principal("mal", ["approver"])
REX = make_principal("rex", ["requester"])


@pytest.fixture
def court(tmp_path: Path) -> Court:
    return Court.open(tmp_path / "repo")


class Bench:
    """Writes whatever it likes into the record of a court, as a program of the same user can."""

    def __init__(self, court: Court) -> None:
        self.court = court

    def evidence(self) -> WaiverEvidence:
        with Repository.discover(self.court.repo.path) as repo:
            commit = repo.resolve("main")
            return read_evidence(repo, commit, principals_at(repo, commit), ledger_of(repo))

    def write(self, kind: str, subject: str, envelope: Any) -> None:
        with Repository.discover(self.court.repo.path) as repo:
            self.court.desk(repo).ledger.append(kind, {"subject": subject, "attestation": envelope})

    def why(self) -> str:
        (one,) = self.evidence().discarded
        return one.why

    def decided(self, **changed: Any) -> Decided:
        with Repository.discover(self.court.repo.path) as repo:
            desk = self.court.desk(repo)
            record = desk.find("WV-1")
            shelf = desk.ledger.shelf()
            assert shelf is not None
            return replace(Decided("WV-1", record.digest, desk.now, desk.commit, shelf.chain, ""), **changed)

    def approve(self, signer: Ed25519Signer, **changed: Any) -> Mapping[str, Any]:
        return sign_statement(decision_statement(ActKind.APPROVAL, self.decided(**changed)), signer)


@pytest.fixture
def bench(court: Court) -> Bench:
    court.request()
    return Bench(court)


def test_an_approval_in_order_is_sound(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(ANN.signer))
    assert not bench.evidence().discarded
    assert bench.court.state() == "approved"


def test_a_key_that_is_not_listed_approves_nothing(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(MAL.signer))
    assert "not among those of the listed principals" in bench.why()
    assert bench.court.state() == "pending"


def test_the_ruling_says_why_what_was_recorded_counts_for_nothing(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(MAL.signer))
    bench.write("waiver_approved", "waiver:WV-1\x1b[2J", bench.approve(MAL.signer))
    with Repository.discover(bench.court.repo.path) as repo:
        desk = bench.court.desk(repo)
        found = waivers_of_change(
            desk.law, desk.evidence, spec_id="FEAT-1", tier=3, authors=(), now=desk.now, uses_of=lambda _: 0
        )
    assert list(found.not_in_force) == ["WV-1"]
    assert "0 of the 1 signed approvals" in found.not_in_force["WV-1"]
    assert "not among those of the listed principals" in found.not_in_force["WV-1"]


def test_an_approval_of_another_repository_counts_nothing(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(ANN.signer, chain="e" * 32))
    assert "another record" in bench.why()


def test_an_approval_bound_to_a_commit_that_the_base_does_not_hold_counts_nothing(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(ANN.signer, base="f" * 40))
    assert "not part of the base's history" in bench.why()


def test_an_approval_of_another_waiver_counts_nothing(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(ANN.signer, waiver_id="WV-2"))
    assert bench.why() == "it is about WV-2"
    assert bench.court.state() == "pending"


def test_an_approval_recorded_as_something_else_counts_nothing(bench: Bench) -> None:
    bench.write("waiver_revoked", "waiver:WV-1", bench.approve(ANN.signer))
    assert "recorded as waiver_revoked" in bench.why()


@pytest.mark.parametrize("at", [0, 40, 200, -5])
def test_a_changed_byte_of_what_was_signed_is_told(at: int, bench: Bench) -> None:
    envelope = dict(bench.approve(ANN.signer))
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[at] ^= 1
    bench.write("waiver_approved", "waiver:WV-1", {**envelope, "payload": base64.b64encode(payload).decode()})
    assert bench.evidence().discarded
    assert bench.court.state() == "pending"


@pytest.mark.parametrize("envelope", [None, [], {}, "x", {"payload": "", "payloadType": "", "signatures": []}])
def test_what_is_no_envelope_is_told_and_stops_nothing(envelope: Any, bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", envelope)
    assert bench.why()
    assert bench.court.state() == "pending"


def test_an_entry_without_a_subject_is_told_and_stops_nothing(bench: Bench) -> None:
    with Repository.discover(bench.court.repo.path) as repo:
        bench.court.desk(repo).ledger.append("waiver_approved", {"attestation": bench.approve(ANN.signer)})
    assert bench.why() == "it is about WV-1"


def test_a_request_in_somebody_elses_name_is_none(bench: Bench) -> None:
    terms = bench.court.record().request
    assert terms is not None
    assert terms.terms is not None
    forged = replace(terms.terms, id="WV-2", requester="ann")
    bench.write("waiver_requested", "waiver:WV-2", _signed_request(forged, terms.chain, REX.signer))
    assert "in the name of somebody else" in bench.why()


def test_an_arbiter_asks_for_nothing(court: Court) -> None:
    court.request()
    arbiter = make_principal("judge", ["arbiter"])
    court.list_people([*court.people.values(), arbiter])
    bench = Bench(court)
    asked = court.record().request
    assert asked is not None
    assert asked.terms is not None
    forged = replace(asked.terms, id="WV-2", requester="judge")
    bench.write("waiver_requested", "waiver:WV-2", _signed_request(forged, asked.chain, arbiter.signer))
    assert "arbiter" in bench.why()


def _signed_request(terms: Terms, chain: str, signer: Ed25519Signer) -> Mapping[str, Any]:
    return sign_statement(request_statement(terms, chain), signer)


def test_an_approver_whom_the_base_lists_no_more_approves_nothing(bench: Bench) -> None:
    bench.write("waiver_approved", "waiver:WV-1", bench.approve(ANN.signer))
    assert bench.court.state() == "approved"
    bench.court.list_people(one for one in bench.court.people.values() if one.name != "ann")
    assert bench.court.state() == "pending"


def test_a_waiver_stays_revoked_when_who_revoked_it_has_left(bench: Bench) -> None:
    court = bench.court
    court.approve("ann")
    court.decide("bob", ActKind.REVOCATION)
    assert court.state() == "revoked"
    court.list_people(one for one in court.people.values() if one.name != "bob")
    assert court.state() == "revoked"


def test_a_request_whose_requester_the_base_lists_no_more_is_none(bench: Bench) -> None:
    bench.court.list_people(one for one in bench.court.people.values() if one.name != "rex")
    assert not [act for act in bench.evidence().acts if act.kind is ActKind.REQUEST]
    with pytest.raises(UsageError, match="No waiver WV-1 counts: ledger entry 2: the key"):
        bench.court.record()


def test_a_revocation_that_was_cut_from_the_record_is_missed(bench: Bench, tmp_path: Path) -> None:
    """The database is put back to before the revocation, whole and verifying; only the anchor tells."""
    court = bench.court
    court.approve("ann")
    database = court.repo.path / ".git" / "agency" / "agency.db"
    _checkpoint(database)
    shutil.copy(database, tmp_path / "before.db")
    court.decide("bob", ActKind.REVOCATION)
    with Repository.discover(court.repo.path) as repo:
        desk = court.desk(repo)
        anchor_head(repo, desk.ledger, make_principal("judge", ["arbiter"]).signer, FixedClock(court.now))
    _checkpoint(database)
    for beside in database.parent.glob("agency.db-*"):
        beside.unlink()
    shutil.copy(tmp_path / "before.db", database)
    problem = bench.evidence().problem
    assert problem is not None
    assert "entries are missing" in problem.message
    assert not bench.evidence().acts


def _checkpoint(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[1, null]", '[{"payload": "x"}]', "[" * 5000, '[{"a": 1, "a": 2}]', "\ufeff[]"]
)
def test_a_published_file_that_is_none_is_told_and_stops_nothing(text: str, bench: Bench) -> None:
    bench.court.repo.checkout("main")
    bench.court.repo.commit("Publish", **{".agency/approvals/WV-1.json": text})
    assert bench.evidence().discarded
    assert bench.court.state() == "pending"


def test_a_published_approval_for_another_id_or_as_a_link_counts_nothing(bench: Bench) -> None:
    court = bench.court
    text = json.dumps([bench.approve(ANN.signer)])
    court.repo.checkout("main")
    court.repo.commit("Publish", **{".agency/approvals/WV-2.json": text, "kept.json": text})
    (court.repo.path / ".agency/approvals/WV-1.json").symlink_to("../../kept.json")
    court.repo.commit("Link")
    assert [one.why for one in bench.evidence().discarded] == ["it is about WV-1"]
    assert court.state() == "pending"


def test_the_change_cannot_publish_its_own_approval(bench: Bench) -> None:
    """Only what stands at the base is read, whatever the branch under review or the working tree holds."""
    court = bench.court
    court.repo.commit("Publish", **{".agency/approvals/WV-1.json": json.dumps([bench.approve(ANN.signer)])})
    assert court.state() == "pending"


def test_published_acts_of_another_clone_count_with_the_chain_of_that_clone(bench: Bench) -> None:
    court = bench.court
    text = json.dumps([bench.approve(ANN.signer, chain="e" * 32)])
    court.repo.checkout("main")
    court.repo.commit("Publish", **{".agency/approvals/WV-1.json": text})
    assert court.state() == "approved"


def test_where_the_base_lists_nobody_nothing_signed_counts(tmp_path: Path) -> None:
    court = Court.open(tmp_path / "repo", [make_principal("rex", ["requester"])])
    with Repository.discover(court.repo.path) as repo:
        assert court.desk(repo).evidence == WaiverEvidence()
