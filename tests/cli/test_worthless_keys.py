"""The judged party runs as the same user and has a terminal of its own. A key that it makes for itself is worthless."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agent_agency.attestation.principals import PRINCIPALS_PATH
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import make_principal, principals_toml
from support.terminal import agency_on_terminal
from support.warm_command import agency

PASS_PHRASE = "correct horse battery"  # noqa: S105 - of keys that the agent makes for itself
REASON = "the agent would like its change to be approved"
ASK = ("waiver", "request", "--gate", "scope_boundary", "--spec", "FEAT-1", "--reason", REASON)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A base that lists people whose keys are elsewhere; the agent's change on ``work`` leaves its scope."""
    people = [make_principal("ann", ["approver"]), make_principal("rex", ["requester"])]
    repo = lawful_repo(tmp_path / "repo")
    repo.checkout("main")
    repo.commit("List", **{PRINCIPALS_PATH: principals_toml(people)})
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.commit("Note", **{"notes.txt": "x\n"})
    return repo


def verdict(repo: GitRepo) -> str:
    done = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)
    return str(done.document["verdict"])


def on_terminal(repo: GitRepo, *args: str, answers: list[tuple[str, str]]) -> Any:
    return agency_on_terminal(*args, cwd=repo.path, answers=answers)


def make_keys(repo: GitRepo) -> None:
    """Both keys that a waiver takes, made with all that the agent can do."""
    typed = [("New pass phrase", PASS_PHRASE), ("The same again", PASS_PHRASE)]
    assert on_terminal(repo, "identity", "new", "boss", "--role", "approver", answers=typed).code == 0
    assert agency("identity", "new", "friend", "--role", "requester", cwd=repo.path).code == 0


def list_them(repo: GitRepo) -> None:
    for name, role in (("boss", "approver"), ("friend", "requester")):
        listed = ("identity", "trust", name, "--role", role, "--address", f"{name}@example.net")
        assert agency(*listed, cwd=repo.path).code == 0


def approve(repo: GitRepo, *base: str) -> Any:
    answers = [("Sign the approval", "y"), ("Pass phrase", PASS_PHRASE)]
    return on_terminal(repo, "waiver", "approve", "WV-1", "--as", "boss", *base, answers=answers)


def test_keys_that_nobody_listed_are_refused(repo: GitRepo) -> None:
    make_keys(repo)
    done = agency(*ASK, "--as", "friend", cwd=repo.path)
    assert (done.code, "counts for nothing" in done.err) == (2, True)
    assert verdict(repo) == "rejected"


def test_keys_listed_in_the_working_tree_are_refused(repo: GitRepo) -> None:
    make_keys(repo)
    list_them(repo)
    done = agency(*ASK, "--as", "friend", "--base", "main", cwd=repo.path)
    assert (done.code, "counts for nothing" in done.err) == (2, True)


def test_keys_listed_on_the_judged_branch_count_for_nothing_at_the_base(repo: GitRepo) -> None:
    make_keys(repo)
    list_them(repo)
    repo.commit("List my own friends")
    asked = agency(*ASK, "--as", "friend", "--base", "work", cwd=repo.path)
    assert asked.code == 0, "its own branch lists the keys, so the acts can be made; they count nowhere else"
    done = approve(repo, "--base", "work")
    assert done.code == 0, done
    assert verdict(repo) == "rejected"


def test_a_list_that_is_edited_is_an_edit_of_the_law(repo: GitRepo) -> None:
    make_keys(repo)
    list_them(repo)
    repo.commit("List my own friends")
    done = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)
    assert any(edit["path"] == PRINCIPALS_PATH for edit in done.document["change"]["governance"])
    assert done.document["verdict"] == "rejected"


def test_a_key_called_as_a_listed_person_is_not_theirs(repo: GitRepo) -> None:
    typed = [("New pass phrase", PASS_PHRASE), ("The same again", PASS_PHRASE)]
    assert on_terminal(repo, "identity", "new", "ann", "--role", "approver", answers=typed).code == 0
    own = {key["name"]: key for key in agency("identity", "list", "--json", cwd=repo.path).document["own"]}
    assert (own["ann"]["counts"], own["ann"]["principal"]) == (False, None)
    shown = agency("identity", "list", cwd=repo.path).out
    assert "ann" in shown
    assert "counts for nothing" in shown


def test_another_folder_of_keys_lists_nobody(repo: GitRepo, tmp_path: Path) -> None:
    env = {"AGENCY_KEYS": str(tmp_path / "own-keys")}
    assert agency("identity", "new", "rex", "--role", "requester", cwd=repo.path, env=env).code == 0
    done = agency(*ASK, "--as", "rex", cwd=repo.path, env={**os.environ, **env})
    assert (done.code, "counts for nothing" in done.err) == (2, True)
