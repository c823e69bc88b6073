"""A reviewer chooses between tied patches and withdraws a comparison, with a pass phrase typed on a terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.cli.services import machine_services
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.terminal import OnTerminal, agency_on_terminal
from support.warm_command import agency

PASS_PHRASE = "correct horse battery"  # noqa: S105 - of a key that the test makes


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A base that lists rita as its reviewer; two branches with patches of one size are reviewed."""
    repo = lawful_repo(tmp_path / "repo")
    answers = [("key rita", PASS_PHRASE), ("again", PASS_PHRASE)]
    made = agency_on_terminal("identity", "new", "rita", "--role", "reviewer", cwd=repo.path, answers=answers)
    assert made.code == 0
    line = (Path(os.environ["XDG_CONFIG_HOME"]) / "agency" / "keys" / "rita.pub").read_text().strip()
    repo.checkout("main")
    table = f'[[principal]]\nname = "rita"\naddress = "rita@example.org"\nroles = ["reviewer"]\nkeys = ["{line}"]\n'
    repo.commit("List", **{PRINCIPALS_PATH: table})
    return repo


def compared(repo: GitRepo) -> tuple[str, list[str]]:
    """The id of a comparison of two patches that the facts do not tell apart, and their rulings."""
    rulings = []
    for branch in ("one", "two"):
        repo.branch(branch)
        repo.commit(branch, **{f"src/{branch}.py": "x = 1\n"})
        rulings.append(review(ReviewRequest(repo.path, base="main", head=branch), machine_services()).ruling_id)
    opened = agency("cases", "open", "--competing", *rulings, "--json", cwd=repo.path)
    return str(opened.document["case"]["id"]), rulings


def as_rita(repo: GitRepo, *args: str) -> OnTerminal:
    answers = [("Pass phrase", PASS_PHRASE)]
    return agency_on_terminal("cases", *args, "--as", "rita", "--json", cwd=repo.path, answers=answers)


def test_a_reviewer_chooses_and_the_choice_is_told_as_signed(repo: GitRepo) -> None:
    case, (_, second) = compared(repo)
    done = as_rita(repo, "settle", case, "--choose", second, "--reason", "it reads better")
    assert done.code == 0
    ending = json.loads(done.out)["ending"]
    assert (ending["ruling_id"], ending["by"], ending["who"], ending["signed"]) == (second, "person", "rita", True)
    assert "rita chose" in agency("cases", "show", case, cwd=repo.path).out


def test_a_reviewer_withdraws_a_comparison_and_without_a_terminal_nobody_does(repo: GitRepo) -> None:
    case, _ = compared(repo)
    silent = agency("cases", "withdraw", case, "--reason", "dropped", "--as", "rita", cwd=repo.path)
    assert silent.code == 2
    done = as_rita(repo, "withdraw", case, "--reason", "dropped")
    assert (done.code, json.loads(done.out)["case"]["state"]) == (0, "withdrawn")
    assert json.loads(done.out)["ending"]["signed"] is True
