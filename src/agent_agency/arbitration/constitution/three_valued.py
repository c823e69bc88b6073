"""Conditions evaluated in Python, most of them a second time, to name the facts that an unknown hangs on.

The runtime says only that some key was not found. This evaluation carries, in place of a value, the full paths of the
missing facts that the value hangs on; a missing fact that cannot change the answer (``false && missing``) is not
named. It knows the part of CEL that rules may use and nothing more. It also answers conditions that build long lists,
which the runtime copies with each element (``work_bound``), and serves as an oracle for the runtime in tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.fact_paths import Located
from agent_agency.arbitration.constitution.syntax_tree import (
    Call,
    Constant,
    Fold,
    ListOf,
    Name,
    Node,
    Select,
)

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """No value: the paths of the facts that are missing, or why it cannot be worked out (``1 / 0``).

    ``parts`` are the unknowns that it was joined of. They are gathered only when asked for: a condition over a long
    list joins one for each of its elements, and to copy sets each time would take the square of that.
    """

    own_missing: frozenset[str] = frozenset()
    own_why: frozenset[str] = frozenset()
    parts: tuple[Unknown, ...] = field(default=(), repr=False)

    def __or__(self, other: Unknown) -> Unknown:
        return Unknown(parts=(self, other))

    @property
    def missing(self) -> frozenset[str]:
        """The paths of the missing facts."""
        return frozenset().union(*(one.own_missing for one in self._all()))

    @property
    def why(self) -> frozenset[str]:
        """Why there is no value, where no missing fact is the reason."""
        return frozenset().union(*(one.own_why for one in self._all()))

    def _all(self) -> Iterator[Unknown]:
        """Each once, without recursion: they nest as deep as a list is long."""
        seen: set[int] = set()
        open_for = [self]
        while open_for:
            one = open_for.pop()
            if id(one) not in seen:
                seen.add(id(one))
                open_for.extend(one.parts)
                yield one


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables, and the runtime's own search for patterns: Python's can be made to take for ever."""

    values: Mapping[str, Any]
    matches: Callable[[str, str], bool | None]


def evaluate_tree(node: Node, scope: Scope) -> Any:
    """Evaluate a tree that ``subset.refusals`` has nothing against.

    Args:
        node: the root of the tree.
        scope: its values are what ``fact_paths.scope_of`` made of the facts.

    Returns:
        The value, or an ``Unknown``.
    """
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Name):
        return scope.values.get(node.name, Unknown(frozenset({node.name})))
    reader = _NODES.get(type(node))
    return _cannot("a literal of this kind is not known") if reader is None else reader(node, scope)


def _cannot(why: str) -> Unknown:
    return Unknown(own_why=frozenset({why}))


def _select(node: Select, scope: Scope) -> Any:
    record = evaluate_tree(node.operand, scope)
    if isinstance(record, Unknown):
        return record
    if not isinstance(record, Located):
        return _cannot("a field is asked of what has none")
    if node.field not in record.members:
        return Unknown(frozenset({f"{record.path}.{node.field}"}))
    return record.members[node.field]


def _fold(node: Fold, scope: Scope) -> Any:
    source = evaluate_tree(node.source, scope)
    if isinstance(source, Unknown):
        return source
    values = {**scope.values, node.accumulator: evaluate_tree(node.initial, scope)}
    inner = Scope(values, scope.matches)
    for element in source:
        values[node.variable] = element
        if evaluate_tree(node.proceed, inner) is False:
            break
        values[node.accumulator] = evaluate_tree(node.step, inner)
    return evaluate_tree(node.result, inner)


def _list(node: ListOf, scope: Scope) -> Any:
    elements = [evaluate_tree(element, scope) for element in node.elements]
    unknown = _first_unknown(elements)
    return elements if unknown is None else unknown


