"""Where a character of a TOML string stands in the file, through escapes and lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_HEX = {"x": 2, "u": 4, "U": 8}
_LINE_END = re.compile(r"\\[ \t]*\n\s*")


def places_in_text(source: str, key_line: int, key_column: int, value: str) -> list[tuple[int, int]] | None:
    """Tell line and column, from 1, of each character of a string value, and of the place after its last one.

    Args:
        source: the file's text.
        key_line: where the key of the value stands.
        key_column: likewise.
        value: the value as it was read.

    Returns:
        One place for each character, and one for the end; None where the value cannot be found behind that key.
    """
    text = source.replace("\r\n", "\n")
    start = _offset(text, key_line, key_column)
    opening = re.compile(r"""[^\n=]*=[ \t]*("{3}|'{3}|"|')""").match(text, start)
    if opening is None:
        return None
    at, quote = opening.end(), opening[1]
    if len(quote) == 3 and text.startswith("\n", at):  # noqa: PLR2004 - the first line end of a multi-line string is no part of it
        at += 1
    offsets, decoded = [], []
    for offset, char in _characters(text, at, quote):
        offsets.append(offset)
        decoded.append(char)
    if "".join(decoded[:-1]) != value:
        return None
    return _places(text, offsets)


def _offset(text: str, line: int, column: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at + column - 1


def _characters(text: str, at: int, quote: str) -> Iterator[tuple[int, str]]:
    """The offset of each character and what it means; the last one is the closing quote."""
    escapes = quote[0] == '"'
    while at < len(text):
        if text.startswith(quote, at) and not text.startswith(quote[0], at + len(quote)):
            yield at, quote
            return
        if escapes and text[at] == "\\":
            folded = _LINE_END.match(text, at)
            if folded:
                at = folded.end()
                continue
            char, length = _escape(text, at)
            yield at, char
            at += length
        else:
            yield at, text[at]
            at += 1
    yield at, ""


def _escape(text: str, at: int) -> tuple[str, int]:
    kind = text[at + 1 : at + 2]
    digits = _HEX.get(kind)
    if digits is None:
        return _SHORT.get(kind, kind), 2
    try:
        return chr(int(text[at + 2 : at + 2 + digits], 16)), 2 + digits
    except (ValueError, OverflowError):
        return "", 2


def _places(text: str, offsets: list[int]) -> list[tuple[int, int]]:
    places = []
    line, begin, seen = 1, 0, 0
    for offset in offsets:
        newlines = text.count("\n", seen, offset)
        if newlines:
            line += newlines
            begin = text.rindex("\n", seen, offset) + 1
        seen = offset
        places.append((line, offset - begin + 1))
    return places
