"""What trees hold, listed by git once each: what an object id names never changes."""

from __future__ import annotations

import os
from collections.abc import Iterable

from agent_agency.git.view import ObjectView

_MOST_BYTES = 64 << 20
_SYMLINK = b"120000 "


class Listings:
    """Records of ``git ls-tree -r -z`` of the trees that were asked for, kept as git wrote them up to 64 MiB.

    Trees are named by object ids, never by names that may come to mean another tree. Every method raises a GitError
    when there is no such tree or a part of it is missing.
    """

    def __init__(self, view: ObjectView) -> None:
        self._view = view
        self._kept: dict[str, bytes] = {}

    def below(self, tree: str, folder: str) -> list[bytes]:
        """The records of all files below a folder, or of the file of that name; of all files without one."""
        records = self._records(tree)
        if not folder:
            return records
        name = os.fsencode(folder)
        return [record for record in records if (path := _path(record)) == name or path.startswith(name + b"/")]

    def at(self, tree: str, paths: Iterable[str]) -> list[bytes]:
        """The records of the files that stand at these paths."""
        wanted = frozenset(map(os.fsencode, paths))
        return [record for record in self._records(tree) if _path(record) in wanted]

    def symlinks(self, tree: str) -> list[bytes]:
        """The records of all symbolic links."""
        return [record for record in self._records(tree) if record.startswith(_SYMLINK)]

    def _records(self, tree: str) -> list[bytes]:
        listing = self._kept.get(tree)
        if listing is None:
            listing = self._view.git(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree])
            if len(listing) + sum(map(len, self._kept.values())) <= _MOST_BYTES:
                self._kept[tree] = listing
        return [record for record in listing.split(b"\0") if record]


def _path(record: bytes) -> bytes:
    return record.partition(b"\t")[2]
