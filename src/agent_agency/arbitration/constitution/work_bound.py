"""How much work a condition can be, told before it is evaluated.

The runtime stops an evaluation after about 10,000 iterations, but whether it comes so far depends on the order of the
elements (``exists`` stops at the first hit). The bounds here are of the worst case and so depend on sizes alone.

The runtime also copies the list that ``map`` or ``filter`` has built so far with each element that it adds, so that
5,000 elements take seconds. Over long lists such a condition is evaluated in Python (``three_valued``), where each
step takes about a microsecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.constitution.fact_paths import ANY, IT, Read, element_read, path_read
from agent_agency.arbitration.constitution.syntax_tree import Call, Fold, ListOf, Node, children, every_node

MAX_ELEMENTS = 10_000
"""Elements of one list that a rule is asked for."""

MAX_ITERATIONS = 9_900
"""Iterations that one evaluation may take in the worst case; below the runtime's own budget."""

MAX_RULE_ITERATIONS = 99_000
"""Iterations that a rule may take for all elements that it is asked for, in the worst case."""

MAX_STEPS = 200_000
"""Steps that one evaluation in Python may take in the worst case."""

MOST_COPIED = 1_000
"""Iterations up to which the runtime's copies of a list that it builds cost little."""

_STEPS_OF_A_SEARCH = 20  # a pattern goes to the runtime, which prepares it anew


@dataclass(frozen=True, slots=True)
class Work:
    """What one evaluation can take in the worst case; ``copies``: the runtime would copy long lists again and again."""

    iterations: int
    steps: int
    copies: bool

    @property
    def bound(self) -> str:
        """Which bound the condition would hit; empty where it hits none."""
        if self.iterations > MAX_ITERATIONS:
            return _bound(MAX_ITERATIONS, "iterations", f"the condition may take {self.iterations:,}")
        if self.copies and self.steps > MAX_STEPS:
            return _bound(MAX_STEPS, "steps", f"the condition builds a list and may take {self.steps:,}")
        return ""


def work_of(tree: Node, facts: Mapping[str, Any], it: Mapping[str, Any] | None) -> Work:
    """Say what a condition can take over these facts."""
    values = facts if it is None else {**facts, IT: it}
    iterations, steps = _work(tree, values, {})
    builds = any(isinstance(node, Fold) and isinstance(node.initial, ListOf) for node in every_node(tree))
    return Work(iterations, steps, builds and iterations > MOST_COPIED)


def bound_of_rule(iterations: int, elements: int) -> str:
    """Which bound a rule would hit that is asked for so many elements; empty where it hits none."""
    if iterations <= MAX_RULE_ITERATIONS:
        return ""
    return _bound(
        MAX_RULE_ITERATIONS, "iterations for one rule", f"for {elements:,} elements it may take {iterations:,}"
    )


def _bound(most: int, what: str, taken: str) -> str:
    return f"the bound of {most:,} {what} ({taken} over these facts)"


def _work(node: Node, facts: Mapping[str, Any], bound: Mapping[str, Read | None]) -> tuple[int, int]:
    """Iterations and steps."""
    if not isinstance(node, Fold):
        own = _STEPS_OF_A_SEARCH if isinstance(node, Call) and node.function == "matches" else 1
        return _sum((0, own), *(_work(child, facts, bound) for child in children(node)))
    inner = {**bound, node.variable: element_read(node.source, bound), node.accumulator: None}
    iterations, steps = _sum((1, 1), *(_work(child, facts, inner) for child in (node.proceed, node.step)))
    size = _size(node.source, facts, bound)
    rest = _work(node.source, facts, bound), _work(node.result, facts, inner)
    return _sum((iterations * size, steps * size), *rest)


def _sum(*taken: tuple[int, int]) -> tuple[int, int]:
    return sum(one for one, _ in taken), sum(one for _, one in taken)


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
