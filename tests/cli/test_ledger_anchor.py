"""An outsider checks the record: who signed its head, whether it agrees with the anchors, and what was taken away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.ledger.journal import Ledger
from support.git_repo import GitRepo
from support.ledgers import make_ledger, tamper
from support.principals import make_principal, principals_toml
from support.signed_rulings import SAMPLE_ARBITER
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo.create(tmp_path / "repo")
    repo.commit("start", **{"a.txt": "a\n"})
    return repo


@pytest.fixture
def ledger(repo: GitRepo) -> Ledger:
    return make_ledger(repo.path / ".git" / "agency", 3, signed=True)


def anchored(repo: GitRepo) -> Any:
    done = agency("ledger", "anchor", "--json", cwd=repo.path)
    assert done.code == 0, done.err
    return done.document


def codes(repo: GitRepo, *args: str) -> list[str]:
    """What verification finds, by code; exit 1 exactly where it finds anything."""
    done = agency("ledger", "verify", *args, "--json", cwd=repo.path)
    found = [problem["code"] for report in done.document["files"] for problem in report["problems"]]
    assert done.code == (1 if found else 0), done
    return found


def list_arbiters(repo: GitRepo, *names: str) -> None:
    people = [SAMPLE_ARBITER, *(make_principal(name, ["arbiter"]) for name in names)]
    repo.commit("List", **{PRINCIPALS_PATH: principals_toml(people)})


@pytest.mark.usefixtures("ledger")
def test_a_key_is_made_told_once_and_anchors(repo: GitRepo) -> None:
    first = agency("ledger", "anchor", cwd=repo.path)
    assert (first.code, "made a key that signs your rulings" in first.err) == (0, True)
    assert "Anchored entry 4 of chain" in first.out
    again = agency("ledger", "anchor", cwd=repo.path)
    assert (again.code, again.err) == (0, "")
    shown = agency("ledger", "verify", cwd=repo.path).out
    assert "entry 4 is signed by your own arbiter's key, which the base does not list" in shown
    assert "entry 4 is anchored at refs/agency/ledger/" in shown
    assert f"keys that no base lists: {SAMPLE_ARBITER.signer.key_id}" in shown


def test_nothing_is_anchored_where_nothing_is_recorded_or_it_does_not_verify(repo: GitRepo) -> None:
    assert agency("ledger", "anchor", cwd=repo.path).code == 2
    ledger = make_ledger(repo.path / ".git" / "agency", 3, signed=True)
    tamper(ledger, "UPDATE agency_entries SET kind = 'other' WHERE seq = 2")
    assert agency("ledger", "anchor", cwd=repo.path).code == 2
    assert repo.git("for-each-ref", "refs/agency") == ""


def test_a_shortened_record_and_a_removed_one_are_told(repo: GitRepo, ledger: Ledger) -> None:
    anchored(repo)
    tamper(ledger, "DELETE FROM agency_signed_heads")
    tamper(ledger, "DELETE FROM agency_entries WHERE seq > 2")
    tamper(ledger, "UPDATE agency_chains SET seq = 2, hash = (SELECT hash FROM agency_entries WHERE seq = 2)")
    assert "tail.missing" in codes(repo)
    shutil.rmtree(repo.path / ".git" / "agency")
    assert codes(repo) == ["ledger.anchored_chain_gone"]
    done = agency("review", "--base", "HEAD", "--json", cwd=repo.path)
    assert done.code == 2
    assert not list((repo.path / ".git" / "agency").glob("agency.db*")), "no new chain began in its place"


def test_where_arbiters_are_listed_a_ruling_by_another_key_is_told(repo: GitRepo, ledger: Ledger) -> None:
    list_arbiters(repo)
    assert codes(repo) == []
    assert "no base lists" not in agency("ledger", "verify", cwd=repo.path).out
    repo.commit("Delist", **{PRINCIPALS_PATH: principals_toml([make_principal("other", ["arbiter"])])})
    assert codes(repo) == ["ruling.not_signed"] * 3
    assert codes(repo, "--principals", "HEAD~1") == []
    assert ledger.shelf() is not None


@pytest.mark.usefixtures("ledger")
def test_an_export_is_held_against_its_signed_head_and_the_anchor(repo: GitRepo, tmp_path: Path) -> None:
    ref = anchored(repo)["ref"]
    whole = tmp_path / "whole.jsonl"
    assert agency("ledger", "export", "--out", str(whole), cwd=repo.path).code == 0
    assert codes(repo, "--file", str(whole)) == []
    assert codes(repo, "--file", str(whole), "--anchor", ref) == []
    header, *lines = whole.read_bytes().splitlines(keepends=True)
    head = json.loads(header)
    assert head["signed_head"]["seq"] == 4
    for changed in ([header, *lines[:-1]], [header, *lines, lines[-1]], [header, lines[0], *lines[2:]]):
        whole.write_bytes(b"".join(changed))
        assert codes(repo, "--file", str(whole)) != []


@pytest.mark.usefixtures("ledger")
def test_another_encoding_of_the_heads_signature_is_told(repo: GitRepo, tmp_path: Path) -> None:
    from agent_agency.ledger.export_header import ExportHeader, read_header, write_header
    from agent_agency.ledger.signed_heads import SignedHead

    anchored(repo)
    path = tmp_path / "whole.jsonl"
    assert agency("ledger", "export", "--out", str(path), cwd=repo.path).code == 0
    header, *lines = path.read_bytes().splitlines(keepends=True)
    read = read_header(header)
    assert read.signed_head is not None
    signature = json.loads(read.signed_head.envelope)["signatures"][0]["sig"]
    other = signature[:-3] + chr(ord(signature[-3]) + 1) + "=="
    envelope = read.signed_head.envelope.replace(signature.encode(), other.encode())
    again = ExportHeader(read.chain, read.count, read.head, SignedHead(4, read.head, envelope))
    path.write_bytes(write_header(again) + b"".join(lines))
    assert codes(repo, "--file", str(path)) == ["head.not_signed"]


@pytest.mark.usefixtures("ledger")
def test_an_anchor_that_was_asked_for_and_is_not_there_is_no_pass(repo: GitRepo, tmp_path: Path) -> None:
    path = tmp_path / "whole.jsonl"
    assert agency("ledger", "export", "--out", str(path), cwd=repo.path).code == 0
    done = agency("ledger", "verify", "--file", str(path), "--anchor", "refs/agency/remotes/hub", cwd=repo.path)
    assert (done.code, "holds no anchor" in done.err) == (2, True)
    assert agency("ledger", "verify", "--principals", "no-such-ref", cwd=repo.path).code == 2


@pytest.mark.usefixtures("ledger")
def test_an_export_is_checked_outside_of_any_repository_too(repo: GitRepo, tmp_path: Path) -> None:
    anchored(repo)
    path = tmp_path / "whole.jsonl"
    assert agency("ledger", "export", "--out", str(path), cwd=repo.path).code == 0
    done = agency("ledger", "verify", "--file", str(path), cwd=tmp_path, env={"AGENCY_KEYS": str(tmp_path / "none")})
    assert (done.code, "signed by a key that no base lists" in done.out) == (0, True), done
