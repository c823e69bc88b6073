"""Members of JSON objects, taken with their type checked: what has another type makes the report no report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.gates.reports.lines import MAX_LINE
from agent_agency.gates.reports.refusal import Code, Refused

_MAX_COUNT = 2**53 - 1


def an_object(value: Any, what: str) -> dict[str, Any]:
    """The value, if it is an object."""
    if not isinstance(value, dict):
        raise Refused(Code.WRONG_SHAPE, f"{what} is not an object")
    return value


def a_list(value: Any, what: str) -> list[Any]:
    """The value, if it is an array."""
    if not isinstance(value, list):
        raise Refused(Code.WRONG_SHAPE, f"{what} is not an array")
    return value


def a_text(value: Any, what: str) -> str:
    """The value, if it is a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise Refused(Code.WRONG_SHAPE, f"{what} is not a text")
    return value


def a_count(value: Any, what: str) -> int:
    """The value, if it is a whole number from 0."""
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise Refused(Code.NUMBER_INVALID, f"{what} is {str(value)[:40]!r}, not a whole number from 0")
    return value


def the_object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name that must be there."""
    return an_object(holder.get(name), name)


def the_list(holder: Mapping[str, Any], name: str) -> list[Any]:
    """The array under a name that must be there."""
    return a_list(holder.get(name), name)


def the_text(holder: Mapping[str, Any], name: str) -> str:
    """The text under a name that must be there and not empty."""
    return a_text(holder.get(name), name)


def the_count(holder: Mapping[str, Any], name: str) -> int:
    """The whole number from 0 under a name that must be there."""
    return a_count(holder.get(name), name)


def text_or_empty(holder: Mapping[str, Any], name: str) -> str:
    """The text under a name; empty where it is absent or null."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(Code.WRONG_SHAPE, f"{name} is not a text")
    return value


def object_or_empty(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name; empty where it is absent or null."""
    value = holder.get(name)
    return {} if value is None else an_object(value, name)


def list_or_empty(holder: Mapping[str, Any], name: str) -> list[Any]:
    """The array under a name; empty where it is absent or null."""
    value = holder.get(name)
    return [] if value is None else a_list(value, name)


def position(value: Any, offset: int = 0) -> int | None:
    """A line or column, with ``offset`` added to a count from 0; ``None`` for what points nowhere.

    A place only helps a person to find what is told anyway, so a wrong one is dropped and never refused.
    """
    if type(value) is not int or not 1 <= value + offset <= MAX_LINE:
        return None
    return value + offset
