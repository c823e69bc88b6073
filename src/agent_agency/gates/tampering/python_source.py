"""Python read into a syntax tree within bounds, and what its expressions say without being run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

MAX_PYTHON_BYTES = 2 << 20
MAX_DEPTH = 200

_DISPLAYS = (ast.List, ast.Tuple, ast.Set)


@dataclass(frozen=True, slots=True)
class Unparsable:
    """Why a file could not be read as Python."""

    reason: str


def is_python(path: str) -> bool:
    """Whether the name says that the file holds Python."""
    return PurePosixPath(path).suffix.lower() in {".py", ".pyw"}


def parse_python(data: bytes) -> ast.Module | Unparsable:
    """Read a file; one that is too large, too deeply nested or no Python is told, never guessed at."""
    if len(data) > MAX_PYTHON_BYTES:
        return Unparsable(f"it is larger than {MAX_PYTHON_BYTES >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except SyntaxError as error:
        return Unparsable(f"line {error.lineno or 1} is no Python that this interpreter reads")
    except (ValueError, RecursionError, MemoryError):
        return Unparsable("it is no Python that this interpreter reads")
    return Unparsable("it is nested too deeply") if _is_too_deep(tree) else tree


def _is_too_deep(tree: ast.Module) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for a name or an attribute of one; for a call what is called; empty for anything else."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Name):
            return ".".join([node.id, *reversed(parts)])
        else:
            return ".".join(["", *reversed(parts)]) if parts else ""


def last_name(node: ast.AST) -> str:
    """The last part of ``dotted``."""
    return dotted(node).rpartition(".")[2]


def folded(node: ast.AST) -> ast.AST:
    """A signed number as one constant; any other expression as it is."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, (int, float, complex)) and not isinstance(value, bool):
            if isinstance(node.op, ast.USub):
                return ast.copy_location(ast.Constant(-value), node)
            if isinstance(node.op, ast.UAdd):
                return ast.copy_location(ast.Constant(value), node)
    return node


