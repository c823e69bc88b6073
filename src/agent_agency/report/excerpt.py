"""One line of a source file with a caret under the place of a finding."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_TAB = "    "
_CUT = "..."


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A source line fit for a terminal and the line with the caret to print right below it."""

    source: str
    caret: str


def split_lines(source: bytes) -> list[str]:
    """The lines of a document as YAML counts them; bytes that are no UTF-8 show as a replacement character."""
    return _LINE_BREAK.split(source.decode("utf-8", "replace").removeprefix("\ufeff"))


def excerpt(lines: list[str], line: int | None, column: int | None, *, width: int) -> Excerpt | None:
    """Show a place, at most ``width`` columns wide.

    Args:
        lines: the document, as ``split_lines`` gives it.
        line: counted from 1; without one, or beyond the document, there is nothing to show.
        column: counted from 1 in characters; without one the caret stands under the first word.
        width: in terminal columns, at least 20.
    """
    if line is None or not 1 <= line <= len(lines) or not lines[line - 1].strip():
        return None
    text = lines[line - 1].rstrip()
    at = len(text) - len(text.lstrip()) if column is None else min(max(column - 1, 0), len(text))
    start = _first_shown(text, at, width)
    before = (_CUT if start else "") + _printable(text[start:at])
    whole = before + _printable(text[at:])
    return Excerpt(_fitted(whole, width), " " * _columns(before) + "^")


def _first_shown(text: str, at: int, width: int) -> int:
    """Where to cut a long line so that the place and some of what leads to it stay in view."""
    if _columns(_printable(text[: at + 1])) <= width - len(_CUT):
        return 0
    start, room = at, width // 2
    while start > 0 and room > 0:
        start -= 1
        room -= _columns(_printable(text[start]))
    return start


def _fitted(text: str, width: int) -> str:
    if _columns(text) <= width:
        return text
    kept, room = [], width - len(_CUT)
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept) + _CUT


def _printable(text: str) -> str:
    return "".join(
        _TAB if char == "\t" else char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_char_columns(char) for char in text)


def _char_columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
