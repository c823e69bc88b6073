"""Changing the text of the user's file of engines: only the lines that are meant, whatever else stands there.

Every change is read back: the engines and roles must be those that were there, apart from what was to change. A file
that is laid out in a way that lines do not show (inline tables, dotted keys) is left alone, and a person is asked.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.toml_places import key_places

Setting = str | int | float | bool

_ESCAPED = MappingProxyType({code: f"\\u{code:04x}" for code in (0x7F, 0x85, 0x2028, 0x2029)})
"""What TOML wants escaped beside what JSON does, and what would end a line for this reader."""


def with_engine(text: str, name: str, settings: Mapping[str, Setting]) -> str:
    """The text with these settings of an engine: in its table, or in a new one at the end.

    What else its table says, comments included, stays as it is.

    Raises:
        EngineError: the file's layout does not allow it (``engine.config``); nothing is lost.
    """
    wanted = _tables(text)
    there = wanted.setdefault("engines", {})
    if name not in there:
        there[name] = dict(settings)
        table = [f"[engines.{_key(name)}]", *(f"{key} = {_value(value)}" for key, value in settings.items())]
        return _checked(_joined(text, table), wanted)
    there[name] = {**there[name], **settings}
    for key, value in settings.items():
        text = _with_line(text, ("engines", name), key, _value(value))
    return _checked(text, wanted)


def without_engine(text: str, name: str) -> str:
    """The text without an engine, and without the roles that it had.

    Raises:
        EngineError: as `with_engine`.
    """
    wanted = _tables(text)
    wanted.get("engines", {}).pop(name, None)
    lines = text.splitlines(keepends=True)
    first, last = _extent(text, lines, ("engines", name))
    del lines[first:last]
    changed = "".join(lines)
    for role in [role for role, of in wanted.get("roles", {}).items() if of == name]:
        changed = _without_line(changed, ("roles", role))
        del wanted["roles"][role]
    return _checked(changed, wanted)


def with_role(text: str, role: str, name: str) -> str:
    """The text with a role given to an engine.

    Raises:
        EngineError: as `with_engine`.
    """
    wanted = _tables(text)
    wanted.setdefault("roles", {})[role] = name
    if ("roles",) in key_places(text):
        changed = _with_line(text, ("roles",), role, _value(name))
    else:
        changed = _joined(text, ["[roles]", f"{role} = {_value(name)}"])
    return _checked(changed, wanted)


def _with_line(text: str, table: tuple[str, ...], key: str, value: str) -> str:
    """The text with one key of a table set: in its own line, keeping a comment behind it, or below the header."""
    places, lines = key_places(text), text.splitlines(keepends=True)
    if (*table, key) in places:
        at = places[(*table, key)][0] - 1
        comment = re.search(r"[ \t]+#[^\"']*$", lines[at].rstrip("\r\n"))
        lines[at] = f"{key} = {value}{comment[0] if comment else ''}\n"
    elif table in places:
        at = places[table][0]
        lines[at - 1] = lines[at - 1].rstrip("\r\n") + "\n"
        lines.insert(at, f"{key} = {value}\n")
    else:
        raise _by_hand(f"'{'.'.join(table)}' has no table of its own")
    return "".join(lines)


def _extent(text: str, lines: list[str], table: tuple[str, str]) -> tuple[int, int]:
    """The lines from a table's header to what belongs to the next one, its comments included."""
    places = key_places(text)
    if table not in places:
        raise _by_hand(f"the engine {table[1]!r} has no table of its own")
    first = places[table][0] - 1
    headers = sorted(line - 1 for line, _ in places.values() if lines[line - 1].lstrip().startswith("["))
    last = next((line for line in headers if line > first), len(lines))
    if last < len(lines):
        while last > first + 1 and lines[last - 1].lstrip().startswith("#"):
            last -= 1
    return first, last


def _without_line(text: str, key: tuple[str, str]) -> str:
    at = key_places(text).get(key)
    if at is None:
        raise _by_hand(f"'{'.'.join(key)}' stands in no line of its own")
    lines = text.splitlines(keepends=True)
    del lines[at[0] - 1]
    return "".join(lines)


def _joined(text: str, table: list[str]) -> str:
    kept = text if not text or text.endswith("\n") else f"{text}\n"
    gap = "" if not kept or kept.endswith("\n\n") else "\n"
    return kept + gap + "\n".join(table) + "\n"


def _checked(text: str, wanted: Mapping[str, Any]) -> str:
    """The text, if it says what is wanted and nothing else."""
    found = _tables(text)
    if {key: value for key, value in found.items() if value} != {key: value for key, value in wanted.items() if value}:
        raise _by_hand("its layout does not show in lines which setting is whose")
    return text


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise _by_hand("it is no valid TOML") from None


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Setting) -> str:
    """A value as TOML; its basic strings take JSON's escapes, but for the one of DEL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)
    return repr(value)


def _by_hand(why: str) -> EngineError:
    return EngineError(
        f"The file of engines cannot be changed line by line: {why}",
        fix="Change it by hand; agency engine list shows the file and what is wrong with it.",
        code="engine.config",
    )
