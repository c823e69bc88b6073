"""Whether conditions can hold together: a search over the values that tell their comparisons apart.

A condition is taken apart into atoms: a fact against a constant, a truth value alone, or anything else (two facts
compared, a comprehension, a text function), of which only that it is true or false is known. For each fact the values
tried are those that its constants single out (each constant, what lies next to it, one that is none of them), or all
that the schema names. So "cannot hold" is certain; "can hold" is certain only where no atom is of the last kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from agent_agency.arbitration.constitution.closed_values import closed_values
from agent_agency.arbitration.constitution.fact_paths import ANY, IT, Read, path_read
from agent_agency.arbitration.constitution.syntax_tree import (
    Call,
    Constant,
    Fold,
    ListOf,
    Name,
    Node,
    Select,
    children,
)

MAX_WORK = 100_000
"""Atoms looked at in one search; a search that needs more is not decided."""

_Assignment: TypeAlias = dict[Read, Any]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of a formula."""

    of: Formula


@dataclass(frozen=True, slots=True)
class Join:
    """All of some formulas (``every``), or at least one of them."""

    parts: tuple[Formula, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Atom:
    """A test of one fact: ``operator`` is ``==``, ``<`` or ``>``, or empty where the fact is a truth value itself.

    ``opaque`` says that the path is only the shape of an expression that is not looked into.
    """

    path: Read
    operator: str = ""
    value: Any = True
    opaque: bool = False


Formula: TypeAlias = Not | Join | Atom | bool


class UndecidedError(Exception):
    """The search took more steps than it may."""


def formula_of(node: Node, each: str = "") -> Formula:
    """Take a condition apart; ``each`` names the list whose element ``it`` is."""
    if isinstance(node, Constant) and isinstance(node.value, bool):
        return node.value
    if isinstance(node, Call):
        made = _of_call(node, each)
        if made is not None:
            return made
    path = fact_of(node, each)
    return Atom(path) if path is not None else _opaque(shape(node, each))


def all_of(*parts: Formula) -> Formula:
    """Every one of some formulas."""
    return Join(parts, every=True)


def can_hold(formula: Formula) -> bool:
    """Whether some values of the facts make it true; what is opaque may have any.

    Raises:
        UndecidedError: too many values would have to be tried.
    """
    domains = _domains(formula)
    order = sorted(domains, key=lambda path: (len(domains[path]), path))
    atoms = sum(1 for _ in atoms_of(formula))
    return _search(formula, order, domains, {}, [MAX_WORK // (atoms + 1)])


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """Every atom in a formula."""
    if isinstance(formula, Atom):
        yield formula
    elif isinstance(formula, Not):
        yield from atoms_of(formula.of)
    elif isinstance(formula, Join):
        for part in formula.parts:
            yield from atoms_of(part)


def shape(node: Node, each: str = "") -> str:
    """A condition as one text, the same for any two that differ in white space or the names of variables alone."""
    return _shape(node, each, {})


def _opaque(told: str) -> Atom:
    return Atom((told,), opaque=True)


def _of_call(node: Call, each: str) -> Formula | None:
    arguments = node.arguments
    if node.function in {"_&&_", "_||_"}:
        return Join(tuple(formula_of(one, each) for one in arguments), every=node.function == "_&&_")
    if node.function == "!_":
        return Not(formula_of(arguments[0], each))
    if node.function == "_?_:_":
        test, then, other = (formula_of(one, each) for one in arguments)
        return Join((Join((test, then), every=True), Join((Not(test), other), every=True)), every=False)
    compare = _COMPARISONS.get(node.function)
    return None if compare is None else compare(arguments, each)


def _equal(arguments: Sequence[Node], each: str) -> Formula:
    left, right = arguments
    if isinstance(left, Constant) and isinstance(right, Constant):
        return left.value == right.value
    if shape(left, each) == shape(right, each):
        return True
    for fact, constant in ((left, right), (right, left)):
        path = fact_of(fact, each)
        if path is not None and isinstance(constant, Constant):
            return Atom(path, "==", constant.value)
    return _opaque(" == ".join(sorted((shape(left, each), shape(right, each)))))


def _unequal(arguments: Sequence[Node], each: str) -> Formula:
    return Not(_equal(arguments, each))


def _less(arguments: Sequence[Node], each: str) -> Formula:
    left, right = arguments
    if shape(left, each) == shape(right, each):
        return False
    path, other = fact_of(left, each), fact_of(right, each)
    if path is not None and isinstance(right, Constant):
        return Atom(path, "<", right.value)
    if other is not None and isinstance(left, Constant):
        return Atom(other, ">", left.value)
    return _opaque(f"{shape(left, each)} < {shape(right, each)}")


def _greater(arguments: Sequence[Node], each: str) -> Formula:
    return _less((arguments[1], arguments[0]), each)


def _at_most(arguments: Sequence[Node], each: str) -> Formula:
    return Not(_greater(arguments, each))


def _at_least(arguments: Sequence[Node], each: str) -> Formula:
    return Not(_less(arguments, each))


def _among(arguments: Sequence[Node], each: str) -> Formula:
    sought, listed = arguments
    path = fact_of(sought, each)
    if path is not None and isinstance(listed, ListOf) and all(isinstance(one, Constant) for one in listed.elements):
        values = tuple(one.value for one in listed.elements if isinstance(one, Constant))
        return Join(tuple(Atom(path, "==", value) for value in values), every=False)
    return _opaque(f"{shape(sought, each)} in {shape(listed, each)}")


_COMPARISONS: Mapping[str, Callable[[Sequence[Node], str], Formula]] = {
    "_==_": _equal,
    "_!=_": _unequal,
    "_<_": _less,
    "_>_": _greater,
    "_<=_": _at_most,
    "_>=_": _at_least,
    "@in": _among,
}


def fact_of(node: Node, each: str) -> Read | None:
    """The path of a single fact; ``it`` is told apart by the list that it is of."""
    if not isinstance(node, Select):
        return None
    path = path_read(node, {})
    if path is None or ANY in path:
        return None
    return (f"{IT}@{each}", *path[1:]) if path[0] == IT else path


def _shape(node: Node, each: str, bound: Mapping[str, str]) -> str:
    if isinstance(node, Constant):
        return f"{node.kind}:{node.value!r}"
    if isinstance(node, Name):
        return bound.get(node.name, f"{IT}@{each}" if node.name == IT else node.name)
    if isinstance(node, Select):
        return f"{'has ' if node.test else ''}{_shape(node.operand, each, bound)}.{node.field}"
    if isinstance(node, Fold):
        return _shape_of_fold(node, each, bound)
    label = node.function if isinstance(node, Call) else type(node).__name__
    return f"{label}({', '.join(_shape(one, each, bound) for one in children(node))})"


def _shape_of_fold(node: Fold, each: str, bound: Mapping[str, str]) -> str:
    inner = {**bound, node.variable: f"${len(bound)}", node.accumulator: f"@{len(bound)}"}
    parts = (_shape(one, each, inner) for one in (node.initial, node.proceed, node.step, node.result))
    return f"fold({_shape(node.source, each, bound)}; {'; '.join(parts)})"


def _domains(formula: Formula) -> dict[Read, tuple[Any, ...]]:
    constants: dict[Read, set[Any]] = {}
    for atom in atoms_of(formula):
        constants.setdefault(atom.path, set()).add(atom.value)
    return {path: _values(path, found) for path, found in constants.items()}


def _values(path: Read, constants: Iterable[Any]) -> tuple[Any, ...]:
    if any(isinstance(constant, bool) for constant in constants):
        return (False, True)
    known = closed_values(path)
    if known:
        return known
    tried: set[Any] = set()
    for constant in constants:
        if isinstance(constant, str):
            tried |= {"", constant, constant + "\0"}
        elif isinstance(constant, int | float):
            tried |= {constant - 1, constant, constant + 1}
            if isinstance(constant, float):
                tried |= {(constant + other) / 2 for other in constants if isinstance(other, float)}
    return tuple(sorted(tried))


def _search(
    formula: Formula,
    order: Sequence[Read],
    domains: Mapping[Read, tuple[Any, ...]],
    tried: _Assignment,
    left: list[int],
) -> bool:
    holds = _holds(formula, tried)
    if holds is not None:
        return holds
    path = order[len(tried)]
    for value in domains[path]:
        left[0] -= 1
        if left[0] < 0:
            raise UndecidedError
        tried[path] = value
        if _search(formula, order, domains, tried, left):
            return True
        del tried[path]
    return False


def _holds(formula: Formula, values: _Assignment) -> bool | None:
    """What a formula is over some of the facts; None where that is open."""
    if isinstance(formula, bool):
        return formula
    if isinstance(formula, Atom):
        return _test(formula, values[formula.path]) if formula.path in values else None
    if isinstance(formula, Not):
        inner = _holds(formula.of, values)
        return None if inner is None else not inner
    answers = [_holds(part, values) for part in formula.parts]
    decisive = not formula.every
    if decisive in answers:
        return decisive
    return None if None in answers else formula.every


def _test(atom: Atom, value: Any) -> bool:
    if atom.operator == "<":
        return bool(value < atom.value)
    if atom.operator == ">":
        return bool(value > atom.value)
    return type(value) is type(atom.value) and bool(value == atom.value)
