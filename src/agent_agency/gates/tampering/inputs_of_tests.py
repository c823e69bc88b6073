"""What tests put in and expect: the literals of each test with the names that it speaks of."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent_agency.gates.tampering.conventions import Conventions
from agent_agency.gates.tampering.literals import literals_in
from agent_agency.gates.tampering.python_source import Unparsable, last_name, parse_python, single_assignments

ReadFile = Callable[[str], bytes | None]
MAX_FILES = 20_000
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class TestInputs:
    """One test: the names that it mentions, the literals in its calls and cases, and those outside of calls.

    ``stood`` says that it stood at the base as well.
    """

    __test__ = False

    path: str
    name: str
    line: int
    mentions: frozenset[str]
    inputs: frozenset[str]
    expected: frozenset[str]
    stood: bool


def inputs_of(path: str, tree: ast.Module, conventions: Conventions, *, stood: bool) -> Iterator[TestInputs]:
    """The tests of a module."""
    outer = single_assignments(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and conventions.collects_function(node.name):
            names = {**outer, **single_assignments(node.body)}
            used = {
                name: names[name]
                for item in ast.walk(node)
                if isinstance(item, ast.Name) and (name := item.id) in names
            }
            yield TestInputs(
                path=path,
                name=node.name,
                line=node.lineno,
                mentions=_mentions([node, *used.values()]),
                inputs=frozenset(_inputs([node, *used.values()], used)),
                expected=frozenset(text for part in (node, *used.values()) for text in literals_in(part)),
                stood=stood,
            )


def unchanged_tests(
    paths: Iterable[str],
    changed: frozenset[str],
    read_head: ReadFile,
    conventions: Conventions,
    needles: frozenset[frozenset[bytes]],
) -> tuple[list[TestInputs], bool]:
    """The tests that the change leaves alone, of files in which all pieces of one of ``needles`` stand.

    Also says whether all of them were looked at: there is a bound to how much is read.
    """
    found: list[TestInputs] = []
    left = MAX_BYTES
    for number, path in enumerate(
        sorted(path for path in paths if path not in changed and conventions.is_test_file(path))
    ):
        data = read_head(path) or b""
        left -= len(data)
        if left < 0 or number >= MAX_FILES:
            return found, False
        if _holds_one(data, needles):
            tree = parse_python(data)
            if not isinstance(tree, Unparsable):
                found += inputs_of(path, tree, conventions, stood=True)
    return found, True


def pieces_of(text: str) -> frozenset[bytes]:
    """The words and numbers of a name or literal, by which a file that may hold it is told without parsing it."""
    return frozenset(piece.encode("utf-8", "surrogatepass") for piece in re.findall(r"[^\W\d_]\w*|\d+", text))


def _holds_one(data: bytes, needles: frozenset[frozenset[bytes]]) -> bool:
    """Whether all pieces of one needle stand in a file; ``1_000`` holds the number ``1000``."""
    plain = data.replace(b"_", b"")
    return any(all(piece in data or piece in plain for piece in pieces) for pieces in needles)


def _mentions(nodes: Iterable[ast.AST]) -> frozenset[str]:
    return frozenset(
        last_name(item) for node in nodes for item in ast.walk(node) if isinstance(item, (ast.Name, ast.Attribute))
    )


def _inputs(nodes: Iterable[ast.AST], names: Mapping[str, ast.AST]) -> Iterator[str]:
    """The literals among the arguments of calls, and in lists, tuples and mappings of cases."""
    for node in nodes:
        for item in ast.walk(node):
            if isinstance(item, ast.Call):
                for argument in (*item.args, *(keyword.value for keyword in item.keywords)):
                    yield from literals_in(argument, names)
            elif isinstance(item, (ast.List, ast.Tuple, ast.Dict, ast.Set)):
                yield from literals_in(item, names)
        if isinstance(node, ast.expr):
            yield from literals_in(node, names)
