"""The lines that a change adds, with their numbers in the head's file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from agent_agency.change.line_counts import DIFF_OPTIONS, BlobPair, paired_trees
from agent_agency.change.measure import blob_pair
from agent_agency.change.model import AddedLine, Change, FileChange
from agent_agency.errors import GitError
from agent_agency.git import Repository
from agent_agency.git.batches import batches
from agent_agency.git.view import ObjectView

_HUNK = re.compile(rb"@@ -\d+(?:,(?P<old>\d+))? \+(?P<start>\d+)(?:,(?P<new>\d+))? @@")
_HEADER = re.compile(rb"diff --git a/(?P<number>\d{8}) b/\d{8}\Z")
_LINES_AT_ONCE = 50_000
_FILES_AT_ONCE = 1_000


def added_lines(repo: Repository, change: Change) -> Mapping[str, tuple[AddedLine, ...]]:
    """The added lines of every file that the head holds, by its path there; read from git as they are asked for.

    A binary file, a symlink and a submodule have none. Text that is no UTF-8 has replacement characters. The lines of
    a few neighbouring files are held at a time, so go through the files in the order of the change.

    Raises:
        GitError: on reading, when a blob is missing or git's answer cannot be read.
    """
    return AddedLines(repo.view, change)


class AddedLines(Mapping[str, tuple[AddedLine, ...]]):
    """Added lines by head path, in the order of the change; holds one group of files at a time."""

    def __init__(self, view: ObjectView, change: Change) -> None:
        self._view = view
        files = [file for file in change.files if file.new is not None]
        self._groups = list(
            batches(
                filter(_has_lines, files),
                lambda file: file.lines,
                most_size=_LINES_AT_ONCE,
                most_items=_FILES_AT_ONCE,
            )
        )
        self._group_of: dict[str, int | None] = {file.path: None for file in files}
        for number, group in enumerate(self._groups):
            self._group_of.update((file.path, number) for file in group)
        self._held: tuple[int, dict[str, tuple[AddedLine, ...]]] | None = None

    def __getitem__(self, path: str) -> tuple[AddedLine, ...]:
        number = self._group_of[path]
        if number is None:
            return ()
        if self._held is None or self._held[0] != number:
            self._held = None
            self._held = (number, _read(self._view, self._groups[number]))
        return self._held[1][path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group_of)

    def __len__(self) -> int:
        return len(self._group_of)


def parse_patch(output: bytes) -> Iterator[tuple[int, tuple[AddedLine, ...]]]:
    """Read ``diff-tree -p --unified=0`` over paired trees: the number of each pair and its added lines.

    A line counts as content only where a hunk header announced it, so no content can pass for a header.

    Raises:
        GitError: for anything that does not have the documented form.
    """
    number: int | None = None
    found: list[AddedLine] = []
    at = 0
    while at < len(output):
        line, at = _line(output, at)
        if header := _HEADER.match(line):
            if number is not None:
                yield number, tuple(found)
            number, found = int(header["number"]), []
        elif hunk := _HUNK.match(line):
            at = _hunk(output, at, hunk, found)
    if number is not None:
        yield number, tuple(found)


def _hunk(output: bytes, at: int, hunk: re.Match[bytes], found: list[AddedLine]) -> int:
    left = {b"-": int(hunk["old"] or 1), b"+": int(hunk["new"] or 1)}
    row = int(hunk["start"])
    while left[b"-"] or left[b"+"]:
        sign = output[at : at + 1]
        line, at = _line(output, at)
        if sign == b"\\":
            continue
        if not left.get(sign):
            raise GitError("git diff-tree gave a hunk that cannot be read", fix="Run git fsck in this repository.")
        left[sign] -= 1
        if sign == b"+":
            found.append(AddedLine(row, line[1:].removesuffix(b"\r").decode("utf-8", "replace")))
            row += 1
    return at


def _line(output: bytes, at: int) -> tuple[bytes, int]:
    end = output.find(b"\n", at)
    end = len(output) if end < 0 else end
    return output[at:end], end + 1


def _read(view: ObjectView, group: Sequence[FileChange]) -> dict[str, tuple[AddedLine, ...]]:
    pairs: list[BlobPair] = [blob_pair(file) for file in group]
    old, new = paired_trees(view, pairs)
    output = view.git(["diff-tree", "-r", "-p", "--unified=0", "--inter-hunk-context=0", *DIFF_OPTIONS, old, new])
    lines = dict(parse_patch(output))
    return {file.path: lines.get(number, ()) for number, file in enumerate(group)}


def _has_lines(file: FileChange) -> bool:
    special = file.new is None or file.new.is_symlink or file.new.is_submodule
    return not special and not file.binary and file.added > 0
