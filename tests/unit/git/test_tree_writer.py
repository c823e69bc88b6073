"""Trees that are written without git are the trees that git would write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.errors import GitError
from agent_agency.git import Repository
from agent_agency.git.tree_writer import write_tree
from support.git_repo import GitRepo

NAMES = st.text(st.sampled_from("abA-_.09 ~"), min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(st.dictionaries(NAMES, st.text("0123456789abcdef", min_size=40, max_size=40), max_size=6))
def test_the_tree_is_the_one_of_git(git_repo: GitRepo, blobs: dict[str, str]) -> None:
    with Repository.discover(git_repo.path) as repo:
        rows = "".join(f"100644 blob {blob}\t{name}\0" for name, blob in blobs.items())
        expected = repo.view.git(["mktree", "-z", "--missing"], stdin=rows.encode()).decode().strip()
    with Repository.discover(git_repo.path) as repo:
        tree = write_tree(repo.view, blobs)
        assert tree == expected
        assert repo.view.git(["cat-file", "-t", tree]) == b"tree\n"
        listed = repo.view.git(["ls-tree", "-z", "--name-only", tree]).decode().split("\0")[:-1]
        assert listed == sorted(blobs)


def test_a_repository_with_sha256_gets_trees_of_its_own_kind(tmp_path: Path) -> None:
    made = GitRepo(tmp_path)
    made.git("init", "-q", "--object-format=sha256")
    with Repository.discover(tmp_path) as repo:
        assert repo.empty_tree == repo.view.git(["mktree"], stdin=b"").decode().strip()


def test_a_view_that_is_gone_is_one_error(git_repo: GitRepo) -> None:
    repo = Repository.discover(git_repo.path)
    view = repo.view
    repo.close()
    with pytest.raises(GitError, match="temporary tree"):
        write_tree(view, {"a": "0" * 40})
