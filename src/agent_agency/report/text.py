"""Text from changes, specs and tools made fit for output: nothing in it can move a cursor or forge a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.facts import display_path

_SURROGATE_ESCAPES = range(0xDC80, 0xDD00)
_SURROGATES = range(0xD800, 0xE000)


def clean(text: str) -> str:
    r"""One line of printable text: white space becomes a space, any other unprintable character is spelt out.

    Control characters, bidirectional overrides and zero-width characters appear as ``\x1b`` or ``\u202e``, bytes that
    are no UTF-8 as git writes them (``\377``).
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelt_out(char) for char in text)


def clean_lines(text: str) -> list[str]:
    """The same for text that may have several lines, such as a remedy with commands; blank lines at the ends go."""
    return [clean(line) for line in text.strip("\r\n").replace("\r\n", "\n").split("\n")]


def no_command(line: str) -> str:
    """A line of plain output that no CI runner takes for an order.

    GitHub's runner obeys lines that start with ``::`` and ``##[`` anywhere, Azure's ``##vso[``; text that was wrapped
    may come to stand there. The line keeps its width where it is indented.
    """
    text = line.replace("##[", "#~[").replace("##vso[", "#~vso[")
    bare = text.lstrip()
    if not bare.startswith("::"):
        return text
    return f"{text[: -len(bare)][:-1]}|{bare}"


def sentences(*parts: str) -> str:
    """Parts that are one sentence each, as running text with exactly one full stop between them."""
    told = [part if part.endswith((".", "!", "?", ":")) else f"{part}." for part in parts if part]
    return " ".join(told)


def shown_path(path: str | None) -> str | None:
    """A path fit for any output, or ``None``."""
    return None if path is None else display_path(path)


def without_surrogates(text: str) -> str:
    r"""Text that UTF-8 can hold: lone surrogates are spelt out (``\377`` for a raw byte), everything else stays."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_spelt_out(char) if ord(char) in _SURROGATES else char for char in text)
    return text


def json_ready(value: Any) -> Any:
    """Plain JSON data that strict readers accept: no lone surrogates, no tuples, no NaN, no foreign types."""
    if isinstance(value, str):
        return without_surrogates(str(value))
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Mapping):
        return {without_surrogates(str(key)): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
        return [json_ready(item) for item in items]
    return without_surrogates(str(value))


def _spelt_out(char: str) -> str:
    if char.isspace():
        return " "
    if ord(char) in _SURROGATE_ESCAPES:
        return f"\\{ord(char) - 0xDC00:03o}"
    return char.encode("unicode_escape").decode("ascii")
