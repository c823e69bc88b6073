"""Measure a change: what git says differs between a base and a head, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent_agency.change.attributes import generated_paths
from agent_agency.change.ends import read_ends
from agent_agency.change.identity import change_digest
from agent_agency.change.line_counts import BlobPair, LineCount, count_lines, paired_trees, whitespace_only
from agent_agency.change.model import Change, FileChange, FileEnd, FileStatus, HeadKind
from agent_agency.change.raw_diff import RawEntry, raw_diff
from agent_agency.change.unseen_lines import unseen_lines
from agent_agency.errors import UnknownRevisionError
from agent_agency.facts import display_path
from agent_agency.git import Repository

_MOST_NOTES = 20
_STATUSES = {
    "A": FileStatus.ADDED,
    "D": FileStatus.DELETED,
    "M": FileStatus.MODIFIED,
    "R": FileStatus.RENAMED,
    "C": FileStatus.COPIED,
    "T": FileStatus.TYPE_CHANGED,
}


@dataclass(frozen=True, slots=True)
class Head:
    """What is measured against the base: a commit, or the index or the working tree frozen as ``tree``.

    ``tree`` is ``None`` until it is known; ``measure`` then reads or freezes it.
    """

    kind: HeadKind
    commit_id: str | None = None
    tree: str | None = None

    @classmethod
    def commit(cls, commit_id: str) -> Head:
        """A commit, by its full id."""
        return cls(HeadKind.COMMIT, commit_id)

    @classmethod
    def index(cls, tree: str | None = None) -> Head:
        """The index: what a commit would hold now."""
        return cls(HeadKind.INDEX, None, tree)

    @classmethod
    def worktree(cls, tree: str | None = None) -> Head:
        """The working tree, untracked files included."""
        return cls(HeadKind.WORKTREE, None, tree)


def measure(repo: Repository, base_commit: str, head: Head, *, law_commit: str | None = None) -> Change:
    """Measure what differs between ``base_commit`` (a commit, or ``repo.empty_tree`` for a first commit) and ``head``.

    What is generated follows from the attributes at ``law_commit``, which is ``base_commit`` where it is not given: the
    change is measured from an older commit, whose marks may have been taken back since.

    Raises:
        GitError: when anything that must be read cannot be read; nothing is ever left out silently.
    """
    tree, notes = _head_tree(repo, head)
    diff = raw_diff(repo.view, f"{base_commit}^{{tree}}", tree)
    files = _files(repo, law_commit or base_commit, diff.entries)
    return Change(
        base_commit=base_commit,
        head_commit=head.commit_id,
        head_tree=tree,
        head_kind=head.kind,
        files=files,
        authors=_authors(repo, base_commit, head),
        notes=(*_history_notes(repo), *notes, *diff.notes, *_unseen_notes(files)),
        digest=change_digest(files),
    )


def blob_pair(file: FileChange) -> BlobPair:
    """The contents that the lines of a changed file are counted between.

    A copy takes nothing away from its source, so all of its lines are insertions, as they are for an added file.
    """
    old = file.old if file.status is not FileStatus.COPIED else None
    return BlobPair(_countable(old), _countable(file.new))


def _head_tree(repo: Repository, head: Head) -> tuple[str, tuple[str, ...]]:
    if head.tree is not None:
        return head.tree, ()
    if head.kind is HeadKind.COMMIT:
        tree = repo.view.git(["rev-parse", "--verify", "--end-of-options", f"{head.commit_id}^{{tree}}"])
        return tree.decode("ascii").strip(), ()
    frozen = repo.frozen_index() if head.kind is HeadKind.INDEX else repo.frozen_worktree()
    return frozen.tree, frozen.notes


def _files(repo: Repository, law: str, entries: Sequence[RawEntry]) -> tuple[FileChange, ...]:
    ends = read_ends(repo.view, entries)
    generated = generated_paths(repo, law, sorted({path for e in entries for path in (e.old_path, e.new_path)}))
    bare = [
        FileChange(
            status=_STATUSES[entry.status],
            old=old,
            new=new,
            generated={entry.old_path, entry.new_path} <= generated,
            no_op=entry.old_id == entry.new_id and entry.status != "C",
            similarity=entry.similarity,
        )
        for entry, (old, new) in zip(entries, ends, strict=True)
    ]
    return _counted(repo, bare)


def _counted(repo: Repository, files: Sequence[FileChange]) -> tuple[FileChange, ...]:
    pairs = [blob_pair(file) for file in files]
    trees = paired_trees(repo.view, pairs)
    counts = count_lines(repo.view, pairs, trees)
    nothing = BlobPair(None, None)
    texts = [pair if count.added or count.deleted else nothing for pair, count in zip(pairs, counts, strict=True)]
    blank = whitespace_only(repo.view, texts)
    unseen = unseen_lines(repo.view, pairs, trees, counts)
    measures = zip(files, counts, blank, unseen, strict=True)
    return tuple(
        replace(_with_lines(file, count), whitespace_only=only, unseen_lines=more)
        for file, count, only, more in measures
    )


def _with_lines(file: FileChange, count: LineCount) -> FileChange:
    """Take over the count; a submodule counts as the one line that git shows for it."""
    added = count.added + bool(file.new and file.new.is_submodule and not file.no_op)
    deleted = count.deleted + bool(file.old and file.old.is_submodule and not file.no_op)
    return replace(file, added=added, deleted=deleted, binary=count.binary)


def _countable(end: FileEnd | None) -> str | None:
    return None if end is None or end.is_submodule else end.blob


def _authors(repo: Repository, base: str, head: Head) -> tuple[str, ...]:
    """Who wrote the change: the authors of its commits; for uncommitted work also who commits here."""
    if head.commit_id is not None:
        return repo.author_emails(base, head.commit_id)
    try:
        committed = repo.author_emails(base, repo.resolve("HEAD"))
    except UnknownRevisionError:
        committed = ()
    return tuple(sorted({*committed, *filter(None, [repo.configured_email()])}))


def _unseen_notes(files: Sequence[FileChange]) -> list[str]:
    hiding = [file for file in files if file.unseen_lines]
    notes = [
        f"{display_path(file.path)}: {file.unseen_lines:,} line(s) that git does not count are counted in the budget:"
        " it is text with NUL bytes, or with other ends of lines than line feeds"
        for file in hiding[:_MOST_NOTES]
    ]
    if left := len(hiding) - _MOST_NOTES:
        notes += [f"{left:,} more file(s) hold lines that git does not count"] if left > 0 else []
    return notes


def _history_notes(repo: Repository) -> list[str]:
    return ["the clone is shallow: its history is cut off"] if repo.is_shallow else []
