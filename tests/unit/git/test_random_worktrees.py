"""Random working trees freeze to what git itself would commit, after whatever happened to the index."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.git import Repository
from support.git_repo import GitRepo

NAMES = st.sampled_from(
    ["a", "b.txt", "d/a", "d/e/b.txt", "d", "caf\udce9", "new\nline", "-x", "x.log", "d/.gitignore", ".gitignore"]
)
KINDS = st.sampled_from(["file", "file", "file", "tool", "link"])
TEXT = st.sampled_from(["", "one\n", "two\r\n", "*.log\n", "!x.log\n", "a\n", "/d\n", "\x00\xff"])
TREES = st.dictionaries(NAMES, st.tuples(KINDS, TEXT), max_size=7)
Tree = Mapping[str, tuple[str, str]]


def lay_out(root: Path, tree: Tree) -> None:
    """Replace everything in the working tree; a name that clashes with one laid out before is left out."""
    for path in root.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, (kind, text) in tree.items():
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "link":
                path.symlink_to(text.replace("\x00", "") or "nowhere")
            else:
                path.write_bytes(text.encode("latin-1"))
                path.chmod(0o755 if kind == "tool" else 0o644)
        except OSError:
            continue


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES, TREES, TREES)
def test_a_random_working_tree_freezes_to_what_git_would_commit(committed: Tree, staged: Tree, lying: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        git_repo = GitRepo.create(Path(folder) / "repo")
        lay_out(git_repo.path, committed)
        git_repo.commit("base")
        lay_out(git_repo.path, staged)
        git_repo.git("add", "-A")
        lay_out(git_repo.path, lying)
        expected_index = git_repo.git("write-tree")
        with Repository.discover(git_repo.path) as repo:
            index, worktree = repo.freeze_index(), repo.freeze_worktree()
        git_repo.git("add", "-A")
        assert (index, worktree) == (expected_index, git_repo.git("write-tree"))
