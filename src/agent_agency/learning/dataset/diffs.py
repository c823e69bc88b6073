"""The canonical unified diff of two states of a program, and its lines counted."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

Files = Mapping[str, str]
"""The text of each file, by path."""


def unified_diff(before: Files, after: Files) -> str:
    """The change as git shows it, with three lines of context; files in the order of their paths."""
    parts = []
    for path in changed_paths(before, after):
        old, new = before.get(path), after.get(path)
        parts.append(f"diff --git a/{path} b/{path}\n")
        names = (f"a/{path}" if old is not None else "/dev/null", f"b/{path}" if new is not None else "/dev/null")
        lines = difflib.unified_diff(_lines(old), _lines(new), *names)
        parts += [line if line.endswith("\n") else f"{line}\n" for line in lines]
    return "".join(parts)


def changed_paths(before: Files, after: Files) -> tuple[str, ...]:
    """Paths whose text differs or that stand at one end alone, sorted."""
    return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))


def changed_lines(before: str | None, after: str | None) -> tuple[int, int]:
    """Added and deleted lines between two texts."""
    lines = list(difflib.unified_diff(_lines(before), _lines(after), n=0))[2:]
    return sum(line[0] == "+" for line in lines), sum(line[0] == "-" for line in lines)


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.splitlines(keepends=True)
