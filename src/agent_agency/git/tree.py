"""Entries of a git tree, and the reading of ``ls-tree -z`` output."""

from __future__ import annotations

import os
from dataclasses import dataclass

from agent_agency.errors import GitError


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree: ``path`` as ``os.fsdecode`` gives it, ``size`` in bytes.

    ``size`` is ``None`` for a submodule, and where it was not asked for.
    """

    path: str
    mode: str
    blob: str
    size: int | None

    @property
    def kind(self) -> str:
        """``tree`` for a folder, ``commit`` for a submodule, else ``blob``."""
        return {"040000": "tree", "160000": "commit"}.get(self.mode, "blob")


def may_be_in_tree(path: str) -> bool:
    """Whether a tree can hold an entry of this path: relative, and without empty, ``.`` or ``..`` parts."""
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def parse_listing(output: bytes) -> tuple[TreeEntry, ...]:
    """Read the records of ``git ls-tree -r -z``, with sizes where ``-l`` told them.

    Raises:
        GitError: for a record that does not have the documented form.
    """
    return tuple(_entry(record) for record in output.split(b"\0") if record)


def _entry(record: bytes) -> TreeEntry:
    head, tab, path = record.partition(b"\t")
    fields = head.split()
    if not tab or len(fields) not in {3, 4}:
        raise GitError("git ls-tree gave a record that cannot be read", fix="Run git fsck in this repository.")
    mode, _, blob, *size = (field.decode("ascii") for field in fields)
    return TreeEntry(os.fsdecode(path), mode, blob, int(size[0]) if size and size[0].isdigit() else None)
