"""Is a schema made as its language asks? What is malformed some validators ignore and others refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from agent_agency.gates.contracts.documents import Node, shown

MOST_TOLD = 20
_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_NESTED = (
    "not", "if", "then", "else", "propertyNames", "contains", "additionalProperties", "unevaluatedProperties",
    "unevaluatedItems", "additionalItems",
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMBERS = ("minimum", "maximum", "multipleOf")


def malformed(schema: Node, more_types: frozenset[str] = frozenset()) -> Iterator[tuple[str, Node]]:
    """What is wrong with a schema and those inside it, each with its place; references are not followed."""
    stack, seen = [schema], set()
    while stack:
        node = stack.pop()
        if id(node.value) in seen and not isinstance(node.value, bool):
            continue
        seen.add(id(node.value))
        if not isinstance(node.value, dict):
            if not isinstance(node.value, bool):
                yield "a schema must be an object", node
            continue
        yield from _own(node, more_types)
        stack += _children(node)


def _own(node: Node, more_types: frozenset[str]) -> Iterator[tuple[str, Node]]:
    for keyword, is_right, wanted in (
        ("type", lambda value: _is_type(value, more_types), "a type, or a list of types"),
        ("enum", lambda value: isinstance(value, list), "a list of values"),
        ("pattern", lambda value: isinstance(value, str), "a text"),
        ("format", lambda value: isinstance(value, str), "a text"),
        ("$ref", lambda value: isinstance(value, str), "a text"),
        ("required", _is_required, "a list of names"),
        *((name, _is_count, "a count") for name in _COUNTS),
        *((name, _is_number, "a number") for name in _NUMBERS),
        *((name, lambda value: isinstance(value, dict), "an object") for name in _NAMED),
        *((name, lambda value: isinstance(value, list) and value, "a list of schemas") for name in _LISTS),
    ):
        check: Callable[[Any], Any] = is_right
        child = node.get(keyword)
        if child is not None and not check(child.value):
            yield f"'{keyword}' must be {wanted}", child


def _children(node: Node) -> list[Node]:
    found = [child for keyword in _NESTED if (child := node.get(keyword)) is not None]
    for keyword in (*_LISTS, "items"):
        if (child := node.get(keyword)) is not None:
            found += child.items() if isinstance(child.value, list) else ([child] if keyword == "items" else [])
    for keyword in _NAMED:
        if (child := node.get(keyword)) is not None:
            found += [inner for _, inner in child.members()]
    return found


def _is_type(value: Any, more: frozenset[str]) -> bool:
    known = _TYPES | more
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and item in known for item in value)
    return isinstance(value, str) and value in known


def _is_required(value: Any) -> bool:
    # OpenAPI's parameters of version 2, and drafts before 4, write true or false.
    return isinstance(value, bool) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _is_count(value: Any) -> bool:
    return (type(value) is int or (type(value) is float and value.is_integer())) and value >= 0


def _is_number(value: Any) -> bool:
    return type(value) in {int, float}


def told(found: Iterator[tuple[str, Node]]) -> list[tuple[str, Node]]:
    """The first few, so that a document full of faults fills no report."""
    from itertools import islice

    return [(f"{message} ({shown(node.text)})", node) for message, node in islice(found, MOST_TOLD)]