def _call(node: Call, scope: Scope) -> Any:
    lazy = _LAZY.get(node.function)
    if lazy is not None:
        return lazy(node.arguments, scope)
    values = [evaluate_tree(argument, scope) for argument in node.arguments]
    unknown = _first_unknown(values)
    if unknown is not None:
        return unknown
    if node.function == "matches":
        found = scope.matches(values[0], values[1])
        return _cannot("the pattern cannot be searched for") if found is None else found
    if node.function == "_+_" and _is_built(node.arguments[0], values[0]):
        values[0].extend(values[1])
        return values[0]
    return _strict(node.function, values)


def _is_built(node: Node, value: Any) -> bool:
    """Whether it is the list that ``map`` or ``filter`` builds; nothing but their next step can see it.

    The compiler names it, as nobody can in a condition.
    """
    return isinstance(node, Name) and node.name.startswith("@") and isinstance(value, list)


def _strict(name: str, values: Sequence[Any]) -> Any:
    function = _STRICT.get(name)
    if function is None:
        return _cannot(f"'{name}' is not known")
    try:
        result = function(*values)
    except ZeroDivisionError:
        return _cannot("division by zero")
    except (ValueError, TypeError, OverflowError) as error:
        return _cannot(str(error) or "no value")
    overflows = type(result) is int and not _INT_MIN <= result <= _INT_MAX
    return _cannot("integer overflow") if overflows else result


def _first_unknown(values: Sequence[Any]) -> Unknown | None:
    unknown: Unknown | None = None
    for value in values:
        if isinstance(value, Unknown):
            unknown = value if unknown is None else unknown | value
    return unknown


def _and_or(arguments: Sequence[Node], scope: Scope, decides: bool) -> Any:  # noqa: FBT001 - false for and, true for or
    values = [evaluate_tree(argument, scope) for argument in arguments]
    if any(value is decides for value in values):
        return decides
    unknown = _first_unknown(values)
    return (not decides) if unknown is None else unknown


def _and(arguments: Sequence[Node], scope: Scope) -> Any:
    return _and_or(arguments, scope, False)  # noqa: FBT003 - false decides


def _or(arguments: Sequence[Node], scope: Scope) -> Any:
    return _and_or(arguments, scope, True)  # noqa: FBT003 - true decides


def _choose(arguments: Sequence[Node], scope: Scope) -> Any:
    condition = evaluate_tree(arguments[0], scope)
    if isinstance(condition, Unknown):
        return condition
    return evaluate_tree(arguments[1 if condition else 2], scope)


def _not_strictly_false(arguments: Sequence[Node], scope: Scope) -> Any:
    return evaluate_tree(arguments[0], scope) is not False


def _divide(left: float, right: float) -> float:
    if type(left) is int and type(right) is int:
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _modulo(left: int, right: int) -> int:
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


_LAZY: Mapping[str, Callable[[Sequence[Node], Scope], Any]] = MappingProxyType(
    {"_&&_": _and, "_||_": _or, "_?_:_": _choose, "@not_strictly_false": _not_strictly_false}
)

_STRICT: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "!_": lambda a: not a,
        "-_": lambda a: -a,
        "_==_": lambda a, b: a == b,
        "_!=_": lambda a, b: a != b,
        "_<_": lambda a, b: a < b,
        "_<=_": lambda a, b: a <= b,
        "_>_": lambda a, b: a > b,
        "_>=_": lambda a, b: a >= b,
        "_+_": lambda a, b: a + b,
        "_-_": lambda a, b: a - b,
        "_*_": lambda a, b: a * b,
        "_/_": _divide,
        "_%_": _modulo,
        "@in": lambda a, b: a in b,
        "size": len,
        "contains": lambda a, b: b in a,
        "startsWith": lambda a, b: a.startswith(b),
        "endsWith": lambda a, b: a.endswith(b),
        "int": int,
        "double": float,
    }
)

_NODES: Mapping[type, Callable[[Any, Scope], Any]] = MappingProxyType(
    {Select: _select, ListOf: _list, Call: _call, Fold: _fold}
)
