"""The part of CEL that a rule may use.

What is left out would let a rule pass on what is not known, hang on the order of a list, or cost without bound:

- ``has()``, whole records compared or sought in lists, ``dyn``, ``type``, ``null``: they answer differently, instead
  of not at all, when a fact is taken away;
- indexing, and lists compared with each other: they hang on the order of elements;
- ``+`` on texts and lists: nested in ``map`` it doubles memory with every few characters of a condition;
- times, durations, bytes, unsigned numbers, maps and messages: no fact has such a type, and rules have no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent_agency.arbitration.constitution.cel import Checked
from agent_agency.arbitration.constitution.facts_schema import lists, records
from agent_agency.arbitration.constitution.syntax_tree import (
    Call,
    Constant,
    Fold,
    ListOf,
    Name,
    Node,
    Select,
    Struct,
    children,
    every_node,
    read_types,
)

ACCUMULATOR = "@result"
"""What the compiler calls the value that a comprehension builds; nobody can write that name."""

MAX_NODES = 400
MAX_DEPTH = 24
MAX_FOLDS = 3
MAX_PATTERN = 200
MAX_WRITTEN_OUT = 2_000
"""Characters that a pattern may have with its repeats written out; the runtime prepares it anew for each element."""

_COMPARED = frozenset({"_==_", "_!=_", "@in"})
_FREE = frozenset(
    {"_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false"}
    | {"_<_", "_<=_", "_>_", "_>=_", "-_", "_-_", "_*_", "_/_", "_%_", "_+_"}
    | {"size", "contains", "startsWith", "endsWith", "matches"}
)
_CONVERSIONS = frozenset({"int", "double"})
_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "_[_]": "an index hangs on the order of a list; use 'exists' or 'all'",
        "string": "nothing in a rule needs a number as a text",
        "dyn": "'dyn' takes a fact out of the check of types",
        "type": "'type' has no meaning for facts, whose types are fixed",
        "timestamp": "rules have no clock and no times; compare days as texts, such as 'review.day'",
        "duration": "rules have no clock and no times; facts count in days",
    }
)
_SCALARS = frozenset({"bool", "int", "double", "string"})
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a condition may not hold, where (offset in characters), and whether it is its cost."""

    message: str
    offset: int
    costly: bool = False


def refusals(checked: Checked) -> tuple[Refusal, ...]:
    """Say what in a condition lies outside of the part of CEL that rules may use; the first place first."""
    types = read_types(checked.serialised)
    offsets = checked.offsets
    found = [
        Refusal(message, offsets.get(node.id, 0))
        for node in every_node(checked.tree)
        for message in _of_node(node, types)
    ]
    found.extend(Refusal(message, offsets.get(node.id, 0)) for node, message in _of_names(checked.tree))
    found.extend(Refusal(message, 0, costly=True) for message in _of_size(checked.tree))
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.offset, one.message)))


def _of_node(node: Node, types: Mapping[int, str]) -> Iterator[str]:
    if isinstance(node, Select) and node.test:
        yield "'has' would pass on a fact that was not measured; a missing fact makes the rule unknown by itself"
    elif isinstance(node, Struct):
        yield "maps and messages are no facts"
    elif isinstance(node, Constant) and node.kind not in _SCALARS:
        yield "no fact has the type of this literal; one that is missing is unknown, not null"
    elif isinstance(node, ListOf | Fold) and types.get(node.id, "").startswith("list(list("):
        yield "no list holds lists"
    elif isinstance(node, ListOf) and types.get(node.id, "") == "list(dyn)":
        yield "the list is empty or mixes types"
    elif isinstance(node, Call):
        yield from _of_call(node, types)


def _of_call(node: Call, types: Mapping[int, str]) -> Iterator[str]:
    kinds = [types.get(argument.id, "other") for argument in node.arguments]
    if node.function in _COMPARED:
        yield from _of_comparison(node.function, kinds)
    elif node.function in _CONVERSIONS:
        if kinds[0] not in {"int", "double"}:
            yield f"'{node.function}' converts numbers alone"
    elif node.function not in _FREE:
        yield _REASONS.get(node.function, f"'{node.function}' may not be used in a rule")
    elif node.function == "_+_" and types.get(node.id) not in {"int", "double"} and not _is_step(node):
        yield "'+' joins no texts and lists in a rule"
    elif node.function == "matches":
        yield from _of_pattern(node.arguments[-1])
    elif "dyn" in kinds:
        yield "the type of a value is not known"


def _of_comparison(function: str, kinds: list[str]) -> Iterator[str]:
    sought = function == "@in"
    of_list = kinds[1] in {f"list({scalar})" for scalar in _SCALARS}
    if kinds[0] not in _SCALARS or (not of_list if sought else kinds[1] not in _SCALARS):
        what = "sought in lists of such" if sought else "compared"
        yield f"only truth values, numbers and texts are {what}, not records and lists"


def _is_step(node: Call) -> bool:
    """Whether it is what ``map`` and ``filter`` are expanded to: the list so far and one element."""
    first = node.arguments[0]
    return isinstance(first, Name) and first.name == ACCUMULATOR


def _of_pattern(pattern: Node) -> Iterator[str]:
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        yield "a pattern is a text that stands in the rule"
    elif len(pattern.value) > MAX_PATTERN:
        yield f"a pattern has at most {MAX_PATTERN} characters"
    elif _written_out(pattern.value) > MAX_WRITTEN_OUT:
        yield f"a pattern has at most {MAX_WRITTEN_OUT:,} characters with its repeats written out"


def _written_out(pattern: str) -> int:
    """At most how long a pattern is without counted repeats, as if each stood inside all others."""
    length = len(pattern)
    for least, most in _REPEAT.findall(pattern):
        length *= max(1, min(int(most or least), MAX_WRITTEN_OUT + 1))
    return length


def _of_names(root: Node) -> Iterator[tuple[Node, str]]:
    """Variables of ``all``, ``exists`` and so on that hide a fact or another such variable."""
    facts = frozenset({*records(), *lists(), "it"})

    def walk(node: Node, bound: frozenset[str]) -> Iterator[tuple[Node, str]]:
        if isinstance(node, Fold):
            if node.variable in facts | bound:
                yield node, f"the variable '{node.variable}' hides what has that name already"
            bound |= {node.variable}
        for child in children(node):
            yield from walk(child, bound)

    yield from walk(root, frozenset())


def _of_size(root: Node) -> Iterator[str]:
    nodes = sum(1 for _ in every_node(root))
    if nodes > MAX_NODES:
        yield f"the condition has {nodes} parts; it may have {MAX_NODES}"
    if _depth(root) > MAX_DEPTH:
        yield f"the condition is nested more than {MAX_DEPTH} deep"
    if _folds(root) > MAX_FOLDS:
        yield f"'all', 'exists', 'map' and 'filter' stand inside each other at most {MAX_FOLDS} deep"


def _depth(node: Node) -> int:
    return 1 + max((_depth(child) for child in children(node)), default=0)


def _folds(node: Node) -> int:
    return isinstance(node, Fold) + max((_folds(child) for child in children(node)), default=0)
