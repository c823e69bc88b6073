"""Python tests made to fail: each runs as before, and then raises.

A report of them can only say that they failed, whoever writes it. What cannot be changed so that its failing is sure
(a generator, a decorator that might swallow an error) is left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_MARK = re.compile(
    r"(pytest\.)?mark\..*|((unittest\.)?mock\.)?patch(\..*)?|(hypothesis\.)?(given|settings|example|seed|reproduce_failure)"
)
_CLASS = re.compile(r"Test.*|.*TestCase")


@dataclass(frozen=True, slots=True)
class FailingModule:
    """A test module whose tests fail.

    ``source`` is its text; ``tests`` are the dotted names, from the checkout's root, of those that now must fail, and
    ``others`` those of what was left alone and is called like a test.
    """

    source: str
    tests: frozenset[str]
    others: frozenset[str]


def failing_module(path: str, source: bytes) -> FailingModule | None:
    """Make a module's tests fail; ``None`` where it cannot be read as Python, or holds no test that can be changed."""
    try:
        tree = ast.parse(source)
        module = ".".join(PurePosixPath(path).with_suffix("").parts)
        changed = {id(node): name for node, name in _tests(tree.body, module)}
        others = frozenset(
            f"{module}.{node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test")
            and id(node) not in changed
        )
        for node in ast.walk(tree):
            if id(node) in changed and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                node.body = _failing(node.body)
        text = ast.unparse(ast.fix_missing_locations(tree)) if changed else ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return FailingModule(text, frozenset(changed.values()), others) if changed else None


def _tests(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[ast.stmt, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test") and _is_plain(node):
                yield node, f"{prefix}.{node.name}"
        elif isinstance(node, ast.ClassDef) and _is_test_class(node):
            yield from _tests(node.body, f"{prefix}.{node.name}")


def _is_test_class(node: ast.ClassDef) -> bool:
    names = [node.name, *(ast.unparse(base).rpartition(".")[2] for base in node.bases)]
    return any(_CLASS.fullmatch(name) for name in names) and all(map(_is_mark, node.decorator_list))


def _is_plain(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    yields = any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node))
    return not yields and all(map(_is_mark, node.decorator_list))


def _is_mark(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _MARK.fullmatch(ast.unparse(called)) is not None


def _failing(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    raising = ast.Raise(ast.Call(ast.Name("AssertionError", ast.Load()), [], []), ast.Constant(None))
    return [ast.Try(list(body), [], [], [raising])]
