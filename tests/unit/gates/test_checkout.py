"""A checkout of whatever a tree can hold: written as it stands, or refused; nothing of git's has a say in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import pytest

from agent_agency.errors import GitError
from agent_agency.gates.checkout import fresh_checkout, whole_tree
from agent_agency.git import Repository
from support.git_repo import GitRepo

Entry = tuple[str, bytes, bytes]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def checked_out(git_repo: GitRepo, place: Path) -> Iterator[CheckedOut]:
    git_repo.commit("Start", **{".gitattributes": "* filter=evil eol=crlf ident export-subst\n"})
    git_repo.git("config", "filter.evil.smudge", f"touch {place}/harm")
    with Repository.discover(git_repo.path) as repo:
        yield CheckedOut(git_repo, repo)


class CheckedOut:
    """Makes checkouts of trees that no working tree could have made."""

    def __init__(self, git_repo: GitRepo, repo: Repository) -> None:
        self._git, self._repo = git_repo, repo

    def of(self, *entries: Entry) -> dict[bytes, tuple[str, bytes]]:
        """What stands in a checkout of these entries: kind and content by path."""
        tree = self._tree([(path.split(b"/"), mode, content) for mode, path, content in entries])
        lock = Lock()
        with fresh_checkout(self._repo, [whole_tree(self._repo, tree, lock)], lock) as checkout:
            return _content(os.fsencode(checkout.root))

    def _tree(self, entries: list[tuple[list[bytes], str, bytes]]) -> str:
        """The id of a tree, built from its deepest folder up."""
        depth = max(len(parts) for parts, _, _ in entries)
        known = {tuple(parts): (mode, self._blob(mode, content)) for parts, mode, content in entries}
        for level in range(depth, 0, -1):
            folders: dict[tuple[bytes, ...], bytes] = {}
            for parts in [parts for parts in known if len(parts) == level]:
                mode, oid = known.pop(parts)
                kind = {"040000": "tree", "160000": "commit"}.get(mode, "blob")
                line = f"{mode} {kind} {oid}\t".encode() + parts[-1] + b"\0"
                folders[parts[:-1]] = folders.get(parts[:-1], b"") + line
            for folder, lines in folders.items():
                known[folder] = ("040000", self._git.git("mktree", "-z", "--missing", stdin=lines))
        return known[()][1]

    def _blob(self, mode: str, content: bytes) -> str:
        return "1" * 40 if mode == "160000" else self._git.git("hash-object", "-w", "--stdin", stdin=content)


def _content(root: bytes) -> dict[bytes, tuple[str, bytes]]:
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118  names of any bytes
            key = os.path.relpath(path, root)
            if os.path.islink(path):  # noqa: PTH114  likewise
                found[key] = ("link", os.readlink(path))  # noqa: PTH115  likewise
            elif name in files:
                with open(path, "rb") as stream:  # noqa: PTH123  likewise
                    found[key] = ("executable" if os.access(path, os.X_OK) else "file", stream.read())
            elif not os.listdir(path):  # noqa: PTH208  likewise
                found[key] = ("folder", b"")
    return found


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe.py", b"a\nb", b"-rf", b"--option", b"$(touch x)", b"`x`", b"; rm", b"n" * 255, b"git~1", b" ", b"\\"],
)
def test_any_name_is_only_a_name(checked_out: CheckedOut, name: bytes) -> None:
    assert checked_out.of(("100644", b"src/" + name, b"x")) == {b"src/" + name: ("file", b"x")}


def test_files_links_and_modes_stand_as_the_tree_has_them(checked_out: CheckedOut) -> None:
    entries = [
        ("100644", b"a.py", b"a\r\n$Id$ $Format:%H$\n"),
        ("100755", b"run", b"#!/bin/sh\n"),
        ("120000", b"loop", b"loop"),
        ("120000", b"out", b"/etc/passwd"),
        ("160000", b"sub", b""),
        ("100644", b"A.py", b"twin"),
    ]
    kinds = {"100644": "file", "100755": "executable", "120000": "link", "160000": "folder"}
    assert checked_out.of(*entries) == {path: (kinds[mode], content) for mode, path, content in entries}


def test_no_filter_attribute_or_conversion_is_applied(checked_out: CheckedOut, place: Path) -> None:
    attributes = b"* filter=evil working-tree-encoding=UTF-16 eol=crlf ident\n"
    found = checked_out.of(("100644", b".gitattributes", attributes), ("100644", b"a", b"a\n$Id$\n"))
    assert found[b"a"] == ("file", b"a\n$Id$\n")
    assert not (place / "harm").exists()


def test_a_pointer_of_large_file_storage_stays_a_pointer(checked_out: CheckedOut) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 99999999999\n"
    assert checked_out.of(("100644", b"big.bin", pointer)) == {b"big.bin": ("file", pointer)}


def test_folders_may_lie_deep(git_repo: GitRepo, place: Path) -> None:
    path = "d/" * 1200 + "file"
    blob = git_repo.git("hash-object", "-w", "--stdin", stdin=b"x")
    git_repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    tree, lock = git_repo.git("write-tree"), Lock()
    with Repository.discover(git_repo.path) as repo:
        with fresh_checkout(repo, [whole_tree(repo, tree, lock)], lock) as checkout:
            assert (checkout.root / path).read_bytes() == b"x"
        assert [left.name for left in place.iterdir() if left.name.startswith("agency-gate-")] == []


@pytest.mark.parametrize("path", [b"src/.git/config", b".GIT/hooks/x", b"src/.git", b".giT"])
def test_nothing_stands_where_a_repository_would(checked_out: CheckedOut, path: bytes) -> None:
    with pytest.raises(GitError, match=r"folder called \.git"):
        checked_out.of(("100644", path, b"x"))


@pytest.mark.parametrize("entry", [("100644", b"n" * 256, b"x"), ("100644", b"/".join([b"d" * 200] * 30), b"x")])
def test_a_name_too_long_for_the_file_system_is_a_failure_and_leaves_nothing(
    checked_out: CheckedOut, place: Path, entry: Entry
) -> None:
    with pytest.raises(OSError, match="too long"):
        checked_out.of(entry)
    assert [path for path in place.iterdir() if path.name.startswith("agency-gate-")] == []


@pytest.mark.parametrize("target", [b"", b"x/" * 5000, b"a\0b"])
def test_a_link_that_cannot_be_made_is_a_failure(checked_out: CheckedOut, target: bytes) -> None:
    with pytest.raises((OSError, GitError)):
        checked_out.of(("120000", b"link", target))


@pytest.mark.usefixtures("place")
def test_a_missing_object_is_a_failure(git_repo: GitRepo) -> None:
    lines = b"100644 blob " + b"2" * 40 + b"\tgone\0"
    tree = git_repo.git("mktree", "-z", "--missing", stdin=lines)
    lock = Lock()
    with Repository.discover(git_repo.path) as repo, pytest.raises(GitError):  # noqa: SIM117  one is under test
        with fresh_checkout(repo, [whole_tree(repo, tree, lock)], lock):
            pass
