"""Count inserted and deleted lines between pairs of blobs, whatever the repository's attributes say of their paths.

The pairs are laid under neutral names into two temporary trees that hold nothing else, and git compares these. So no
attribute (``-diff``, ``binary``, a diff driver) can hide lines, and what is binary follows from the content alone: a
NUL byte in the first 8,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent_agency.errors import GitError
from agent_agency.git.view import ObjectView

DIFF_OPTIONS = ("--no-renames", "--no-ext-diff", "--no-textconv", "--diff-algorithm=myers", "--no-indent-heuristic")

Trees = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BlobPair:
    """The content before and after; ``None`` where there is none."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class LineCount:
    """Inserted and deleted lines; both 0 when git holds the content for binary."""

    added: int = 0
    deleted: int = 0
    binary: bool = False


def count_lines(view: ObjectView, pairs: Sequence[BlobPair], trees: Trees | None = None) -> tuple[LineCount, ...]:
    """Count each pair, in order; ``trees`` are their ``paired_trees``, where they are made already.

    Raises:
        GitError: when a blob is missing, or git's answer cannot be read.
    """
    counted = _numstat(view, trees or paired_trees(view, pairs), ()) if pairs else {}
    return tuple(counted.get(number, LineCount()) for number in range(len(pairs)))


def whitespace_only(view: ObjectView, pairs: Sequence[BlobPair]) -> tuple[bool, ...]:
    """Whether each pair differs in white space and blank lines alone.

    Raises:
        GitError: when a blob is missing, or git's answer cannot be read.
    """
    both = {number: pair for number, pair in enumerate(pairs) if pair.old and pair.new and pair.old != pair.new}
    order = list(both)
    ignoring = ("--ignore-all-space", "--ignore-blank-lines")
    counted = _numstat(view, paired_trees(view, list(both.values())), ignoring) if both else {}
    telling = {order[at] for at, count in counted.items() if count.binary or count.added or count.deleted}
    return tuple(number in both and number not in telling for number in range(len(pairs)))


def paired_trees(view: ObjectView, pairs: Sequence[BlobPair]) -> Trees:
    """Two temporary trees in which entry ``%08d`` is the old and the new content of the pair of that number."""
    return _tree(view, [pair.old for pair in pairs]), _tree(view, [pair.new for pair in pairs])


def _tree(view: ObjectView, blobs: Sequence[str | None]) -> str:
    rows = "".join(f"100644 blob {blob}\t{number:08d}\0" for number, blob in enumerate(blobs) if blob)
    return view.git(["mktree", "-z", "--missing"], stdin=rows.encode("ascii")).decode("ascii").strip()


def _numstat(view: ObjectView, trees: Trees, options: Sequence[str]) -> Mapping[int, LineCount]:
    output = view.git(["diff-tree", "-r", "-z", "--numstat", *DIFF_OPTIONS, *options, *trees])
    counted = {}
    for record in output.split(b"\0")[:-1]:
        fields = record.decode("ascii", "replace").split("\t")
        if len(fields) != 3:  # noqa: PLR2004 - added, deleted, name
            raise GitError("git diff-tree gave counts that cannot be read", fix="Run git fsck in this repository.")
        added, deleted, number = fields
        binary = added == "-"
        counted[int(number)] = LineCount(0 if binary else int(added), 0 if binary else int(deleted), binary)
    return counted
