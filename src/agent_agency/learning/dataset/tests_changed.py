"""What a change did to the tests: which were added, which are gone, which say less than before."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChangedTests:
    """Names of tests; ``weakened`` were kept, but are skipped now or lost an assertion that they had."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def compare_tests(before: str, after: str) -> ChangedTests:
    """Compare two states of a test file.

    An assertion counts as lost when no equal one is left in the test, so a loosened and a changed one both do.

    Raises:
        SyntaxError: one of them is no Python.
    """
    old, new = _tests(before), _tests(after)
    kept = [name for name in old if name in new]
    skipped = tuple(sorted(name for name in new if _is_skipped(new[name]) and not _was_skipped(old, name)))
    weakened = {name for name in kept if _assertions(old[name]) - _assertions(new[name])}
    return ChangedTests(
        added=tuple(sorted(name for name in new if name not in old)),
        removed=tuple(sorted(name for name in old if name not in new)),
        weakened=tuple(sorted(weakened | {name for name in skipped if name in old})),
        skipped=skipped,
    )


def _tests(source: str) -> dict[str, ast.FunctionDef]:
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return {node.name: node for node in functions if node.name.startswith("test_")}


def _assertions(test: ast.FunctionDef) -> frozenset[str]:
    return frozenset(ast.dump(node) for node in ast.walk(test) if isinstance(node, ast.Assert) or _is_raises(node))


def _is_raises(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and "raises" in ast.dump(node.items[0].context_expr)


def _is_skipped(test: ast.FunctionDef) -> bool:
    return any("skip" in ast.dump(mark) for mark in test.decorator_list)


def _was_skipped(old: dict[str, ast.FunctionDef], name: str) -> bool:
    return name in old and _is_skipped(old[name])
