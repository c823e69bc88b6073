"""How much work a condition can be, told before it is evaluated.

The runtime stops an evaluation after about 10,000 iterations, but whether it comes so far depends on the order of the
elements (``exists`` stops at the first hit). The bound here is of the worst case and so depends on sizes alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.arbitration.constitution.fact_paths import ANY, IT, Read, element_read, path_read
from agent_agency.arbitration.constitution.syntax_tree import Fold, ListOf, Node, children

MAX_ELEMENTS = 10_000
"""Elements of one list that a rule is asked for."""

MAX_ITERATIONS = 9_900
"""Iterations that one evaluation may take in the worst case; below the runtime's own budget."""


def too_much_work(tree: Node, facts: Mapping[str, Any], it: Mapping[str, Any] | None) -> str:
    """Say which bound a condition would hit over these facts; empty where it hits none."""
    values = facts if it is None else {**facts, IT: it}
    work = _work(tree, values, {})
    if work <= MAX_ITERATIONS:
        return ""
    return f"the bound of {MAX_ITERATIONS:,} iterations (the condition may take {work:,} over these facts)"


def _work(node: Node, facts: Mapping[str, Any], bound: Mapping[str, Read | None]) -> int:
    if not isinstance(node, Fold):
        return sum(_work(child, facts, bound) for child in children(node))
    inner = {**bound, node.variable: element_read(node.source, bound), node.accumulator: None}
    each = 1 + sum(_work(child, facts, inner) for child in (node.proceed, node.step))
    rest = _work(node.source, facts, bound) + _work(node.result, facts, inner)
    return rest + each * _size(node.source, facts, bound)


def _size(node: Node, facts: Mapping[str, Any], bound: Mapping[str, Read | None]) -> int:
    """The most elements that a list can have."""
    if isinstance(node, ListOf):
        return len(node.elements)
    if isinstance(node, Fold):
        return _size(node.source, facts, bound)
    path = path_read(node, bound)
    if path is None:
        return sum(_size(child, facts, bound) for child in children(node))
    return _largest(facts, path)


def _largest(value: Any, path: Read) -> int:
    if not path:
        return len(value) if isinstance(value, list) else 0
    if path[0] == ANY:
        return max((_largest(element, path[1:]) for element in value), default=0) if isinstance(value, list) else 0
    return _largest(value[path[0]], path[1:]) if isinstance(value, Mapping) and path[0] in value else 0
