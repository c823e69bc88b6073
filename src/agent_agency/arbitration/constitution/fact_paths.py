"""Paths of facts: which a condition reads, what they hold in a case, and how an element of a list is named.

A path is written ``spec.tier`` or ``gates[tests].status``. Which paths a condition reads is worked out from its tree,
not by watching it run, so that it does not hang on which operand was evaluated first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from agent_agency.arbitration.constitution.syntax_tree import Call, Fold, ListOf, Name, Node, Select
from agent_agency.facts import display_path

IT = "it"
ANY = "*"
"""In a path that is read: any element of the list before it."""

MAX_TOLD = 32
"""Elements of a list whose facts are told one by one; of a longer list only the number is told."""

MAX_NAME = 300
"""The longest name of an element, in characters; a longer one is cut."""

NAMED_BY: Mapping[str, str] = MappingProxyType(
    {
        "gates": "name",
        "findings": "fingerprint",
        "files": "path",
        "governance": "path",
        "waivers": "id",
        "authors": "address",
        "claims": "text",
    }
)
"""The fact that names an element of each list."""

Read: TypeAlias = tuple[str, ...]
_Bindings: TypeAlias = Mapping[str, "Read | None"]


@dataclass(frozen=True, slots=True)
class Located:
    """A record or an element of a list, with its path."""

    path: str
    members: Mapping[str, Any]


def element_name(listed: str, members: Mapping[str, Any]) -> str:
    """What tells an element of a list from the others, fit to be shown; ``?`` where that fact is missing."""
    name = members.get(NAMED_BY[listed])
    return display_path(name)[:MAX_NAME] if isinstance(name, str) else "?"


def element_path(listed: str, members: Mapping[str, Any]) -> str:
    """The path of an element: ``gates[tests]``."""
    return f"{listed}[{element_name(listed, members)}]"


def scope_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Locate every record and element of the facts, for ``three_valued.evaluate_tree``."""
    return {
        name: Located(name, value)
        if isinstance(value, Mapping)
        else [Located(element_path(name, element), element) for element in value]
        for name, value in facts.items()
    }


def scope_with_element(scope: Mapping[str, Any], each: str, it: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts with the element that a rule is asked for."""
    return {**scope, IT: Located(element_path(each, it), it)}


def reads_of(*trees: Node) -> tuple[Read, ...]:
    """Every path that the conditions read, in order: ``("spec", "tier")``, ``("gates", "*", "status")``.

    A list alone, ``("gates",)``, means that its elements are gone through or counted.
    """
    found = {read for tree in trees for read in _reads(tree, {})}
    return tuple(sorted(found))


def fact_read(read: Read, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts at a path that does not begin with ``it``, by their own paths; what is missing is left out.

    A list of records is told by its number of elements. ``facts`` are plain dicts and lists.
    """
    told: dict[str, Any] = {}
    if read[0] in facts:
        _tell(told, read[0], facts[read[0]], read[1:])
    return told


def fact_of_element(read: Read, each: str, it: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a path that begins with ``it``."""
    told: dict[str, Any] = {}
    _tell(told, element_path(each, it), it, read[1:])
    return told


def _tell(told: dict[str, Any], path: str, value: Any, rest: Sequence[str]) -> None:
    if not rest:
        told[path] = len(value) if path in NAMED_BY else value
    elif rest[0] != ANY:
        if type(value) is dict and rest[0] in value:
            _tell(told, f"{path}.{rest[0]}", value[rest[0]], rest[1:])
    elif _is_records(value) and len(value) <= MAX_TOLD:
        seen: dict[str, int] = {}
        for element in value:
            named = element_path(path, element)
            seen[named] = seen.get(named, 0) + 1
            _tell(told, named if seen[named] == 1 else f"{named}#{seen[named]}", element, rest[1:])


def _is_records(value: Any) -> bool:
    return type(value) is list and all(type(element) is dict for element in value[:1])


def _reads(node: Node, bound: _Bindings) -> Iterator[Read]:
    path = path_read(node, bound)
    if path is not None:
        if path[-1] != ANY:
            yield path
        return
    if isinstance(node, Fold):
        yield from _reads(node.source, bound)
        inner = {**bound, node.variable: element_read(node.source, bound), node.accumulator: None}
        for below in (node.initial, node.step, node.result):
            yield from _reads(below, inner)
    elif isinstance(node, Select):
        yield from _reads(node.operand, bound)
    elif isinstance(node, Call | ListOf):
        for below in node.arguments if isinstance(node, Call) else node.elements:
            yield from _reads(below, bound)


def path_read(node: Node, bound: _Bindings) -> Read | None:
    """The path that a name or a chain of fields stands for; None for anything else."""
    if isinstance(node, Name):
        return bound.get(node.name, (node.name,))
    if isinstance(node, Select):
        above = path_read(node.operand, bound)
        return None if above is None else (*above, node.field)
    return None


def element_read(source: Node, bound: _Bindings) -> Read | None:
    """The path of the elements of a list: of facts, or of what ``filter`` or ``map`` leaves of one."""
    path = path_read(source, bound)
    if path is not None:
        return (*path, ANY)
    if isinstance(source, Fold):
        inner = {**bound, source.variable: element_read(source.source, bound), source.accumulator: None}
        for kept in _kept(source.step):
            return path_read(kept, inner)
    return None


def _kept(step: Node) -> Iterator[Node]:
    """What the step of a ``filter`` or ``map`` puts into the list."""
    if isinstance(step, ListOf):
        yield from step.elements
    elif isinstance(step, Call):
        for argument in step.arguments[-2:]:
            yield from _kept(argument)
