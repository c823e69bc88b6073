"""Which paths the base's .gitattributes call generated (``linguist-generated``)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from agent_agency.git import Repository

_ATTRIBUTE = "linguist-generated"
_FILE = ".gitattributes"
_YES = frozenset({b"set", b"true"})
_REGULAR_MODES = frozenset({"100644", "100755"})


def generated_paths(repo: Repository, base: str, paths: Sequence[str]) -> frozenset[str]:
    """Those of ``paths`` that the .gitattributes files of ``base`` mark as generated.

    The head has no say: a change cannot declare itself generated. Only the files committed at the base count, neither
    ``info/attributes`` nor a personal attributes file.

    Raises:
        GitError: when git's answer cannot be had or read.
    """
    rows = _attribute_files(repo, base, paths)
    if not rows:
        return frozenset()
    index = str(repo.view.folder / "attributes-index")
    repo.view.git(["read-tree", "--empty"], GIT_INDEX_FILE=index)
    repo.view.git(["update-index", "-z", "--index-info"], stdin=b"".join(rows), GIT_INDEX_FILE=index)
    listed = b"".join(os.fsencode(path) + b"\0" for path in paths)
    told = repo.view.git(["check-attr", "-z", "--cached", "--stdin", _ATTRIBUTE], stdin=listed, GIT_INDEX_FILE=index)
    fields = told.split(b"\0")[:-1]
    return frozenset(os.fsdecode(path) for path, value in zip(fields[0::3], fields[2::3], strict=True) if value in _YES)


def _attribute_files(repo: Repository, base: str, paths: Iterable[str]) -> list[bytes]:
    folders = {""}
    for path in paths:
        while (path := path.rpartition("/")[0]) not in folders:
            folders.add(path)
    wanted = [f"{folder}/{_FILE}" if folder else _FILE for folder in sorted(folders)]
    found = repo.find_files(base, wanted)
    return [
        f"{entry.mode} {entry.blob}\t".encode("ascii") + os.fsencode(entry.path) + b"\0"
        for entry in found
        if entry.mode in _REGULAR_MODES  # git does not follow a symlink called .gitattributes
    ]
