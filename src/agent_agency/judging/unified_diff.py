"""A unified diff: the files that it names and their lines, and the one form in which judges see it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HUNK = re.compile(r"@@ -(?P<at>\d+)(?:,(?P<old>\d+))? \+(?P<to>\d+)(?:,(?P<new>\d+))? @@")
_GIT_HEADER = re.compile(r'diff --git (?:"?a/(?P<old>.*?)"?) (?:"?b/(?P<new>.*?)"?)$')
_DROPPED = ("index ", "similarity index", "dissimilarity index", "copy from", "copy to", "\\")
NO_FILE = "/dev/null"


@dataclass(frozen=True, slots=True)
class DiffFile:
    """One file of a diff; a path is empty where that end has no file."""

    old: str
    new: str
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path by which people name it."""
        return self.new or self.old


@dataclass(frozen=True, slots=True)
class UnifiedDiff:
    """A diff as it was read: its files, its canonical text, and how many lines before it were no diff."""

    files: tuple[DiffFile, ...]
    text: str
    preamble_lines: int

    @property
    def lines(self) -> int:
        """Added plus removed lines."""
        return sum(len(file.added) + len(file.removed) for file in self.files)


def read_diff(text: str) -> UnifiedDiff:
    """Read a diff as git and ``diff -u`` write it.

    A line is content only where a hunk header announced it, so no content passes for a header. The canonical text has
    no object ids, no time stamps, and nothing that stood before the first file, such as a commit message; it is a diff
    again, and reading it changes nothing.
    """
    reader = _Reader()
    for line in text.split("\n"):
        reader.take(line)
    return reader.result()


class _Draft:
    """One file while it is read; ``ended`` once its two ends were named."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new
        self.ended = False
        self.body: list[str] = []
        self.added: list[str] = []
        self.removed: list[str] = []

    def lines(self) -> list[str]:
        ends = (
            f"--- a/{self.old}" if self.old else f"--- {NO_FILE}",
            f"+++ b/{self.new}" if self.new else f"+++ {NO_FILE}",
        )
        return [*ends, *self.body]


class _Reader:
    """Takes the lines of a diff one by one."""

    def __init__(self) -> None:
        self._files: list[_Draft] = []
        self._before = 0
        self._left = {"-": 0, "+": 0}

    def take(self, line: str) -> None:
        if self._left["-"] > 0 or self._left["+"] > 0:
            self._content(line)
        elif header := _GIT_HEADER.match(line):
            self._files.append(_Draft(header["old"], header["new"]))
        elif line.startswith("--- "):
            self._old_end(_path(line))
        elif line.startswith("+++ ") and self._files:
            self._files[-1].new = _path(line)
            self._files[-1].ended = True
        elif (hunk := _HUNK.match(line)) and self._files:
            self._left = {"-": int(hunk["old"] or 1), "+": int(hunk["new"] or 1)}
            self._files[-1].body.append(line)
        else:
            self._other(line)

    def result(self) -> UnifiedDiff:
        files = tuple(DiffFile(one.old, one.new, tuple(one.added), tuple(one.removed)) for one in self._files)
        text = "\n".join(line for one in self._files for line in one.lines())
        return UnifiedDiff(files, text, self._before)

    def _old_end(self, path: str) -> None:
        if not self._files or self._files[-1].ended:
            self._files.append(_Draft(path, path))
        self._files[-1].old = path

    def _content(self, line: str) -> None:
        draft, sign = self._files[-1], line[:1] or " "
        if sign == "\\":
            return
        draft.body.append(line)
        self._left["+"] -= sign != "-"
        self._left["-"] -= sign != "+"
        if sign == "+":
            draft.added.append(line[1:])
        elif sign == "-":
            draft.removed.append(line[1:])

    def _other(self, line: str) -> None:
        if not self._files:
            self._before += bool(line.strip())
            return
        draft = self._files[-1]
        if line.startswith("new file mode"):
            draft.old = ""
        elif line.startswith("deleted file mode"):
            draft.new = ""
        if line.strip() and not line.startswith(_DROPPED):
            draft.body.append(line)


def _path(line: str) -> str:
    name = line[4:].split("\t", 1)[0].strip().strip('"')
    if name == NO_FILE:
        return ""
    return name[2:] if name[:2] in {"a/", "b/"} else name
