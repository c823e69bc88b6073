"""The change as one unified diff, for whoever reads it as text: people and judges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent_agency.change.line_counts import DIFF_OPTIONS, paired_trees
from agent_agency.change.measure import blob_pair
from agent_agency.change.model import Change, FileChange, FileEnd
from agent_agency.errors import GitError
from agent_agency.facts import display_path
from agent_agency.git.view import ObjectView

CONTEXT_LINES = 3
_HUNK = re.compile(rb"@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@")
_HEADER = re.compile(rb"diff --git a/(?P<number>\d{8}) b/\d{8}\Z")


def diff_text(view: ObjectView, change: Change) -> str:
    """A unified diff with three lines of context, files in the order of the change.

    No attribute of a path hides lines, as the contents are compared under neutral names. A binary file, a symlink and a
    submodule are told by one line. Text that is no UTF-8 has replacement characters.

    Raises:
        GitError: when a blob is missing, or git's answer cannot be read.
    """
    shown = [file for file in change.files if _is_text(file)]
    bodies = dict(zip((file.path for file in shown), _bodies(view, shown), strict=True))
    return "".join(_file(file, bodies.get(file.path)) for file in change.files)


def _is_text(file: FileChange) -> bool:
    ends = [end for end in (file.old, file.new) if end is not None]
    return not file.binary and not any(end.is_symlink or end.is_submodule for end in ends)


def _file(file: FileChange, body: str | None) -> str:
    old, new = (display_path(end.path) if end else None for end in (file.old, file.new))
    lines = [f"diff --git a/{old or new} b/{new or old}", *_modes(file.old, file.new)]
    if old and new and old != new:
        lines += [f"rename from {old}", f"rename to {new}"]
    before, after = f"a/{old}" if old else "/dev/null", f"b/{new}" if new else "/dev/null"
    if body is None:
        lines.append(f"Binary files {before} and {after} differ")
    elif body:
        lines += [f"--- {before}", f"+++ {after}"]
    return "\n".join(lines) + "\n" + (body or "")


def _modes(old: FileEnd | None, new: FileEnd | None) -> list[str]:
    if old is None:
        return [f"new file mode {new.mode}"] if new else []
    if new is None:
        return [f"deleted file mode {old.mode}"]
    return [f"old mode {old.mode}", f"new mode {new.mode}"] if old.mode != new.mode else []


def _bodies(view: ObjectView, files: Sequence[FileChange]) -> list[str]:
    if not files:
        return []
    old, new = paired_trees(view, [blob_pair(file) for file in files])
    output = view.git(["diff-tree", "-r", "-p", f"--unified={CONTEXT_LINES}", "--text", *DIFF_OPTIONS, old, new])
    found = dict(_hunks_by_number(output))
    return [found.get(number, "") for number in range(len(files))]


def _hunks_by_number(output: bytes) -> Iterator[tuple[int, str]]:
    number, kept, at = -1, bytearray(), 0
    while at < len(output):
        end = _end_of_line(output, at)
        line = output[at:end].removesuffix(b"\n")
        if header := _HEADER.match(line):
            if number >= 0:
                yield number, kept.decode("utf-8", "replace")
            number, kept = int(header["number"]), bytearray()
        elif hunk := _HUNK.match(line):
            end = _end_of_hunk(output, end, hunk)
            kept += hunk[0] + b"\n" + output[_end_of_line(output, at) : end]
        at = end
    if number >= 0:
        yield number, kept.decode("utf-8", "replace")


def _end_of_hunk(output: bytes, at: int, hunk: re.Match[bytes]) -> int:
    old, new = int(hunk["old"] or 1), int(hunk["new"] or 1)
    while old or new or output[at : at + 1] == b"\\":
        sign = output[at : at + 1]
        if sign not in {b" ", b"-", b"+", b"\\"} or old < 0 or new < 0:
            raise GitError("git diff-tree gave a hunk that cannot be read", fix="Run git fsck in this repository.")
        old -= sign in {b" ", b"-"}
        new -= sign in {b" ", b"+"}
        at = _end_of_line(output, at)
    return at


def _end_of_line(output: bytes, at: int) -> int:
    end = output.find(b"\n", at)
    return len(output) if end < 0 else end + 1
