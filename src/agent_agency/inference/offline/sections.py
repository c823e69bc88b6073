"""The named parts of a prompt: between fence lines, or under field headings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FENCED = re.compile(
    r"^<<(?P<name>\w+) (?P<fence>\w+)>>\n(?P<text>.*?)\n?^<<end (?P=name) (?P=fence)>>$", re.DOTALL | re.MULTILINE
)
_HEADED = re.compile(r"^\[\[ ## (?P<name>\w+) ## \]\]\s*$", re.MULTILINE)
_HUNK = re.compile(r"@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@(?P<where>.*)")
WHOLE = "text"
"""The name of a message that has no named parts."""


@dataclass(frozen=True, slots=True)
class DiffParts:
    """A section that is a unified diff, taken apart by what its lines do; paths as they are named."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    context: tuple[str, ...]
    paths: tuple[str, ...]
    by_path: tuple[tuple[str, int, int], ...]
    """For each file its path and how many lines are added and removed."""


def sections(text: str) -> Mapping[str, str]:
    """The parts of a message by name; equal names are joined. Without any, the whole message is one part."""
    found: dict[str, str] = {}
    for part in _FENCED.finditer(text):
        name = part["name"]
        found[name] = f"{found[name]}\n{part['text']}" if name in found else part["text"]
    return found or headed(text) or {WHOLE: text}


def headed(text: str) -> dict[str, str]:
    """The parts under headings ``[[ ## name ## ]]``."""
    heads = list(_HEADED.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)] * bool(heads)
    return {head["name"]: text[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)}


def diff_parts(text: str) -> DiffParts | None:
    """Take a diff apart; ``None`` for a text that is none."""
    if "\n@@ " not in text and not text.startswith("@@ "):
        return None
    reader = _DiffReader()
    for line in text.split("\n"):
        reader.take(line)
    return reader.parts()


class _DiffReader:
    """Takes the lines of a diff; a line is content only where a hunk's header announced it."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {"+": [], "-": [], " ": []}
        self._files: list[list[int]] = []
        self._paths: list[str] = []
        self._left = [0, 0]

    def take(self, line: str) -> None:
        sign = line[:1] or " "
        if self._left[0] > 0 or self._left[1] > 0:
            self._content(sign if sign in "+-" else " ", line[1:])
        elif hunk := _HUNK.match(line):
            self._left = [int(hunk["old"] or 1), int(hunk["new"] or 1)]
            self._lines[" "].append(hunk["where"].strip())
        elif line.startswith(("--- ", "+++ ")):
            self._end(line)

    def parts(self) -> DiffParts:
        by_path = tuple((path, plus, minus) for path, (plus, minus) in zip(self._paths, self._files, strict=True))
        added, removed, context = (tuple(self._lines[sign]) for sign in "+- ")
        return DiffParts(added, removed, context, tuple(self._paths), by_path)

    def _content(self, sign: str, text: str) -> None:
        self._lines[sign].append(text)
        self._left[0] -= sign != "+"
        self._left[1] -= sign != "-"
        if sign != " " and self._files:
            self._files[-1][sign == "-"] += 1

    def _end(self, line: str) -> None:
        path = line[4:].split("\t", 1)[0]
        bare = path[2:] if path[:2] in {"a/", "b/"} else path
        if line.startswith("--- "):
            self._paths.append(bare)
            self._files.append([0, 0])
        elif self._paths and bare != "/dev/null":
            self._paths[-1] = bare
