"""Conditions on system and interpreter, weighed over those in use, so that every machine says the same."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from agent_agency.gates.tampering.python_source import dotted, is_literal

_VERSIONS = tuple((3, minor) for minor in range(9, 15))
_MUCH = 0.5
_ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def holds_on_few(condition: ast.AST, names: Mapping[str, ast.AST]) -> bool:
    """Whether a condition speaks of nothing but system and interpreter, and holds under fewer than half on Linux.

    A test that is skipped there still runs on the usual machines of a build service.
    """
    answers = []
    for version in _VERSIONS:
        try:
            answers.append(bool(_value(condition, names, version, 6)))
        except (_UnknownError, TypeError, ValueError, IndexError):
            return False
    return sum(answers) / len(answers) < _MUCH


class _UnknownError(Exception):
    """The expression speaks of something else."""


def _value(node: ast.AST, names: Mapping[str, ast.AST], version: tuple[int, int], depth: int) -> Any:
    if depth <= 0:
        raise _UnknownError
    if is_literal(node):
        return ast.literal_eval(ast.unparse(node))
    if isinstance(node, ast.Name) and node.id in names:
        return _value(names[node.id], names, version, depth - 1)
    if isinstance(node, ast.BoolOp):
        parts = [bool(_value(part, names, version, depth - 1)) for part in node.values]
        return any(parts) if isinstance(node.op, ast.Or) else all(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _value(node.operand, names, version, depth - 1)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = (_value(side, names, version, depth - 1) for side in (node.left, node.comparators[0]))
        return _ORDERS[type(node.ops[0])](left, right) if type(node.ops[0]) in _ORDERS else False
    return _of_system(node, names, version, depth)


def _of_system(node: ast.AST, names: Mapping[str, ast.AST], version: tuple[int, int], depth: int) -> Any:
    if isinstance(node, ast.Subscript) and dotted(node.value) == "sys.version_info":
        return _part((*version, 0, "final", 0), node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
        prefix = _value(node.args[0], names, version, depth - 1)
        return str(_value(node.func.value, names, version, depth - 1)).startswith(prefix)
    known = {
        "sys.version_info": (*version, 0, "final", 0),
        "sys.version_info.minor": version[1],
        "sys.version_info.major": version[0],
        "sys.platform": "linux",
        "os.name": "posix",
        "platform.system": "Linux",
        "platform.python_implementation": "CPython",
        "sys.implementation.name": "cpython",
    }
    if dotted(node) not in known:
        raise _UnknownError
    return known[dotted(node)]


def _part(value: tuple[Any, ...], index: ast.expr) -> Any:
    if isinstance(index, ast.Slice):
        upper = getattr(index.upper, "value", None)
        return value[:upper] if index.lower is None and index.step is None else value
    return value[int(ast.literal_eval(ast.unparse(index)))]
