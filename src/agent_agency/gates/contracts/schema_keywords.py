"""Keywords of a schema that are not understood one by one: anything but the same counts as a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_agency.gates.contracts.documents import Node, canonical
from agent_agency.gates.contracts.schema_view import View, Views

if TYPE_CHECKING:
    from agent_agency.gates.contracts.schema_compare import Difference

MAX_COMPARED = 5_000
_KEYWORDS = (
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "contains",
    "minContains",
    "maxContains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentEncoding",
    "contentMediaType",
    "discriminator",
)
_ANNOTATIONS = frozenset({"title", "description", "$comment", "example", "examples", "default", "deprecated"})

_MAPPING = "mapping"  # of a discriminator: it grows with every alternative, and those are compared themselves


def changed_keywords(
    source: View, target: View, source_views: Views, target_views: Views, where: str
) -> Iterator[Difference]:
    """What the target asks for by such a keyword and the source does not ask for in the same words."""
    from agent_agency.gates.contracts.schema_compare import Difference

    for leaf in target:
        if leaf.unresolved and all(leaf.unresolved != other.unresolved for other in source):
            told = f"{where} is described by another document, {leaf.unresolved[:100]!r}"
            yield Difference("schema.keyword_changed", told, leaf)
        for keyword in _KEYWORDS:
            node = leaf.get(keyword)
            if node is None or (keyword == "unevaluatedProperties" and isinstance(node.value, bool)):
                continue
            known = [other for item in source if (other := item.get(keyword)) is not None]
            if not any(_same(other, node, source_views, target_views) for other in known):
                yield Difference("schema.keyword_changed", f"{where}: '{keyword}' was added or changed", node)


def _same(source: Node, target: Node, source_views: Views, target_views: Views) -> bool:
    """Whether two places say the same, references followed; annotations do not count."""
    stack = [(source, target)]
    seen: set[tuple[int, int]] = set()
    while stack:
        ours, theirs = stack.pop()
        if (id(ours.value), id(theirs.value)) in seen:
            continue
        seen.add((id(ours.value), id(theirs.value)))
        if len(seen) > MAX_COMPARED:
            return False
        ours, theirs = _target_of(ours, source_views), _target_of(theirs, target_views)
        if isinstance(ours.value, dict) and isinstance(theirs.value, dict):
            left, right = _telling(ours), _telling(theirs)
            if left.keys() != right.keys():
                return False
            stack += [(left[name], right[name]) for name in left]
        elif isinstance(ours.value, list) and isinstance(theirs.value, list):
            if len(ours.value) != len(theirs.value):
                return False
            stack += zip(ours.items(), theirs.items(), strict=True)
        elif canonical(ours.value) != canonical(theirs.value):
            return False
    return True


def _target_of(node: Node, views: Views) -> Node:
    reference = node.value.get("$ref") if isinstance(node.value, dict) and len(node.value) == 1 else None
    return (views.references.follow(node, reference) if isinstance(reference, str) else None) or node


def _telling(node: Node) -> dict[str, Node]:
    return {
        name: child
        for name, child in node.members()
        if name != _MAPPING and (name not in _ANNOTATIONS or isinstance(child.value, dict | list))
    }
