"""A fresh checkout in a private folder, where a gate's tool runs; the user's tree is never touched.

Only blobs are read from the user's repository: no hook, filter, attribute file or configuration of it has a say in
what is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from agent_agency.errors import GitError
from agent_agency.facts import display_path
from agent_agency.gates.removal import remove_tree
from agent_agency.git import Repository
from agent_agency.git.objects import contents, infos
from agent_agency.git.tree import TreeEntry, may_be_in_tree
from agent_agency.git.view import PREFIX as VIEW_PREFIX
from agent_agency.owned_folders import OwnedFolder, remove_left_folders

_PREFIX = "agency-gate-"
_PREFIXES = (_PREFIX, VIEW_PREFIX)
_PASSABLE = 0o711  # the sandbox may run a tool of root's as another user
_FEW = 4
_EXECUTABLE, _LINK, _SUBMODULE = "100755", "120000", "160000"


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the files lie: ``root`` is the tool's folder, ``private`` its temporary files and home."""

    root: Path
    private: Path


@dataclass(frozen=True, slots=True)
class Part:
    """Files of one tree that belong into a checkout; ``hollow`` ones are written without their content."""

    tree: str
    entries: tuple[TreeEntry, ...]
    hollow: bool = False


@contextmanager
def fresh_checkout(repo: Repository, parts: Sequence[Part], reading: Lock) -> Iterator[Checkout]:
    """Write files of trees into a new temporary folder, and take it away afterwards.

    ``reading`` guards the repository. No two entries may share a path or stand in each other's way.

    Raises:
        GitError: when an entry cannot be read, or cannot stand in a checkout.
        OSError: when the folder cannot be written.
    """
    remove_left_folders(_PREFIXES, remove_tree)
    owned = OwnedFolder(_PREFIX)
    folder = owned.path
    try:
        checkout = Checkout(folder / "checkout", folder / "private")
        for made in (checkout.root, checkout.private):
            made.mkdir(mode=0o700)
        folder.chmod(_PASSABLE)
        with reading:
            _write(repo, parts, checkout.root)
        yield checkout
    finally:
        remove_tree(folder)
        owned.close()


def lies_inside(path: Path, root: Path) -> bool:
    """Whether a path, all links followed, lies below a folder."""
    # Path.resolve raises RuntimeError for links in a circle
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def whole_tree(repo: Repository, tree: str, reading: Lock) -> Part:
    """Every file of a tree.

    Raises:
        GitError: when the tree cannot be read.
    """
    with reading:
        return Part(tree, repo.list_files(tree))


def _write(repo: Repository, parts: Sequence[Part], root: Path) -> None:
    """Write files first and links last, so that nothing is ever written through a link; submodules stay empty."""
    entries = [(part.tree, entry) for part in parts for entry in part.entries]
    plain = [(part, entry) for part in parts for entry in part.entries if entry.mode not in {_LINK, _SUBMODULE}]
    files = [(part.tree, entry) for part, entry in plain if not part.hollow]
    for _, entry in entries:
        if entry.mode == _SUBMODULE:
            _make_folder(_place(entry, root))
    for (_, entry), content in zip(files, _contents(repo, files), strict=True):
        _write_file(entry, _place(entry, root), content)
    for part, entry in plain:
        if part.hollow:
            _write_file(entry, _place(entry, root), b"")
    for tree, entry in entries:
        if entry.mode == _LINK:
            _write_link(repo, tree, entry, root)


def _write_link(repo: Repository, tree: str, entry: TreeEntry, root: Path) -> None:
    target = _place(entry, root)
    text = os.fsdecode(_content(repo, tree, entry))
    if "\0" in text:
        raise GitError(
            f"{display_path(entry.path)} is a link to a name with a null byte", fix="Take it out of the change."
        )
    _real_folder(target.parent, root, entry)
    target.symlink_to(text)


def _place(entry: TreeEntry, root: Path) -> Path:
    parts = entry.path.split("/")
    if not may_be_in_tree(entry.path) or ".git" in [part.lower() for part in parts]:
        raise GitError(
            f"{display_path(entry.path)} cannot stand in a checkout: it lies in a folder called .git, or leads out",
            fix="Take it out of the change.",
        )
    return root / entry.path


def _write_file(entry: TreeEntry, target: Path, content: bytes) -> None:
    _make_folder(target.parent)
    with target.open("xb") as stream:
        stream.write(content)
    target.chmod(0o755 if entry.mode == _EXECUTABLE else 0o644)


def _make_folder(folder: Path) -> None:
    missing = []
    while not folder.is_dir():  # a folder may lie deeper than a recursion could go
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir()


def _real_folder(folder: Path, root: Path, entry: TreeEntry) -> None:
    """Make a link's folder; a crafted tree may hold a link and something below it under one name."""
    missing: list[Path] = []
    while folder != root:
        if folder.is_symlink():
            raise GitError(f"{display_path(entry.path)} lies below a link", fix="Check the repository with git fsck.")
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(exist_ok=True)


def _contents(repo: Repository, files: Sequence[tuple[str, TreeEntry]]) -> Iterator[bytes]:
    """The contents of files in their order; many are read in portions, by a process of their own."""
    if len(files) <= _FEW:
        yield from (_content(repo, tree, entry) for tree, entry in files)
        return
    known = infos(repo.view, [entry.blob for _, entry in files])
    for _, entry in files:
        if known[entry.blob].kind != "blob":
            raise GitError(f"{display_path(entry.path)} is no file", fix="Check the repository with git fsck.")
    yield from (content for _, content in contents(repo.view, [known[entry.blob] for _, entry in files]))


def _content(repo: Repository, tree: str, entry: TreeEntry) -> bytes:
    content = repo.read_blob(tree, entry.path)
    if content is None:
        raise GitError(f"{display_path(entry.path)} cannot be read", fix="Check the repository with git fsck.")
    return content
