"""Where a base stood before, and whether its law came back to what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.git import Repository
from agent_agency.workflows.base_history import came_back, stood_at
from support.git_repo import GitRepo


def test_a_branch_stood_at_its_first_parents_and_nowhere_else(tmp_path: Path) -> None:
    git = GitRepo.create(tmp_path / "r")
    first = git.commit("1")
    git.branch("side")
    side = git.commit("s")
    git.checkout("main")
    second = git.commit("2")
    git.git("merge", "-q", "--no-ff", "-m", "m", "side")
    tip = git.git("rev-parse", "HEAD")
    with Repository.discover(git.path) as repo:
        assert [stood_at(repo, tip, one) for one in (first, second, tip)] == [True, True, True]
        assert [stood_at(repo, tip, one) for one in (side, "0" * 40, "main", "--all", "")] == [False] * 5
        assert not stood_at(repo, first, second)


@pytest.mark.parametrize("name", [".agency/rules/a.toml", "agency.toml"])
def test_law_that_became_again_what_it_was_is_told_however_many_commits_lie_between(tmp_path: Path, name: str) -> None:
    git = GitRepo.create(tmp_path / "r")
    git.commit("0")
    points = []
    for text in ("a", "b", "b", "a", "c"):
        points.append(git.commit(text, **{name: text}))
        git.commit("between", **{"other.txt": str(len(points))})
    tip = git.git("rev-parse", "HEAD")
    with Repository.discover(git.path) as repo:
        assert [came_back(repo, tip, one) for one in points] == [False, True, True, False, False]
        assert came_back(repo, tip, "0" * 40)


def test_law_that_went_away_again_came_back_to_none(tmp_path: Path) -> None:
    git = GitRepo.create(tmp_path / "r")
    git.commit("0")
    there = git.commit("rules", **{".agency/rules/a.toml": "a"})
    git.git("rm", "-q", "-r", ".agency")
    gone = git.commit("none")
    with Repository.discover(git.path) as repo:
        assert came_back(repo, gone, there)
