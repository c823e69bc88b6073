"""Code blocks of a Markdown page, and what the documentation's conventions make of them.

A console block holds commands (``$ ``, continued by ``> ``) and what they print. In shown output ``…`` stands for
anything: alone on a line for any number of lines, inside a line for any text. A block with ``title="PATH"`` is a file
that the reader is asked to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_TITLE = re.compile(r'title="([^"]+)"')
WILDCARD = "…"


@dataclass(frozen=True)
class Block:
    """One fenced block: where it opens, its language, its attributes, its text without the indentation."""

    page: Path
    line: int
    language: str
    attributes: str
    text: str

    @property
    def title(self) -> str | None:
        found = _TITLE.search(self.attributes)
        return found[1] if found else None


@dataclass(frozen=True)
class Step:
    """One command of a console block; ``expected`` is ``None`` where no output is shown."""

    line: int
    command: str
    expected: str | None


def read_blocks(page: Path, text: str | None = None) -> list[Block]:
    blocks: list[Block] = []
    opened: tuple[int, re.Match[str]] | None = None
    body: list[str] = []
    for number, line in enumerate((page.read_text("utf-8") if text is None else text).splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence:
                opened, body = (number, fence), []
        elif fence and fence["mark"].startswith(opened[1]["mark"]) and not fence["info"].strip():
            blocks.append(_block(page, opened[0], opened[1], body))
            opened = None
        else:
            body.append(line)
    if opened is not None:
        raise AssertionError(f"{page}:{opened[0]}: this block is never closed")
    return blocks


def _block(page: Path, line: int, fence: re.Match[str], body: list[str]) -> Block:
    language, _, attributes = fence["info"].strip().partition(" ")
    indent = len(fence["indent"])
    return Block(page, line, language, attributes, "".join(row[indent:] + "\n" for row in body))


def read_steps(block: Block) -> list[Step]:
    steps: list[tuple[int, list[str], list[str]]] = []
    for offset, row in enumerate(block.text.splitlines(), 1):
        if row.startswith("$ "):
            steps.append((block.line + offset, [row[2:]], []))
        elif not steps:
            raise AssertionError(f"{block.page}:{block.line + offset}: output before the first command")
        elif row.startswith("> ") and not steps[-1][2]:
            steps[-1][1].append(row[2:])
        else:
            steps[-1][2].append(row)
    if not steps:
        raise AssertionError(f"{block.page}:{block.line}: a console block without a command")
    return [Step(line, "\n".join(command), "\n".join(output) if output else None) for line, command, output in steps]


def output_matches(expected: str, actual: str) -> bool:
    """Whether the shown output stands for the real one; white space at line ends and outer blank lines do not count."""
    rows = [_row_pattern(row) for row in _tidy(expected)]
    return re.fullmatch("".join(rows), "".join(f"{row}\n" for row in _tidy(actual))) is not None


def _row_pattern(row: str) -> str:
    if row.strip() == WILDCARD:
        return r"(?:[^\n]*\n)*?"
    return r"[^\n]*?".join(re.escape(part) for part in row.split(WILDCARD)) + "\n"


def _tidy(text: str) -> list[str]:
    return [row.rstrip() for row in text.strip("\n").split("\n")]