def is_literal(node: ast.AST) -> bool:
    """Whether the expression is a constant, or a display of nothing but constants."""
    node = folded(node)
    if isinstance(node, _DISPLAYS):
        return all(is_literal(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(key is not None and is_literal(key) for key in node.keys) and all(map(is_literal, node.values))
    return isinstance(node, ast.Constant)


def scalars(node: ast.AST) -> Iterator[str]:
    """The constants in an expression, each written so that ``1``, ``1.0``, ``True`` and ``'1'`` differ."""
    pending = [node]
    while pending:
        item = folded(pending.pop())
        if isinstance(item, ast.Constant):
            yield scalar(item.value)
        else:
            pending.extend(ast.iter_child_nodes(item))


def numbered(items: Iterable[str]) -> frozenset[str]:
    """Constants as a set in which the second of two equal ones is not lost."""
    seen: dict[str, int] = {}
    found = set()
    for item in items:
        seen[item] = seen.get(item, 0) + 1
        found.add(item if seen[item] == 1 else f"{item} #{seen[item]}")
    return frozenset(found)


def scalar(value: object) -> str:
    """One constant with its type."""
    return f"{type(value).__name__}:{value!r}"


def truth(node: ast.AST, names: Mapping[str, ast.AST] | None = None) -> bool | None:
    """Whether an expression is true whatever happens; ``None`` when that depends."""
    node = folded(node)
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, (*_DISPLAYS, ast.JoinedStr, ast.Dict, ast.Lambda)):
        return _truth_of_display(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = truth(node.operand, names)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        return _truth_of_both(node, names)
    return _truth_of_comparison(node) if isinstance(node, ast.Compare) else _truth_of_name(node, names)


def _truth_of_name(node: ast.AST, names: Mapping[str, ast.AST] | None) -> bool | None:
    if isinstance(node, (ast.Name, ast.Attribute)) and last_name(node) == "TYPE_CHECKING":
        return False
    if isinstance(node, ast.Call) and last_name(node) == "bool" and len(node.args) == 1:
        return truth(node.args[0], names)
    if isinstance(node, ast.Name) and names and node.id in names:
        return truth(names[node.id], {name: value for name, value in names.items() if name != node.id})
    return None


def _truth_of_display(node: ast.AST) -> bool | None:
    if isinstance(node, ast.Lambda):
        return True
    if isinstance(node, ast.Dict):
        return bool(node.keys) if all(node.keys) or not node.keys else None
    if isinstance(node, ast.JoinedStr):
        return True if any(isinstance(part, ast.Constant) and part.value for part in node.values) else None
    items = getattr(node, "elts", [])
    if any(not isinstance(item, ast.Starred) for item in items):
        return True
    return None if items else False


def _truth_of_both(node: ast.BoolOp, names: Mapping[str, ast.AST] | None) -> bool | None:
    parts = [truth(value, names) for value in node.values]
    decisive = isinstance(node.op, ast.Or)
    if decisive in parts:
        return decisive
    if None not in parts:
        return not decisive
    return True if decisive and _says_either(node.values) else None


def _says_either(values: list[ast.expr]) -> bool:
    """Whether ``x or not x`` stands among the alternatives, or ``a == b or a != b``."""
    said = {ast.dump(value) for value in values}
    return any(ast.dump(_negated(value)) in said for value in values)


def _negated(node: ast.expr) -> ast.expr:
    opposites: dict[type, type] = {ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.In: ast.NotIn, ast.Lt: ast.GtE}
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in opposites:
        return ast.Compare(node.left, [opposites[type(node.ops[0])]()], node.comparators)
    return ast.UnaryOp(ast.Not(), node)


def _truth_of_comparison(node: ast.Compare) -> bool | None:
    sides = [node.left, *node.comparators]
    same = all(ast.dump(side) == ast.dump(sides[0]) for side in sides)
    if same and all(isinstance(op, (ast.Eq, ast.Is, ast.LtE, ast.GtE)) for op in node.ops):
        return True
    if same and all(isinstance(op, (ast.NotEq, ast.IsNot, ast.Lt, ast.Gt)) for op in node.ops):
        return False
    if len(sides) == 2:  # noqa: PLR2004 - left and right
        return _truth_of_pair(sides[0], node.ops[0], sides[1])
    return None


def _truth_of_pair(left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool | None:
    if isinstance(op, ast.Eq) and "ANY" in {last_name(left), last_name(right)}:
        return True
    if isinstance(op, ast.GtE) and last_name(left) == "len" and ast.dump(folded(right)) == ast.dump(ast.Constant(0)):
        return True
    if not (is_literal(left) and is_literal(right)):
        return None
    first, second = sorted(scalars(left)), sorted(scalars(right))
    if isinstance(op, (ast.Eq, ast.Is)):
        return first == second
    return first != second if isinstance(op, (ast.NotEq, ast.IsNot)) else True


def single_assignments(body: list[ast.stmt], *, nested: bool = True) -> Mapping[str, ast.AST]:
    """Names that are bound exactly once, by a plain assignment, each with its value.

    Looks into compound statements when ``nested``, never into functions or classes.
    """
    values: dict[str, ast.AST] = {}
    times: dict[str, int] = {}
    for node in _own_nodes(body, nested=nested):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if len(targets) == 1 and isinstance(targets[0], ast.Name):
                values[targets[0].id] = node.value
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            times[node.id] = times.get(node.id, 0) + 1
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            times[node.name] = times.get(node.name, 0) + 1
    return {name: value for name, value in values.items() if times.get(name) == 1}


def _own_nodes(body: list[ast.stmt], *, nested: bool) -> Iterator[ast.AST]:
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if nested or not isinstance(node, (ast.If, ast.For, ast.While, ast.Try, ast.With)):
            pending.extend(ast.iter_child_nodes(node))
