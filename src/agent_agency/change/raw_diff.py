"""Which paths differ between two trees, and which of them are renames or copies: ``git diff-tree --raw -z``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_agency.errors import GitError
from agent_agency.git.view import ObjectView

ABSENT_MODE = "000000"
# Comparing every new file with every old one is quadratic; a million pairs take seconds, a billion take hours.
MAX_PAIRS = 1_000_000
_MODIFYING = frozenset("DM")


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One record: git's status letter, modes, object ids and paths of both ends.

    ``similarity`` is in percent, for ``R`` and ``C``.
    """

    status: str
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str
    old_path: str
    new_path: str
    similarity: int | None = None

    @property
    def has_old(self) -> bool:
        """Whether something stood at the old path."""
        return self.old_mode != ABSENT_MODE

    @property
    def has_new(self) -> bool:
        """Whether something stands at the new path."""
        return self.new_mode != ABSENT_MODE


@dataclass(frozen=True, slots=True)
class RawDiff:
    """All differing paths, in git's order, and notes on how far renames were looked for."""

    entries: tuple[RawEntry, ...]
    notes: tuple[str, ...] = ()


def raw_diff(view: ObjectView, old_tree: str, new_tree: str) -> RawDiff:
    """Compare two trees.

    Renames and copies of identical content are always found. Similar content is looked for as long as the number of
    pairs stays below ``MAX_PAIRS``; beyond it a note says so, and what was moved shows as a deletion and an addition:
    both paths are still there.

    Raises:
        GitError: when a tree or a blob that must be read is missing.
    """
    plain = _run(view, ["--no-renames"], old_tree, new_tree)
    options, notes = _detection(plain)
    return RawDiff(_run(view, options, old_tree, new_tree) if options else plain, notes)


def _detection(plain: Sequence[RawEntry]) -> tuple[list[str], tuple[str, ...]]:
    statuses = Counter(entry.status for entry in plain)
    if not statuses["A"]:
        return [], ()
    sources = statuses["D"] + statuses["M"]
    if not sources:
        return [], ()
    limit = [f"-l{MAX_PAIRS}"]
    created, removed = statuses["A"], statuses["D"]
    if created * sources <= MAX_PAIRS:
        return ["--find-renames=50%", "--find-copies=50%", *limit], ()
    if created * removed <= MAX_PAIRS:
        note = f"copies were not looked for: {created} added files against {sources} changed ones are too many"
        return ["--find-renames=50%", *limit], (note,)
    note = (
        f"renames were looked for by identical content only: {created} added and {removed} deleted files are too many"
        " to compare"
    )
    return ["--find-renames=100%", *limit], (note,)


def _run(view: ObjectView, options: Sequence[str], old_tree: str, new_tree: str) -> tuple[RawEntry, ...]:
    args = ["diff-tree", "-r", "-z", "--raw", "--full-index", "--no-ext-diff", "--no-textconv", *options]
    output = view.git([*args, "--end-of-options", old_tree, new_tree])
    return tuple(parse_raw(output))


def parse_raw(output: bytes) -> Iterator[RawEntry]:
    """Read the records of ``diff-tree --raw -z``.

    Raises:
        GitError: for anything that does not have the documented form.
    """
    fields = iter(output.split(b"\0")[:-1])
    for field in fields:
        told = field.decode("ascii", "replace").split(" ")
        if len(told) != 5 or not told[0].startswith(":"):  # noqa: PLR2004 - two modes, two ids, status
            raise _unreadable()
        old_mode, new_mode, old_id, new_id, status = told
        old_path = _path(fields)
        paired = status[0] in "RC"
        yield RawEntry(
            status=status[0],
            old_mode=old_mode[1:],
            new_mode=new_mode,
            old_id=old_id,
            new_id=new_id,
            old_path=old_path,
            new_path=_path(fields) if paired else old_path,
            similarity=int(status[1:]) if paired else None,
        )


def _path(fields: Iterator[bytes]) -> str:
    path = next(fields, b"")
    if not path:
        raise _unreadable()
    return os.fsdecode(path)


def _unreadable() -> GitError:
    return GitError("git diff-tree gave a record that cannot be read", fix="Run git fsck in this repository.")
