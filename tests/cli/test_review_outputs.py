from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.ledgers import entries_of
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


def test_one_review_is_written_in_several_forms_and_recorded_once(repo: GitRepo) -> None:
    repo.commit("Leave", **{"elsewhere.py": "X = 1\n"})
    also = ("--also", "sarif=ruling.sarif", "--also", "markdown=ruling.md")
    done = agency("review", "--base", "main", "--head", "work", "--json", *also, cwd=repo.path)
    assert done.code == 1, done.err
    for name in ("ruling.sarif", "ruling.md"):
        assert "elsewhere.py" in (repo.path / name).read_text(encoding="utf-8")
    rulings = sum(entry.kind == "ruling" for entry in entries_of(repo.path))
    assert (json.loads(done.out)["verdict"], rulings) == ("rejected", 1)


@pytest.mark.parametrize("pair", ["sarif", "sarif=", "pdf=ruling.pdf"])
def test_a_further_form_that_cannot_be_written_is_refused_before_the_review(repo: GitRepo, pair: str) -> None:
    done = agency("review", "--base", "main", "--also", pair, cwd=repo.path)
    assert done.code == 2
    assert not (repo.path / ".git/agency").exists()
