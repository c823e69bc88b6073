"""The facts of a case held against the schema before any rule sees them.

A fact of a wrong type is a defect: it is taken out, so that a rule that needs it is unknown, never satisfied. What the
schema does not name is left out too, as no rule can read it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.fact_paths import element_name, element_path
from agent_agency.arbitration.constitution.facts_schema import Fact, FactType, lists, records

_MAX_INT = 2**53 - 1  # what canonical JSON can hold
MAX_TEXT = 100_000
"""The longest text, in characters, that a fact may hold."""


@dataclass(frozen=True, slots=True)
class CheckedFacts:
    """Facts as plain dicts and lists, each of its type; ``defects`` maps the paths taken out to why."""

    values: dict[str, Any]
    defects: Mapping[str, str]


class SchemaIndex:
    """The schema by name, made once for many cases."""

    __slots__ = ("lists", "records")

    def __init__(self) -> None:
        self.records = {name: {fact.name: fact for fact in facts} for name, facts in records().items()}
        self.lists = {name: {fact.name: fact for fact in facts} for name, facts in lists().items()}


def check_facts(facts: Mapping[str, Any], schema: SchemaIndex) -> CheckedFacts:
    """Keep what has its type; every record is there, if empty, and a list only where it was given as a list.

    The elements of a list are put in an order of their own, so that the order in which they came cannot matter.
    """
    values: dict[str, Any] = {}
    defects: dict[str, str] = {}
    for name, known in schema.records.items():
        record = facts.get(name, {})
        if not isinstance(record, Mapping):
            defects[name], record = "is no record", {}
        values[name] = _members(record, known, name, defects)
    for name, known in schema.lists.items():
        if name not in facts:
            continue
        elements = facts[name]
        if not isinstance(elements, Sequence) or isinstance(elements, str | bytes):
            defects[name] = "is no list"
            continue
        values[name] = _ordered(name, [_element(name, element, known, defects) for element in elements])
    return CheckedFacts(values, MappingProxyType(defects))


def problem_of(value: Any, kind: FactType) -> str:
    """What keeps a value from being a fact of that type; empty where nothing does."""
    if kind is FactType.BOOL:
        return "" if isinstance(value, bool) else "is not true or false"
    if kind is FactType.INT:
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_INT
        return "" if whole else "is no whole number"
    if kind is FactType.DOUBLE:
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return "" if number else "is no number"
    if kind is FactType.TEXT:
        return "" if _is_text(value) else "is no text"
    texts = isinstance(value, Sequence) and not isinstance(value, str | bytes) and all(_is_text(one) for one in value)
    return "" if texts else "is no list of texts"


def _is_text(value: Any) -> bool:
    """A text that the runtime takes whole: a lone surrogate stops it, and it reads no further than a NUL."""
    if not isinstance(value, str) or len(value) > MAX_TEXT or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _element(name: str, element: Any, known: Mapping[str, Fact], defects: dict[str, str]) -> dict[str, Any]:
    if not isinstance(element, Mapping):
        defects[f"{name}[?]"] = "is no record"
        return {}
    return _members(element, known, element_path(name, element), defects)


def _ordered(name: str, elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The elements by what names them; those of one name by all that they hold."""
    if len(elements) < 2:  # noqa: PLR2004 - nothing to put in order
        return elements
    names = [element_name(name, element) for element in elements]
    if len(set(names)) == len(names):
        return [element for _, element in sorted(zip(names, elements, strict=True), key=itemgetter(0))]
    return sorted(elements, key=lambda one: (element_name(name, one), repr(sorted(one.items()))))


def _members(
    record: Mapping[str, Any], known: Mapping[str, Fact], path: str, defects: dict[str, str]
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in record.items():
        fact = known.get(name)
        if fact is None:
            continue
        problem = problem_of(value, fact.type)
        if problem:
            defects[f"{path}.{name}"] = problem
        else:
            kept[name] = _plain(value, fact.type)
    return kept


def _plain(value: Any, kind: FactType) -> Any:
    if kind is FactType.TEXTS:
        return list(value)
    return float(value) if kind is FactType.DOUBLE else value
