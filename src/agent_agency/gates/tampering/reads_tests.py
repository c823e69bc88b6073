"""Product code that reads the tests, or asks by name for what only tests bring."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from agent_agency.facts import Finding, Place, Severity
from agent_agency.gates.tampering.changed_files import Sources
from agent_agency.gates.tampering.python_source import last_name
from agent_agency.gates.tampering.rules import Rule, found, quoted

_OPENING = frozenset({"Path", "PurePath", "open", "joinpath", "with_name", "read_text", "glob", "rglob"})
_TESTS = re.compile(r"(?:.*/)?tests?/.*|(?:.*/)?(?:test_\w+|\w+_test|conftest)\.py")
_NAMING = frozenset({"__name__", "__qualname__", "__module__"})
_DOUBLE = re.compile(r"(?:Fake|Mock|Stub|Dummy|Test)[A-Z]\w*|_?test_\w+|tests?(?:\.\w+)*|conftest")


def reads_tests_findings(sources: Sources) -> Iterator[Finding]:
    """Signs that the head's product code has more of than the base's."""
    left = Counter(text for tree in sources.product_base.values() for text, _ in _signs(tree))
    for path, tree in sources.product_head.items():
        for text, line in _signs(tree):
            left[text] -= 1
            if left[text] < 0:
                yield found(
                    Rule.SPECIAL_CASE,
                    Severity.MAJOR,
                    Place(path, line),
                    f"product code {text}",
                    remedy="Take it out: code must do the same whether or not it is tested",
                    subject=text,
                )


def _signs(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and last_name(node) in _OPENING:
            for text in _texts(node.args):
                if _TESTS.fullmatch(text):
                    yield f"opens {quoted(text)}, which belongs to the tests", node.lineno
        elif isinstance(node, ast.Compare):
            yield from _asked_by_name(node)


def _asked_by_name(node: ast.Compare) -> Iterator[tuple[str, int]]:
    sides = [node.left, *node.comparators]
    asked = {side.attr for side in sides if isinstance(side, ast.Attribute)}
    texts = [text for side in sides for text in _texts(getattr(side, "elts", [side]))]
    if "co_name" in asked and texts:
        yield f"asks whether {quoted(texts[0])} calls it", node.lineno
    elif not asked.isdisjoint(_NAMING):
        for text in texts:
            if _DOUBLE.fullmatch(text):
                yield f"asks for {quoted(text)} by name, which tests bring", node.lineno


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
