"""The parts of a Python source that can be compared by name: functions, imports, what else stands at module level."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

MODULE = "<module>"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Unit:
    """One function: its code without the docstring, its docstring, its parameters, and the names that it uses."""

    code: str
    docstring: str
    parameters: str
    uses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Units:
    """A module taken apart; ``functions`` are named ``f`` or ``Class.f``, ``rest`` is what is neither nor an import."""

    functions: dict[str, Unit]
    imports: frozenset[str]
    rest: str


def units_of(source: str) -> Units:
    """Take a source apart.

    Raises:
        SyntaxError: it is no Python.
    """
    tree = ast.parse(source)
    functions: dict[str, Unit] = {}
    imports: set[str] = set()
    rest: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.update(_imported(node))
        elif isinstance(node, _Function):
            functions[node.name] = _unit(node)
        elif isinstance(node, ast.ClassDef):
            members = dict(_members(node))
            functions.update(members)
            rest += [node.name, *map(ast.dump, node.bases), *_plain(node.body)]
        else:
            rest += _plain([node])
    return Units(functions, frozenset(imports), "\n".join(rest))


def changed_functions(before: Units, after: Units) -> frozenset[str]:
    """Functions of the base whose code differs or is gone; ``<module>`` where module level differs."""
    found = {
        name
        for name, unit in before.functions.items()
        if name not in after.functions or after.functions[name].code != unit.code
    }
    return frozenset(found | ({MODULE} if before.rest != after.rest else set()))


def _members(node: ast.ClassDef) -> Iterator[tuple[str, Unit]]:
    for inner in node.body:
        if isinstance(inner, _Function):
            yield f"{node.name}.{inner.name}", _unit(inner)


def _unit(node: _Function) -> Unit:
    docstring = ast.get_docstring(node) or ""
    body = node.body[1:] if docstring else node.body
    code = "\n".join((ast.dump(node.args), *map(ast.dump, node.decorator_list), *map(ast.dump, body)))
    return Unit(code, docstring, ast.dump(node.args), frozenset(_names(node)))


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    for alias in node.names:
        yield f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name


def _plain(body: list[ast.stmt]) -> list[str]:
    """What counts at module or class level: everything but functions and texts that stand alone."""
    return [
        ast.dump(node)
        for node in body
        if not isinstance(node, _Function) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
