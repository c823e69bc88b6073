"""After an act the ledger's head is signed and anchored at once, as after a review."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A repository in which a change was reviewed that leaves its scope, so that its case is open."""
    repo = lawful_repo(tmp_path / "repo")
    repo.commit("Note", **{"notes.txt": "x\n"})
    assert agency("review", "--base", "main", "--head", "work", cwd=repo.path).code != 0
    return repo


def open_case(repo: GitRepo) -> str:
    (case,) = agency("cases", "list", "--json", cwd=repo.path).document["cases"]
    return str(case["id"])


def test_a_withdrawn_case_is_anchored(repo: GitRepo) -> None:
    done = agency("cases", "withdraw", open_case(repo), "--reason", "dropped", "--json", cwd=repo.path)
    assert done.code == 0
    (report,) = agency("ledger", "verify", "--json", cwd=repo.path).document["files"]
    assert (report["anchored"]["seq"], report["signed"]["seq"], report["notes"]) == (report["count"],) * 2 + ([],)


def test_where_there_is_no_key_to_sign_heads_the_act_stands_and_that_is_told_once(repo: GitRepo) -> None:
    case = open_case(repo)
    env = {"AGENCY_ARBITER_KEY": str(repo.path / "nowhere")}
    done = agency("cases", "withdraw", case, "--reason", "dropped", "--json", cwd=repo.path, env=env)
    assert (done.code, done.document["case"]["state"]) == (0, "withdrawn")
    assert done.err.count("the ledger's head is not signed") == 1
    (report,) = agency("ledger", "verify", "--json", cwd=repo.path).document["files"]
    assert any("behind the chain's end" in note for note in report["notes"])


def test_the_arbiters_key_that_the_environment_names_counts_for_the_record_of_who_signs_with_it(
    repo: GitRepo, tmp_path: Path
) -> None:
    keys = {"AGENCY_KEYS": str(tmp_path / "runner")}
    assert agency("identity", "new", "arbiter", "--role", "arbiter", cwd=repo.path, env=keys).code == 0
    env = {"AGENCY_ARBITER_KEY": str(tmp_path / "runner" / "arbiter")}
    done = agency("cases", "withdraw", open_case(repo), "--reason", "dropped", cwd=repo.path, env=env)
    assert done.code == 0
    (report,) = agency("ledger", "verify", "--json", cwd=repo.path, env=env).document["files"]
    assert "your own arbiter's key" in report["signed"]["known_by"]
