"""Constant expressions worked out without running anything, in a form that compares equal for equal values."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping

from agent_agency.gates.tampering.python_source import folded, last_name

MAX_NUMBER = 10**30
MAX_TEXT = 2_000

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.BitXor: operator.xor,
    ast.BitOr: operator.or_,
}
_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+)")
LEAST_ELEMENTS = 3
_TRIVIAL = frozenset({"0", "1", "-1", "''", "b''", "None", "True", "False", "()", "{}"})


def literal(node: ast.AST, names: Mapping[str, ast.AST] | None = None, depth: int = 8) -> str | None:
    """The value of a constant expression as text; ``None`` for any other expression.

    Lists and tuples of the same elements are alike, as are ``1`` and ``1.0``; constant arithmetic is worked out.
    """
    node = folded(node)
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if depth <= 0:
        return None
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        parts = _all(literal(item, names, depth - 1) for item in node.elts)
        return None if parts is None else f"({', '.join(parts)})"
    if isinstance(node, ast.Dict):
        return _mapping(node, names, depth)
    return _computed(node, names, depth)


def _computed(node: ast.AST, names: Mapping[str, ast.AST] | None, depth: int) -> str | None:
    if isinstance(node, ast.BinOp):
        return _worked_out(node, names, depth)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return _converted(node, names, depth)
    if isinstance(node, ast.Name) and names and node.id in names:
        return literal(names[node.id], names, depth - 1)
    return None


def literals_in(node: ast.AST, names: Mapping[str, ast.AST] | None = None) -> Iterator[str]:
    """Every constant expression inside, displays and their elements alike; a number in text counts as one too.

    What a name is bound to is looked at once, since it may speak of the name itself.
    """
    pending = [node]
    followed: set[str] = set()
    while pending:
        item = pending.pop()
        value = literal(item, names)
        if value is not None:
            yield value
            yield from spelled_number(value)
        if not isinstance(item, ast.Constant):
            if isinstance(item, ast.Name) and names and item.id in names and item.id not in followed:
                followed.add(item.id)
                pending.append(names[item.id])
            pending.extend(ast.iter_child_nodes(item))


def spelled_number(value: str) -> Iterator[str]:
    """The number that a piece of text spells, so that ``'42'`` and ``42`` meet."""
    if value[:1] in {"'", '"'} and len(value) < 40 and any(char.isdigit() for char in value):  # noqa: PLR2004 - digits
        text = value[1:-1].strip()
        if not (_NUMBER.fullmatch(text) or text[:1] in "([{"):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                inner = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        if (number := literal(inner)) is not None:
            yield number


def elements_of(value: str) -> frozenset[str]:
    """The elements of a display of at least three different ones, whatever their order; else nothing."""
    if not value.startswith("("):
        return frozenset()
    elements = frozenset(map(repr, _parts(value)))
    return elements if len(elements) >= LEAST_ELEMENTS else frozenset()


def is_trivial(value: str) -> bool:
    """Whether a value is so common that sharing it means nothing."""
    return value in _TRIVIAL


def is_distinctive(value: str) -> bool:
    """Whether two places hardly hold the value by chance."""
    if value in _TRIVIAL or value == "2":
        return False
    return len(value) > 5 if value[:1] in {"'", '"'} else True  # noqa: PLR2004 - four characters and their quotes


def is_whole_input(value: str) -> bool:
    """Whether a value is a collection of several, not all of them common: hardly ever the rule that code goes by."""
    parts = _parts(value)
    named = all(isinstance(part, str) for part in parts)
    return len(parts) > 1 and not named and any(part not in (0, 1) for part in parts)


def is_whole_output(value: str) -> bool:
    """Whether a value is a collection of at least two that are not all common."""
    parts = _parts(value)
    return len(parts) > 1 and any(part not in (0, 1, "", None, (), {}) for part in parts)


def _parts(value: str) -> tuple[object, ...]:
    """The elements of a collection that is written as ``literal`` writes it; none of anything else."""
    if value[:1] not in {"(", "{"}:
        return ()
    try:
        parts = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return ()
    return tuple(parts) if isinstance(parts, (tuple, dict)) else ()


def is_word(value: str) -> bool:
    """Whether a value is a piece of text that names something: a key, a file, an option."""
    return re.fullmatch(r"""['"][\w./*-]*['"]""", value) is not None


def _constant(value: object) -> str | None:
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_NUMBER:
        return repr(int(value))
    if isinstance(value, (int, float, complex)):
        return repr(value) if not isinstance(value, int) or abs(value) < MAX_NUMBER else None
    if isinstance(value, (str, bytes)):
        return repr(value) if len(value) <= MAX_TEXT else None
    return None


def _mapping(node: ast.Dict, names: Mapping[str, ast.AST] | None, depth: int) -> str | None:
    parts = []
    left = MAX_TEXT
    for key, value in zip(node.keys, node.values, strict=True):
        pair = _all(literal(item, names, depth - 1) if item else None for item in (key, value))
        left -= sum(map(len, pair or ()))
        if pair is None or left < 0:
            return None
        parts.append(": ".join(pair))
    return f"{{{', '.join(sorted(parts))}}}"


def _all(texts: Iterable[str | None]) -> list[str] | None:
    """All of the texts, ``None`` where one is missing or together they are longer than any literal that is compared.

    Ends at the first that is, so that lists of names of lists of names cost no more than their text is long.
    """
    found: list[str] = []
    left = MAX_TEXT
    for text in texts:
        if text is None or (left := left - len(text)) < 0:
            return None
        found.append(text)
    return found


def _worked_out(node: ast.BinOp, names: Mapping[str, ast.AST] | None, depth: int) -> str | None:
    left, right = _value(literal(node.left, names, depth - 1)), _value(literal(node.right, names, depth - 1))
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        return _constant(left + right)
    work = _ARITHMETIC.get(type(node.op))
    if work is None or not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        return None
    try:
        return _constant(work(left, right))
    except (ArithmeticError, TypeError, ValueError):
        return None


def _value(text: str | None) -> object:
    if text is None:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _converted(node: ast.Call, names: Mapping[str, ast.AST] | None, depth: int) -> str | None:
    """``int("42")``, ``Decimal("7")``, ``set([1])`` and their kin as what they hold."""
    name = last_name(node)
    if name not in {"int", "float", "Decimal", "Fraction", "str", "list", "tuple", "set", "frozenset", "bytes", "Path"}:
        return None
    inner = literal(node.args[0], names, depth - 1)
    if inner is None:
        return None
    if name in {"int", "float", "Decimal"}:
        return next(spelled_number(inner), inner)
    return repr(inner) if name == "str" and inner[:1] not in {"'", '"'} else inner
