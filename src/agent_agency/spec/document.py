"""Reads a CAWS document, YAML or JSON, into plain data with the line and column of every node.

The dialect is the reference's: YAML 1.2 core schema (no dates, no merge keys, no ``yes`` and ``no``), one document,
no duplicate keys, no tags beyond the core ones. The C parser of PyYAML does the work where it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.facts import Finding, Place, Severity

MAX_BYTES = 1024 * 1024
"""The largest document that is read: larger ones are no working spec."""


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed document: an object at the top, as plain data.

    ``path`` is the path that findings name, ``digest`` is over ``source``, ``value`` is made of dict, list, str, int,
    float, bool and None (aliased nodes are shared, never cyclic). ``marks`` mirrors ``value``: see ``place``.
    """

    path: str
    digest: str
    value: Any
    marks: Any
    source: bytes

    def place(self, pointer: Sequence[str | int] = (), *, key: bool = False) -> Place:
        """Where the node at a pointer stands: its value, or with ``key`` the key that names it.

        A pointer that leads nowhere gives the key (or list item) of the nearest ancestor that exists.
        """
        node = self.marks
        named = None
        for step in pointer:
            child = _child(node, step)
            if child is None:
                return self._at(named or node)
            named, node = child
        return self._at((named if key else None) or node)

    def _at(self, node: Any) -> Place:
        mark = node[0] if isinstance(node, tuple) else node
        return Place(self.path, mark.line + 1, mark.column + 1)


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """The marks of a child: of its key (a list item has its own mark there) and of its value."""
    if not isinstance(node, tuple):
        return None
    children = node[1]
    if isinstance(children, dict):
        found: tuple[Any, Any] | None = children.get(step)
        return found
    if isinstance(step, int) and 0 <= step < len(children):
        return children[step], children[step]
    return None


def load_document(
    data: bytes, path: str, *, kind: str = "spec", javascript_types: bool = False
) -> Document | tuple[Finding, ...]:
    """Parse the bytes of one document; whatever is wrong with them comes back as findings, nothing is raised.

    Args:
        data: the file's bytes; more than ``MAX_BYTES`` are refused unread.
        path: the path that the findings name.
        kind: the first part of the rule ids, ``<kind>.yaml.…``.
        javascript_types: read dates, merge keys and the tags that the command lines of 2025 read (``yaml_javascript``).
    """
    from agent_agency.spec.yaml_reader import Refusal, read_yaml

    if len(data) > MAX_BYTES:
        return (
            _finding(
                Refusal(
                    "too_large",
                    f"The file is larger than {MAX_BYTES:,} bytes, the most that a document may have",
                    "Keep the document to what describes the change; put data elsewhere.",
                ),
                path,
                kind,
            ),
        )
    read = read_yaml(data, _composer(javascript_types=javascript_types))
    if isinstance(read, Refusal):
        return (_finding(read, path, kind),)
    value, marks = read
    refusal = _not_an_object(value, marks)
    if refusal is not None:
        return (_finding(refusal, path, kind),)
    return Document(path=path, digest=digest_bytes(data), value=value, marks=marks, source=data)


def _composer(*, javascript_types: bool) -> Any:
    if not javascript_types:
        return None
    from agent_agency.spec.yaml_javascript import JavaScriptComposer

    return JavaScriptComposer


def _not_an_object(value: Any, marks: Any) -> Any:
    from agent_agency.spec.yaml_reader import Refusal

    if isinstance(value, dict):
        return None
    if value is None:
        return Refusal("empty_document", "The document is empty", "Write the document's fields, one 'key: value' each.")
    name = {list: "a list", str: "a text", bool: "a boolean"}.get(type(value), "a number")
    mark = marks[0] if isinstance(marks, tuple) else marks
    return Refusal(
        "not_an_object",
        f"The document is {name}, not an object",
        "Write 'key: value' lines at the top level.",
        mark.line + 1,
        mark.column + 1,
    )


def _finding(refusal: Any, path: str, kind: str) -> Finding:
    return Finding(
        rule=f"{kind}.yaml.{refusal.rule}",
        severity=Severity.CRITICAL,
        message=refusal.message,
        remedy=refusal.remedy,
        place=Place(path, refusal.line, refusal.column),
        subject=refusal.rule,
    )
