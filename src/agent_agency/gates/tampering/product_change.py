"""What a change does to the product code that its tests speak of: whether it edits any, and what it takes away."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent_agency.change.model import Change, FileChange
from agent_agency.facts import Severity
from agent_agency.gates.source_code import is_source, is_test
from agent_agency.gates.tampering.conventions import Conventions
from agent_agency.gates.tampering.python_source import is_python
from agent_agency.gates.tampering.units import digest_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OF_EVERY_OBJECT = frozenset(name for kind in (str, dict, list, set, int, bytes) for name in dir(kind))


@dataclass(frozen=True, slots=True)
class ProductChange:
    """``edits`` says that code which is no test differs; ``gone`` are names that it defined and defines no more."""

    edits: bool
    gone: frozenset[str]

    @property
    def weight_of_expectations(self) -> Severity:
        """What a changed expectation weighs: where no code changes at all, the test was fitted to it."""
        return Severity.ADVICE if self.edits else Severity.MODERATE

    def took(self, names: Iterable[str]) -> bool:
        """Whether one of the names is of something that the change takes away."""
        return not self.gone.isdisjoint(names)


def product_change(
    change: Change, conventions: Conventions, base: Mapping[str, ast.Module], head: Mapping[str, ast.Module]
) -> ProductChange:
    """Hold the product code of both sides, by path, against each other."""
    edits = any(_edits(file, conventions, base, head) for file in change.files)
    return ProductChange(edits, _gone(base, head))


def names_of(node: ast.AST) -> frozenset[str]:
    """Every name and attribute that code mentions."""
    found = set()
    for item in ast.walk(node):
        if isinstance(item, ast.Name):
            found.add(item.id)
        elif isinstance(item, ast.Attribute):
            found.add(item.attr)
    return frozenset(found)


def _edits(
    file: FileChange, conventions: Conventions, base: Mapping[str, ast.Module], head: Mapping[str, ast.Module]
) -> bool:
    path = file.path
    if file.no_op or file.whitespace_only or not is_source(path):
        return False
    if not is_python(path):
        return not is_test(path)
    if conventions.is_test_file(path):
        return False
    before = base.get(file.old.path) if file.old else None
    after = head.get(file.new.path) if file.new else None
    return before is None or after is None or ast.dump(before) != ast.dump(after)


def _gone(base: Mapping[str, ast.Module], head: Mapping[str, ast.Module]) -> frozenset[str]:
    before, after = _definitions(base), _definitions(head)
    bodies = frozenset(after.values())
    return frozenset(name for name, body in before.items() if name not in after and body not in bodies)


def _definitions(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """The names of functions and classes with a digest of what they are; names that any object may have left out."""
    found: dict[str, str] = {}
    for node in (node for tree in trees.values() for node in _defining(tree.body)):
        if node.name not in _OF_EVERY_OBJECT and not node.name.startswith("__"):
            found[node.name] = digest_of(node) if isinstance(node, _FUNCTIONS) else ast.dump(ast.Module(node.body, []))
    return found


def _defining(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in body:
        if isinstance(node, _FUNCTIONS):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield node
            yield from _defining(node.body)
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for inner in (node.body, getattr(node, "orelse", []), getattr(node, "finalbody", [])):
                yield from _defining(inner)
