"""A measured change: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FileStatus(StrEnum):
    """What happened to a file between base and head."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"
    COPIED = "copied"
    TYPE_CHANGED = "type_changed"


class HeadKind(StrEnum):
    """What the head of a change is."""

    COMMIT = "commit"
    INDEX = "index"
    WORKTREE = "worktree"


@dataclass(frozen=True, slots=True)
class FileEnd:
    """One end of a changed file: what stood, or stands, at ``path``.

    ``mode`` is git's octal text (``100644``, ``100755``, ``120000`` symlink, ``160000`` submodule). ``blob`` is the
    object id (a commit id for a submodule). ``size`` is in bytes, ``None`` for submodules. ``link_target`` is the text
    of a symlink. ``lfs_oid``/``lfs_size`` are what a Git LFS pointer names.
    """

    path: str
    mode: str
    blob: str
    size: int | None = None
    link_target: str | None = None
    lfs_oid: str | None = None
    lfs_size: int | None = None

    @property
    def is_symlink(self) -> bool:
        """Whether git holds a symbolic link here."""
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        """Whether git holds a commit of another repository here."""
        return self.mode == "160000"

    @property
    def is_executable(self) -> bool:
        """Whether the executable bit is set."""
        return self.mode == "100755"


@dataclass(frozen=True, slots=True)
class AddedLine:
    """One line that the head has and the base has not; ``number`` counts from 1 in the head's file."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed file.

    ``old`` is ``None`` for an added file, ``new`` for a deleted one; a rename or a copy has both, at different paths.
    ``added`` and ``deleted`` are lines; both are 0 when ``binary``. ``whitespace_only`` and ``no_op`` (content alike,
    as after a mere rename or mode change) tell edits that say nothing. ``generated`` is gitattributes'
    ``linguist-generated`` at the base. ``unseen_lines`` are further inserted and deleted lines that git does not count:
    of text that it takes for binary, or whose lines end otherwise than by a line feed.
    """

    status: FileStatus
    old: FileEnd | None
    new: FileEnd | None
    added: int = 0
    deleted: int = 0
    binary: bool = False
    generated: bool = False
    whitespace_only: bool = False
    no_op: bool = False
    similarity: int | None = None
    unseen_lines: int = 0

    @property
    def path(self) -> str:
        """The path by which the change is listed: the head's, or the base's when the file is gone."""
        end = self.new or self.old
        if end is None:
            raise ValueError("a file change needs at least one end")
        return end.path

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the change touches: both ends of a rename or a copy, without repetition."""
        ends = [end.path for end in (self.old, self.new) if end is not None]
        return tuple(dict.fromkeys(ends))

    @property
    def lines(self) -> int:
        """Insertions plus deletions."""
        return self.added + self.deleted


@dataclass(frozen=True, slots=True)
class Change:
    """What git says differs between the merge base and the head.

    ``base_commit`` is the merge base that the change is measured from.
    ``head_commit`` is ``None`` for an index or a working tree; ``head_tree`` always names the frozen tree.
    ``authors`` are the author e-mails of the commits between base and head. ``notes`` are short sentences on what was
    odd and how it was handled (shallow clone, sparse checkout, submodules left unopened…).
    """

    base_commit: str
    head_commit: str | None
    head_tree: str
    head_kind: HeadKind
    files: tuple[FileChange, ...]
    authors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""

    @property
    def added(self) -> int:
        """Inserted lines over all files."""
        return sum(file.added for file in self.files)

    @property
    def deleted(self) -> int:
        """Deleted lines over all files."""
        return sum(file.deleted for file in self.files)
