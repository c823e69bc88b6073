"""Writes plain data as YAML that reads back the same under the core schema, with places left open for a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OPEN_MARK = "FILL IN"
_STEP = "  "
_ODD = r"\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff"
_PLAIN = re.compile(rf"[A-Za-z0-9_./(][^{_ODD}]*\Z")
_BLOCK_LINE = re.compile(rf"(?:[^\s{_ODD}](?: ?[^\s{_ODD}])*)?\Z")
_LAST_BMP = 0xFFFF


@dataclass(frozen=True, slots=True)
class Gap:
    """A value that only a person can give; written as null with a comment that says what is wanted."""

    wanted: str


def write_yaml(value: dict[str, Any]) -> str:
    """Write a mapping in block style; a ``Gap`` becomes ``null  # FILL IN: …``.

    Keys are text; values are made of dict, list, str, int, float, bool, None and ``Gap``.
    """
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def _mapping(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_text(key)}:", item, indent + _STEP)


def _list(value: list[Any], indent: str) -> Iterator[str]:
    for item in value:
        if isinstance(item, dict | list) and item:
            inner = indent + _STEP
            lines = _mapping(item, inner) if isinstance(item, dict) else _list(item, inner)
            first = next(lines)
            yield f"{indent}- {first[len(inner) :]}"
            yield from lines
        else:
            yield from _entry(f"{indent}-", item, indent + _STEP)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, dict | list) and item:
        yield head
        yield from _mapping(item, indent) if isinstance(item, dict) else _list(item, indent)
    elif isinstance(item, str) and "\n" in item and _fits_block(item):
        yield f"{head} {'|' if item.endswith(chr(10)) else '|-'}"
        yield from (f"{indent}{line}" if line else "" for line in item.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_scalar(item)}"


def _fits_block(text: str) -> bool:
    lines = text.removesuffix("\n").split("\n")
    return bool(lines[0]) and bool(lines[-1]) and all(_BLOCK_LINE.match(line) for line in lines)


def _scalar(item: Any) -> str:
    if isinstance(item, Gap):
        return f"null  # {OPEN_MARK}: {item.wanted}"
    if isinstance(item, str):
        return _text(item)
    if isinstance(item, dict | list):
        return "{}" if isinstance(item, dict) else "[]"
    if isinstance(item, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(item), repr(item))
    return json.dumps(item)


def _text(text: str) -> str:
    """Plain where every reader takes it for the same text, else in double quotes."""
    from agent_agency.spec.core_schema import plain_scalar

    risky = ": " in text or " #" in text or text.endswith((":", " ")) or not _PLAIN.match(text)
    if not risky and isinstance(plain_scalar(text), str) and not _looks_typed(text):
        return text
    return "".join(_escaped(char) for char in json.dumps(text, ensure_ascii=False))


def _looks_typed(text: str) -> bool:
    """Dates, times and the words that YAML 1.1 takes for booleans: quoted, so that older readers agree."""
    words = {"y", "n", "yes", "no", "on", "off"}
    return text.lower() in words or re.match(r"[0-9][0-9_]*[-:.]", text) is not None


def _escaped(char: str) -> str:
    """Escape within double quotes what YAML does not print; a character beyond the BMP stays as it is."""
    if char.isprintable() or ord(char) > _LAST_BMP:
        return char
    return f"\\u{ord(char):04x}"
