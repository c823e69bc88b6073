"""Where the keys of a TOML file stand; the standard library's reader does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Pointer = tuple[str | int, ...]

_BARE_OR_QUOTED = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_BARE_OR_QUOTED}(?:[ \t]*\.[ \t]*{_BARE_OR_QUOTED})*"
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_TABLE = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]\]?[ \t]*(?:#.*)?$")
_PART = re.compile(_BARE_OR_QUOTED)
_TOKEN = re.compile(
    r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]',
)

_DEEP = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_BARE_OR_QUOTED}[ \t]*\.[ \t]*){{64}}")


def has_deep_keys(text: str) -> bool:
    """Whether a text holds what may be a key of more than 64 parts.

    The standard library's reader takes time with the square of their number and more, so such a text is not for it.
    """
    return _DEEP.search(text) is not None


def key_places(text: str) -> Mapping[Pointer, tuple[int, int]]:
    """Tell line and column, from 1, of each table and key that begins a line of a valid TOML text.

    Pointers name keys and, in arrays of tables, positions from 0. Keys of inline tables are not told apart: whoever
    asks for one takes the nearest pointer above it.
    """
    places: dict[Pointer, tuple[int, int]] = {}
    counts: dict[Pointer, int] = {}
    table: Pointer = ()
    for number, line in _lines_at_top(text):
        if header := _TABLE.match(line):
            table = _entered(_parts(header[2]), counts, is_array=header[1] == "[[")
            places.setdefault(table, (number, header.start(1) + 1))
        elif key := _KEY.match(line):
            pointer = (*table, *_parts(key[1]))
            for length in range(len(table) + 1, len(pointer) + 1):
                places.setdefault(pointer[:length], (number, key.start(1) + 1))
    return places


def nearest_place(places: Mapping[Pointer, tuple[int, int]], pointer: Pointer) -> tuple[int | None, int | None]:
    """Tell where a node stands, or else the nearest one above it that has a place."""
    while pointer:
        if pointer in places:
            return places[pointer]
        pointer = pointer[:-1]
    return None, None


def _entered(name: tuple[str, ...], counts: dict[Pointer, int], *, is_array: bool) -> Pointer:
    """The pointer of a table header: each array of tables on the way stands at its latest element."""
    pointer: Pointer = ()
    for part in name[:-1]:
        pointer = (*pointer, part)
        if pointer in counts:
            pointer = (*pointer, counts[pointer])
    pointer = (*pointer, name[-1])
    if not is_array:
        return pointer
    counts[pointer] = counts.get(pointer, -1) + 1
    return (*pointer, counts[pointer])


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _PART.findall(dotted))


def _lines_at_top(text: str) -> Iterator[tuple[int, str]]:
    """The lines that begin outside of any value that spans lines."""
    depth = 0
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not depth and not closing:
            yield number, line
            is_header = _TABLE.match(line) is not None
            if is_header:
                continue
        depth, closing = _state_after(line, depth, closing)


def _state_after(line: str, depth: int, closing: str) -> tuple[int, str]:
    at = 0
    while at < len(line):
        if closing:
            end = _end_of_text(line, at, closing)
            if end < 0:
                return depth, closing
            at, closing = end, ""
            continue
        token = _TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        if token[0] in {'"""', "'''"}:
            closing = token[0]
        elif token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
    return depth, closing


def _end_of_text(line: str, start: int, closing: str) -> int:
    """The position after the closing quotes, or -1."""
    at = start
    while at < len(line):
        if line[at] == "\\" and closing == '"""':
            at += 2
        elif line.startswith(closing, at):
            end = at + len(closing)
            while end < len(line) and line[end] == closing[0] and end < at + 5:
                end += 1
            return end
        else:
            at += 1
    return -1
