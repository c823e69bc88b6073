"""Where a base stood before: told from git along first parents, as the tip of a branch moves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent_agency.errors import GitError
from agent_agency.git import Repository

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_LAW = (".agency/rules", "agency.toml")
_MOST = 500
"""Changes of the law that are looked at on either side of a commit."""


def stood_at(repo: Repository, tip: str, commit: str) -> bool:
    """Whether a branch at ``tip`` stood at ``commit`` before.

    The commits of a branch that was merged do not count. A history that git cannot read counts as no.
    """
    if not _COMMIT.fullmatch(commit):
        return False
    asked = ["rev-list", "--first-parent", "--parents", f"^{commit}", tip, "--"]
    try:
        told = repo.git(asked).decode("ascii").split("\n")
    except GitError:
        return False
    oldest = told[-2].split() if len(told) > 1 else []
    return tip == commit or (len(oldest) > 1 and oldest[1] == commit)


def came_back(repo: Repository, tip: str, commit: str) -> bool:
    """Whether the rules after ``commit`` became again what they were before it.

    Commits that loosen the rules and take that back change nothing between their two ends, so that no review of them
    sees an edit of the law; merged by fast-forward, each of them looks as if the base had stood there. Such a dip binds
    nobody. A history that git cannot read, or with very many changes of the law, counts as one.

    Args:
        repo: the repository.
        tip: where the base is.
        commit: where it stood before (`stood_at`).
    """
    try:
        own = _state(repo, commit)
        later = [*_changes(repo, [f"^{commit}", tip]), tip]
        earlier = _changes(repo, [commit])
        if len(later) > _MOST or len(earlier) > _MOST:
            return True
        after = _states(repo, later)
        before = _states(repo, [*earlier, *_parents(repo, earlier)])
    except GitError:
        return True
    return bool((after & before) - {own})


def _changes(repo: Repository, revisions: Iterable[str]) -> list[str]:
    """Commits of the range that changed the law, as a branch moved."""
    options = ["rev-list", "--first-parent", f"--max-count={_MOST + 1}"]
    return repo.git([*options, *revisions, "--", *_LAW]).decode("ascii").split()


def _parents(repo: Repository, commits: Iterable[str]) -> list[str]:
    given = list(commits)
    if not given:
        return []
    told = repo.git(["rev-list", "--no-walk", "--parents", *given, "--"]).decode("ascii").splitlines()
    return [line.split()[1] for line in told if " " in line]


def _states(repo: Repository, commits: Iterable[str]) -> set[bytes]:
    return {_state(repo, commit) for commit in dict.fromkeys(commits)}


def _state(repo: Repository, commit: str) -> bytes:
    """What stands there of the law that the rules follow from; equal exactly if its files are."""
    return repo.git(["ls-tree", "--full-tree", commit, "--", *_LAW])
