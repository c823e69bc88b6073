"""The facts that a panel may find to be otherwise: what a person can know better than the measurement.

They are classifications of what is there. What git counts, what a gate's tool said, what the law says and who signed is
changed by another measurement only, never by a vote. A path is ``spec.rollback`` or ``files[src/0001.sql].migration``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.constitution.facts_schema import FactType, lists, records

RECORD_FACTS: tuple[str, ...] = ("spec.migrations", "spec.rollback")
FILE_FACTS: tuple[str, ...] = ("files.dependency", "files.migration", "files.pipeline")
STATABLE = (*RECORD_FACTS, *FILE_FACTS)

_OF_RECORD = re.compile(r"([a-z_]+)\.([a-z_]+)")
_OF_ELEMENT = re.compile(r"([a-z_]+)\[(.+)\]\.([a-z_]+)", re.DOTALL)
_KEYS = {"files": "path"}


@dataclass(frozen=True, slots=True)
class FactPath:
    """One fact of a case: the record or list, the element of a list by its key, the name."""

    group: str
    name: str
    element: str | None = None

    @property
    def kind(self) -> str:
        """The fact without the element: ``files.migration``."""
        return f"{self.group}.{self.name}"

    @property
    def type(self) -> FactType:
        """Its type in the facts schema."""
        known = records() if self.element is None else lists()
        return next(fact.type for fact in known[self.group] if fact.name == self.name)


def parse_path(text: str) -> FactPath:
    """Read the path of a fact that a panel may find to be otherwise.

    Raises:
        ValueError: it is no such path; the message is a clause that says why.
    """
    whole, element = _OF_RECORD.fullmatch(text), _OF_ELEMENT.fullmatch(text)
    if whole is not None:
        path = FactPath(whole[1], whole[2])
        known = RECORD_FACTS
    elif element is not None:
        path = FactPath(element[1], element[3], element[2])
        known = FILE_FACTS
    else:
        raise ValueError("it is no path of a fact like spec.rollback or files[src/0001.sql].migration")
    if path.kind not in known:
        raise ValueError(f"{path.kind} is nothing that people find; they may find {', '.join(STATABLE)}")
    return path


def check_value(path: FactPath, value: Any) -> None:
    """Refuse a value of another type than the schema's.

    Raises:
        ValueError: it is.
    """
    fits = {
        FactType.BOOL: lambda: isinstance(value, bool),
        FactType.INT: lambda: isinstance(value, int) and not isinstance(value, bool),
        FactType.DOUBLE: lambda: isinstance(value, float),
        FactType.TEXT: lambda: isinstance(value, str),
        FactType.TEXTS: lambda: isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value),
    }
    if not fits[path.type]():
        raise ValueError(f"{path.kind} is of type {path.type}, and the value is not")


def with_fact(stated: Mapping[str, Any], path: FactPath, value: Any) -> Mapping[str, Any]:
    """The facts with one of them found to be otherwise; nothing that was handed in is changed.

    Raises:
        ValueError: the case has no such record or element.
    """
    held = stated.get(path.group)
    if path.element is None:
        if not isinstance(held, Mapping):
            raise ValueError(f"the case holds nothing about {path.group}")
        return {**stated, path.group: {**held, path.name: value}}
    key = _KEYS[path.group]
    elements = list(held) if isinstance(held, (list, tuple)) else []
    if not any(element.get(key) == path.element for element in elements):
        raise ValueError(f"the case holds no {path.group} with the {key} {path.element!r}")
    changed = [{**element, path.name: value} if element.get(key) == path.element else element for element in elements]
    return {**stated, path.group: changed}
