"""How small a change is for what it does: edit size over size, file by file, each method named for what it is.

RL-002. A Python file is compared as a tree (``tree_edit``): moved code is recognised, renaming a variable costs as much
as it is used. Any other file, and a Python file that does not parse or is too large, is compared by lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_agency.change.line_counts import BlobPair, count_lines
from agent_agency.change.measure import blob_pair
from agent_agency.change.model import Change, FileChange, FileEnd
from agent_agency.change.tree_edit import TOO_LARGE, NotComparableError, compare_sources, same_code
from agent_agency.change.tree_match import Allowance
from agent_agency.git import Repository
from agent_agency.git.objects import missing

TREE = "tree"
LINE = "line"
ONLY_COMMENTS = "only comments and blank lines differ"
_PYTHON = (".py", ".pyi")
# A few seconds of one core for a whole change, one for a file.
_WORK_PER_CHANGE = 2_000_000
_WORK_PER_FILE = 1_000_000
_LARGEST_SOURCE = 1 << 20


@dataclass(frozen=True, slots=True)
class FileMinimality:
    """One file's measure.

    ``method`` is ``tree`` (nodes of the syntax tree) or ``line``; ``edit_size`` and ``tree_size`` count in that unit,
    ``tree_size`` being both ends together, and ``ratio`` is the one over the other, from 0 (alike) to 1 (nothing
    kept). ``moved`` is the number of subtrees that stand elsewhere but are otherwise kept; each costs one edit.
    ``no_op``: the content is alike. ``note`` says why a Python file was compared by lines, where it was, or that only
    comments and blank lines of it differ.
    """

    path: str
    method: str
    edit_size: int
    tree_size: int
    ratio: float
    moved: int = 0
    whitespace_only: bool = False
    no_op: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Minimality:
    """The measures of all files that have text at an end, in the order of the change."""

    files: tuple[FileMinimality, ...]


def measure_minimality(repo: Repository, change: Change) -> Minimality:
    """Measure every changed file that is text; binaries, symlinks and submodules have no measure.

    Work on trees is bounded for the whole change by a count of node visits; once that is used up, files are compared by
    lines and say so.

    Raises:
        GitError: when a blob cannot be read.
    """
    files = [file for file in change.files if _is_text(file)]
    allowance = Allowance(_WORK_PER_CHANGE)
    trees = [_by_tree(repo, file, allowance) for file in files]
    without = [file for file, tree in zip(files, trees, strict=True) if not isinstance(tree, FileMinimality)]
    lines = _lines_of_both_ends(repo, without)
    return Minimality(
        tuple(
            tree if isinstance(tree, FileMinimality) else _by_line(file, next(lines), note=tree)
            for file, tree in zip(files, trees, strict=True)
        )
    )


def _by_line(file: FileChange, lines: int, *, note: str) -> FileMinimality:
    return FileMinimality(
        path=file.path,
        method=LINE,
        edit_size=file.lines,
        tree_size=lines,
        ratio=_share(file.lines, lines),
        whitespace_only=file.whitespace_only,
        no_op=file.no_op,
        note=note,
    )


def _by_tree(repo: Repository, file: FileChange, allowance: Allowance) -> FileMinimality | str:
    """The measure by trees; else why there is none, which is nothing to tell of where none was to be expected."""
    if file.no_op or not file.path.endswith(_PYTHON):
        return ""
    try:
        return _compared(repo, file, allowance)
    except NotComparableError as why:
        return f"compared by lines: {why}"


def _compared(repo: Repository, file: FileChange, allowance: Allowance) -> FileMinimality:
    pair = blob_pair(file)
    if allowance.left <= 0:
        raise NotComparableError(TOO_LARGE)
    ends = [end for end in (file.old, file.new) if end is not None]
    if any((end.size or 0) > _LARGEST_SOURCE for end in ends):
        raise NotComparableError("it is too large to be read as a tree")
    old, new = _source(repo, pair.old), _source(repo, pair.new)
    edit = compare_sources(old, new, allowance.part(_WORK_PER_FILE))
    same = not edit.size and old is not None and new is not None and same_code(old, new)
    return FileMinimality(
        path=file.path,
        method=TREE,
        edit_size=edit.size,
        tree_size=edit.old_size + edit.new_size,
        ratio=_share(edit.size, edit.old_size + edit.new_size),
        moved=edit.moved,
        whitespace_only=file.whitespace_only,
        note=ONLY_COMMENTS if same else "",
    )


def _lines_of_both_ends(repo: Repository, files: Sequence[FileChange]) -> Iterator[int]:
    """Old lines plus new lines of each file: the new end is counted, the old one follows."""
    unknown = [file for file in files if file.old is not None and file.new is not None]
    counted = count_lines(repo.view, [BlobPair(None, blob_pair(file).new) for file in unknown])
    new_lines = {file.path: count.added for file, count in zip(unknown, counted, strict=True)}
    for file in files:
        new = new_lines.get(file.path, file.added)
        yield new + max(0, new - file.added + file.deleted) if blob_pair(file).old else new


def _is_text(file: FileChange) -> bool:
    return not file.binary and all(_is_regular(end) for end in (file.old, file.new) if end is not None)


def _is_regular(end: FileEnd) -> bool:
    return not end.is_symlink and not end.is_submodule


def _source(repo: Repository, blob: str | None) -> bytes | None:
    if blob is None:
        return None
    answer = repo.objects.read(blob)
    if answer is None:
        raise missing(blob)
    return answer[1]


def _share(part: int, whole: int) -> float:
    return min(1.0, part / whole) if whole else 0.0
