"""A schema as a conjunction of places: references followed, ``allOf`` flattened, alternatives spread out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from agent_agency.gates.contracts.documents import Node, canonical
from agent_agency.gates.contracts.references import References
from agent_agency.gates.contracts.schema_values import ATOMS, enum_of, type_of, types_of

View = tuple[Node, ...]
"""Places that all hold together; none at all allows anything."""
Key = frozenset[tuple[int, bool]]

MAX_ALTERNATIVES = 128
MAX_NODES = 3_000_000
"""The most places that are visited in one state of a contract, each visit counted."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_SAYS_NOTHING = frozenset({*_REFERENCES, "title", "description", "summary", "$comment", "examples", "example"})


class OutOfStepsError(Exception):
    """The contracts are too large or too entangled to be compared in bounded time."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How schemas are read. ``siblings``: keywords beside a ``$ref`` count."""

    siblings: bool


class Views:
    """Spreads out the schemas of one state of a contract."""

    def __init__(self, references: References, dialect: Dialect) -> None:
        self.references = references
        self._dialect = dialect
        self._pieces: dict[str, dict[str, Any]] = {}
        self._nodes_left = MAX_NODES
        self._expanded: dict[int, View] = {}

    def expand(self, view: View) -> View:
        """The places that a schema comes down to, worked out once where it stands in one place.

        Raises:
            OutOfStepsError: when all of it together is too much.
        """
        if len(view) != 1 or view[0].opened:
            return self._spread(view)
        key = id(view[0].value)
        if key not in self._expanded:
            self._expanded[key] = self._spread(view)
        return self._expanded[key]

    def _spread(self, view: View) -> View:
        """The places without references and ``allOf`` between them; a cycle ends where it closes.

        An opened place was expanded before it was opened, and one that leads back to it adds nothing.
        """
        leaves: list[Node] = []
        seen: set[int] = set()
        stack = list(reversed(view))
        while stack:
            node = stack.pop()
            self._nodes_left -= 1
            if self._nodes_left < 0:
                raise OutOfStepsError
            if id(node.value) in seen:
                continue
            seen.add(id(node.value))
            if isinstance(node.value, dict) and not node.opened:
                followed, alone = self._followed(node)
                stack.extend(reversed([*followed, *_entries(node, "allOf")]))
                if alone:
                    continue
                if not followed and isinstance(node.value.get("$ref"), str):
                    node = replace(node, unresolved=node.value["$ref"])
            leaves.append(node)
        return tuple(leaves)

    def _followed(self, node: Node) -> tuple[list[Node], bool]:
        """What the references of a node lead to, and whether the node itself says nothing then."""
        found = []
        for keyword in _REFERENCES:
            reference = node.value.get(keyword)
            if keyword == "$recursiveRef" and reference is not None:
                reference = "#"
            if isinstance(reference, str) and (target := self.references.follow(node, reference)):
                found.append(target)
        return found, bool(found) and (not self._dialect.siblings or node.value.keys() <= _SAYS_NOTHING)

    def alternatives(self, view: View) -> list[View]:
        """The ways of ``oneOf`` and ``anyOf`` to be valid, spread out; one that nothing can fulfil is left out.

        Raises:
            OutOfStepsError: when there are more than ``MAX_ALTERNATIVES``.
        """
        done: list[View] = []
        pending = [self.expand(view)]
        while pending:
            leaves = pending.pop()
            groups = [group for leaf in leaves if not leaf.opened for group in _groups(leaf)]
            if not groups:
                done.append(leaves)
                continue
            if prod(map(len, groups)) + len(done) + len(pending) > MAX_ALTERNATIVES:
                raise OutOfStepsError
            closed = [replace(leaf, opened=True) for leaf in leaves]
            pending += [self.expand((*closed, *chosen)) for chosen in product(*groups)]
        possible = [leaves for leaves in done if types_of(leaves)]
        return list(reversed(possible or done[:1]))

    def split(self, leaves: View) -> list[View]:
        """A schema taken apart by its listed values, else by its types."""
        types, values = types_of(leaves), enum_of(leaves)
        if values is not None and len(values) <= MAX_ALTERNATIVES:
            allowed = [value for value in values.values() if type_of(value) in types]
            return [(*leaves, self._piece(leaves, "const", value)) for value in allowed]
        if types == ATOMS:
            return [leaves]
        return [(*leaves, self._piece(leaves, "type", name)) for name in sorted(types)]

    def _piece(self, leaves: View, keyword: str, value: Any) -> Node:
        """A made-up schema, the same object for the same content, so that its identity tells it."""
        name = f"{keyword} {canonical(value)}"
        piece = self._pieces.setdefault(name, {keyword: value})
        return Node(piece, leaves[0].document, leaves[0].pointer)


def key_of(view: View) -> Key:
    """Tells two views of one state of a contract apart."""
    return frozenset((id(node.value), node.opened) for node in view)


def members(leaves: View, keyword: str) -> dict[str, View]:
    """The schemas by name under a keyword such as ``properties``."""
    found: dict[str, View] = {}
    for leaf in leaves:
        if (child := leaf.get(keyword)) is not None:
            for name, node in child.members():
                found[name] = (*found.get(name, ()), node)
    return found


def keyword_view(leaves: View, keyword: str) -> View:
    """The schemas directly under a keyword such as ``additionalProperties``."""
    found = (leaf.get(keyword) for leaf in leaves)
    return tuple(node for node in found if node is not None and isinstance(node.value, dict | bool))


def required_of(leaves: View) -> dict[str, Node]:
    """The names of required properties, with where they are asked for."""
    found: dict[str, Node] = {}
    for leaf in leaves:
        listed = leaf.get("required")
        if listed is not None:
            found |= {node.value: node for node in listed.items() if isinstance(node.value, str)}
    return found


def is_marked(leaves: View, mark: str) -> bool:
    """Whether a leaf is marked, such as ``readOnly``."""
    return any(isinstance(leaf.value, dict) and leaf.value.get(mark) is True for leaf in leaves)


def _entries(node: Node, keyword: str) -> list[Node]:
    listed = node.get(keyword)
    return list(listed.items()) if listed is not None else []


def _groups(leaf: Node) -> list[list[Node]]:
    return [entries for keyword in ("oneOf", "anyOf") if (entries := _entries(leaf, keyword))]
