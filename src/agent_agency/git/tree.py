"""Entries of a git tree, and the reading of ``ls-tree -z`` output."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from agent_agency.errors import GitError


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree: ``path`` as ``os.fsdecode`` gives it."""

    path: str
    mode: str
    blob: str


def may_be_in_tree(path: str) -> bool:
    """Whether a tree can hold an entry of this path: relative, and without empty, ``.`` or ``..`` parts."""
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def parse_listing(records: Iterable[bytes]) -> tuple[TreeEntry, ...]:
    """Read records of ``git ls-tree -r -z``.

    Raises:
        GitError: for a record that does not have the documented form.
    """
    return tuple(map(_entry, records))


def _entry(record: bytes) -> TreeEntry:
    head, tab, path = record.partition(b"\t")
    fields = head.decode("ascii", "replace").split(" ")
    if not tab or len(fields) != 3:  # noqa: PLR2004 - mode, kind, id
        raise GitError("git ls-tree gave a record that cannot be read", fix="Run git fsck in this repository.")
    return TreeEntry(os.fsdecode(path), fields[0], fields[2])
