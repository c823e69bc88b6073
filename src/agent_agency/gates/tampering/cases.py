"""The cases of a parametrised or table-driven test, and which of them went or changed."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent_agency.gates.tampering.python_source import last_name, numbered, scalars
from agent_agency.gates.tampering.refuge import Refuge
from agent_agency.gates.tampering.rules import quoted
from agent_agency.gates.tampering.units import PythonFile, Unit

_MOST_PARTNERS = 200
_TABLES = frozenset({"parametrize", "expand", "parameterized", "data", "fixture", "cases"})
Rows = Mapping[str, tuple[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class CaseLoss:
    """What happened to the cases of one table: texts of the rows that went and of pairs of rows that changed."""

    total: int
    removed: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]


def cases_of_test(unit: Unit) -> Counter[str]:
    """The rows of the tables that stand in a test's decorators and loops, as code."""
    found: Counter[str] = Counter()
    for decorator in unit.node.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        name = last_name(decorator)
        if name == "example":
            found[ast.unparse(decorator)] += 1
        elif name in _TABLES:
            for argument in (*decorator.args, *(keyword.value for keyword in decorator.keywords)):
                found.update(_rows(argument, unit.claims.names if name != "data" else {}))
            if name == "data":
                found.update(ast.unparse(argument) for argument in decorator.args)
    for node in ast.walk(unit.node):
        if isinstance(node, (ast.For, ast.AsyncFor)):
            found.update(_rows(node.iter, unit.claims.names))
    return found


def tables_of_file(file: PythonFile) -> Mapping[str, Counter[str]]:
    """The rows of the tables that are bound to names at the top of a file."""
    tables = {name: Counter(_rows(value, {})) for name, value in file.names.items() if name != "pytestmark"}
    return {name: rows for name, rows in tables.items() if rows}


def case_loss(before: Counter[str], after: Counter[str], refuge: Refuge) -> CaseLoss:
    """Hold two versions of a table against each other; rows that the head holds elsewhere are not lost."""
    lost = [row for row in (before - after).elements() if not refuge.has_row(_constants(row))]
    gained = [(row, _constants(row)) for row in (after - before).elements()]
    removed, changed = [], []
    for row in lost:
        held = _constants(row)
        near = max(gained[:_MOST_PARTNERS], key=lambda other: len(other[1] & held), default=None)
        if near is not None and near[1] & held:
            gained.remove(near)
            changed.append((quoted(row), quoted(near[0])))
        else:
            removed.append(quoted(row))
    return CaseLoss(before.total(), tuple(removed), tuple(changed))


def _rows(node: ast.AST, names: Mapping[str, ast.AST]) -> Iterator[str]:
    if isinstance(node, ast.Name) and node.id in names:
        node = names[node.id]
    if isinstance(node, ast.Call) and last_name(node) in {"enumerate", "items", "zip", "sorted"}:
        inner = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        for argument in inner:
            yield from _rows(argument, names)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        yield from (_text(item) for item in node.elts)
    elif isinstance(node, ast.Dict):
        yield from (
            f"({ast.unparse(key)}, {ast.unparse(value)})"
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        )


def _text(item: ast.expr) -> str:
    """A row without its id and marks."""
    if isinstance(item, ast.Call) and last_name(item) == "param":
        inner = item.args[0] if len(item.args) == 1 else ast.Tuple(item.args, ast.Load())
        return ast.unparse(inner)
    return ast.unparse(ast.Tuple(item.elts, ast.Load()) if isinstance(item, ast.List) else item)


def _constants(row: str) -> frozenset[str]:
    return numbered(scalars(ast.parse(f"({row},)", mode="eval")))
