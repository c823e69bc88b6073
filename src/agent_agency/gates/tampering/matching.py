"""Which test of the base is which function of the head: by name, by content, by likeness.

A moved, renamed or rewritten test must not look like a deleted one. Work is linear in the number of functions: likeness
is asked only of functions that share a rare statement.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent_agency.gates.tampering.claims import body_of
from agent_agency.gates.tampering.shape import ShapeWriter
from agent_agency.gates.tampering.units import PythonFile, Unit

LEAST_LIKENESS = 0.4
_MOST_SHARERS = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A function of the base and the function of the head that took its place."""

    base: Unit
    head: Unit


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs, and what of the base was left without one; ``new`` are the head's functions without one."""

    pairs: tuple[Pair, ...]
    gone: tuple[Unit, ...]
    new: tuple[Unit, ...]


def match_units(base: Sequence[PythonFile], head: Sequence[PythonFile], renames: Mapping[str, str]) -> Matching:
    """Pair the functions of two sets of files; ``renames`` maps base paths to head paths."""
    work = _Work(base, head)
    work.by_place(renames)
    work.by_content()
    work.by_name()
    work.by_likeness()
    return work.result()


class _Work:
    def __init__(self, base: Sequence[PythonFile], head: Sequence[PythonFile]) -> None:
        self._base = {(unit.path, unit.qualname): unit for file in base for unit in file.units.values()}
        self._head = {(unit.path, unit.qualname): unit for file in head for unit in file.units.values()}
        self._pairs: list[Pair] = []
        self._statements: dict[int, Counter[str]] = {}

    def _pair(self, base: Unit, head: Unit) -> None:
        self._pairs.append(Pair(base, head))
        del self._base[base.path, base.qualname]
        del self._head[head.path, head.qualname]

    def by_place(self, renames: Mapping[str, str]) -> None:
        for (path, qualname), unit in list(self._base.items()):
            other = self._head.get((renames.get(path, path), qualname))
            if other is not None:
                self._pair(unit, other)

    def by_content(self) -> None:
        waiting: dict[str, list[Unit]] = defaultdict(list)
        for unit in self._head.values():
            waiting[unit.digest].append(unit)
        for unit in list(self._base.values()):
            rivals = waiting[unit.digest]
            if rivals:
                named = next((other for other in rivals if other.name == unit.name), rivals[0])
                rivals.remove(named)
                self._pair(unit, named)

    def by_name(self) -> None:
        """The same name elsewhere, where the body is not a wholly different one."""
        same: dict[str, list[Unit]] = defaultdict(list)
        for unit in self._head.values():
            same[unit.name].append(unit)
        for unit in list(self._base.values()):
            rivals = [other for other in same[unit.name][:_MOST_SHARERS] if (other.path, other.qualname) in self._head]
            best = max(rivals, key=lambda other: self._likeness(unit, other), default=None)
            if best is not None and (unit.is_test or self._likeness(unit, best) >= LEAST_LIKENESS):
                self._pair(unit, best)

    def by_likeness(self) -> None:
        sharers: dict[str, list[Unit]] = defaultdict(list)
        for unit in self._head.values():
            for statement in self._of(unit):
                sharers[statement].append(unit)
        for unit in list(self._base.values()):
            if not unit.is_test:
                continue
            rivals = {
                (other.path, other.qualname): other
                for statement in self._of(unit)
                for other in sharers[statement][:_MOST_SHARERS]
                if (other.path, other.qualname) in self._head
            }
            best = max(rivals.values(), key=lambda other: self._likeness(unit, other), default=None)
            if best is not None and self._likeness(unit, best) >= LEAST_LIKENESS:
                self._pair(unit, best)

    def _of(self, unit: Unit) -> Counter[str]:
        if id(unit) not in self._statements:
            self._statements[id(unit)] = statements_of(unit)
        return self._statements[id(unit)]

    def _likeness(self, first: Unit, second: Unit) -> float:
        """How much two bodies share, 0 to 1 (Jaccard's index over statements)."""
        left, right = self._of(first), self._of(second)
        return (left & right).total() / max((left | right).total(), 1)

    def result(self) -> Matching:
        return Matching(tuple(self._pairs), tuple(self._base.values()), tuple(self._head.values()))


def statements_of(unit: Unit) -> Counter[str]:
    """The simple statements of a body by their shape, names left out."""
    writer = ShapeWriter({})
    return Counter(writer.strict(node) for node in _simple(body_of(unit.node)))


def _simple(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    pending = list(body)
    while pending:
        node = pending.pop()
        inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
        pending.extend(inner)
        pending.extend(
            statement
            for child in ast.iter_child_nodes(node)
            if isinstance(child, (ast.ExceptHandler, ast.match_case))
            for statement in child.body
        )
        if not inner:
            yield node
