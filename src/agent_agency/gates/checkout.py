"""A fresh checkout of the head in a private folder, where a gate's tool runs; the user's tree is never touched.

The folder is a repository of its own that borrows the objects: no hook, filter, attribute file or configuration of the
user's repository has a say in what is written.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from agent_agency.errors import GitError
from agent_agency.git import Repository


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the head's files lie: ``root`` is the tool's folder, ``private`` its temporary files and home."""

    root: Path
    private: Path


@contextmanager
def fresh_checkout(repo: Repository, tree: str, reading: Lock) -> Iterator[Checkout]:
    """Write a tree into a new temporary folder, and take it away afterwards; ``reading`` guards the repository.

    Raises:
        GitError: when the tree cannot be read or written whole.
    """
    folder = Path(tempfile.mkdtemp(prefix="agency-gate-"))
    try:
        checkout = Checkout(folder / "checkout", folder / "private")
        for made in (checkout.root, checkout.private):
            made.mkdir(mode=0o700)
        with reading:
            _write_tree(repo, tree, checkout.root)
        yield checkout
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_tree(repo: Repository, tree: str, root: Path) -> None:
    """Write every file and link of a tree; submodules stay empty folders."""
    for entry in repo.list_files(tree):
        if ".git" in entry.path.lower().split("/"):
            raise GitError("the head holds a file inside a folder called .git", fix="Take it out of the change.")
        target = root / entry.path
        if target.parent != root:
            target.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == "160000":
            target.mkdir(exist_ok=True)
            continue
        content = repo.read_blob(tree, entry.path)
        if content is None:
            raise GitError(f"{entry.path} of the head cannot be read", fix="Check the repository with git fsck.")
        if entry.mode == "120000":
            target.symlink_to(content.decode("utf-8", "surrogateescape"))
        else:
            target.write_bytes(content)
            target.chmod(0o755 if entry.mode == "100755" else 0o644)
