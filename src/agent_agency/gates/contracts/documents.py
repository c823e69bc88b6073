"""Contract documents in JSON or YAML as plain data, with the line of every place in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.facts import display_path
from agent_agency.gates.contracts.model import Unreadable

MAX_DEPTH = 100
"""The deepest nesting that is read, in JSON as in YAML."""
_MOST_FOR_LINES = 2 * 1024 * 1024
_LONGEST_SHOWN = 100

Pointer = tuple[str | int, ...]


class Document:
    """One parsed document. ``value`` is plain data; aliased parts of it are shared, never cyclic."""

    __slots__ = ("_data", "_marks", "path", "value")

    def __init__(self, path: str, value: Any, data: bytes, marks: Any = None) -> None:
        self.path = path
        self.value = value
        self._data = data
        self._marks = marks

    def line(self, pointer: Pointer) -> int | None:
        """The line of a place, or of the nearest place around it that is there; ``None`` in a large JSON document."""
        if self._marks is None and len(self._data) <= _MOST_FOR_LINES:
            self._marks = _marks_of(self._data)
        if not self._marks:
            return None
        node, named = self._marks, None
        for step in pointer:
            child = _child(node, step)
            if child is None:
                break
            named, node = child
        mark = named or (node[0] if isinstance(node, tuple) else node)
        line: int = mark.line + 1
        return line


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a document, and what stands there.

    ``opened`` marks a schema one of whose alternatives was chosen, ``unresolved`` holds a reference that leads nowhere.
    """

    value: Any
    document: Document
    pointer: Pointer = ()
    opened: bool = False
    unresolved: str = ""

    def get(self, key: str) -> Node | None:
        """The member of an object."""
        if isinstance(self.value, dict) and key in self.value:
            return Node(self.value[key], self.document, (*self.pointer, key))
        return None

    def members(self) -> Iterable[tuple[str, Node]]:
        """All members of an object."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield key, Node(value, self.document, (*self.pointer, key))

    def items(self) -> Iterable[Node]:
        """All entries of a list."""
        if isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield Node(value, self.document, (*self.pointer, index))

    @property
    def text(self) -> str:
        """The place as a JSON pointer."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.pointer)

    @property
    def line(self) -> int | None:
        """The line of the place."""
        return self.document.line(self.pointer)


def read_document(data: bytes, path: str) -> Document:
    """Read one JSON or YAML document.

    Raises:
        Unreadable: when it is neither, or beyond the bounds.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        try:
            return Document(path, _json(data), data)
        except _NotJsonError:
            pass  # flow style YAML begins in the same way
    return _yaml(data, path)


def shown(name: object) -> str:
    """A name out of a document, fit for one line of a report."""
    text = display_path(str(name))
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def canonical(value: Any) -> str:
    """A text that two values share when, and only when, JSON Schema calls them equal."""
    return json.dumps(_normal(value), sort_keys=True)


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    return value


class _NotJsonError(Exception):
    """The bytes are no JSON."""


def _json(data: bytes) -> Any:
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise Unreadable(f"it is nested more than {MAX_DEPTH} levels deep") from None
    except ValueError as error:
        raise _NotJsonError(str(error)) from None
    _check_depth(value)
    return value


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable(f"the key '{shown(twice)}' is given twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no number of JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise Unreadable(f"it is nested more than {MAX_DEPTH} levels deep")


def _yaml(data: bytes, path: str) -> Document:
    from agent_agency.spec.yaml_reader import Refusal, read_yaml

    read = read_yaml(data)
    if isinstance(read, Refusal):
        raise Unreadable(read.message, read.line)
    value, marks = read
    if b"<<" in data:
        _merge(value)
    return Document(path, value, data, marks or ())


def _marks_of(data: bytes) -> Any:
    from agent_agency.spec.yaml_reader import Refusal, read_yaml

    read = read_yaml(data)
    return () if isinstance(read, Refusal) else read[1]


def _merge(value: Any) -> None:
    """Carry out the merge keys of YAML 1.1, which the tools of contracts read."""
    stack, seen = [value], set()
    while stack:
        item = stack.pop()
        if not isinstance(item, dict | list) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            _merge_into(item)
        stack.extend(item.values() if isinstance(item, dict) else item)


def _merge_into(item: dict[str, Any]) -> None:
    depth = 0
    while "<<" in item and depth < MAX_DEPTH:
        depth += 1
        merged = item["<<"]
        sources = merged if isinstance(merged, list) else [merged]
        if not all(isinstance(source, dict) for source in sources):
            return
        del item["<<"]
        for source in sources:
            for key, value in source.items():
                item.setdefault(key, value)


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    children = node[1] if isinstance(node, tuple) else None
    if isinstance(children, Mapping):
        found: tuple[Any, Any] | None = children.get(str(step))
        return found
    if isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
        entry = children[step]
        return (entry[0] if isinstance(entry, tuple) else entry), entry
    return None
