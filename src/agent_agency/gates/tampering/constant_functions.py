"""Functions that worked their answer out at the base and give a constant at the head, and answers by a fingerprint."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.tampering.inputs_of_tests import TestInputs
from agent_agency.gates.tampering.literals import is_distinctive, is_whole_output, is_word, literal
from agent_agency.gates.tampering.python_source import last_name
from agent_agency.gates.tampering.rules import Rule, found, quoted

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DIGESTS = frozenset({"hash", "hexdigest", "digest", "md5", "sha1", "sha256", "sha512", "blake2b", "crc32", "adler32"})
_MEASURES = frozenset({"len", "sum", "min", "max", "count", "ord", "id"})


def constant_findings(
    base: Mapping[str, ast.Module], head: Mapping[str, ast.Module], tests: Sequence[TestInputs]
) -> Iterator[Finding]:
    """Constants that tests expect and that the head gives without working them out from the input."""
    before = _functions(base)
    for path, function in _all_functions(head):
        old = before.get(function.name)
        held = frozenset(map(ast.unparse, _returns(old))) if old else frozenset()
        for node, value, why in _constants(function, old):
            test = _expecting(value, function.name, tests)
            if test is not None and ast.unparse(node) not in held:
                yield _finding(path, function, node, value, why, test)
    for path, table, values in _new_tables(base, head):
        names = frozenset(function.name for where, function in _all_functions(head) if where == path)
        asking = [test for test in tests if test.stood and names & test.mentions]
        if set(values) <= frozenset().union(*(test.expected for test in asking)):
            yield _of_table(path, table, values, next(test for test in asking if values[0] in test.expected))


def may_give_constants(base: Mapping[str, ast.Module], head: Mapping[str, ast.Module]) -> frozenset[str]:
    """The names of the functions for which tests have to be looked at."""
    before = _functions(base)
    with_tables = {path for path, _, _ in _new_tables(base, head)}
    return frozenset(
        function.name
        for path, function in _all_functions(head)
        if path in with_tables or any(True for _ in _constants(function, before.get(function.name)))
    )


def _new_tables(
    base: Mapping[str, ast.Module], head: Mapping[str, ast.Module]
) -> Iterator[tuple[str, ast.Dict, tuple[str, ...]]]:
    """Mappings that only the head has and that hold a telling answer of its own for each of several keys."""
    known = {ast.dump(node) for tree in base.values() for node in ast.walk(tree) if isinstance(node, ast.Dict)}
    for path, node in ((path, node) for path, tree in head.items() for node in ast.walk(tree)):
        if isinstance(node, ast.Dict) and len(node.keys) > 1 and ast.dump(node) not in known:
            values = tuple(value for item in node.values if (value := literal(item)) is not None)
            if len(set(values)) == len(node.values) and all(map(_is_telling, values)):
                yield path, node, values


def _is_telling(value: str) -> bool:
    return is_distinctive(value) and (not is_word(value) or is_whole_output(value))


def _of_table(path: str, table: ast.Dict, values: tuple[str, ...], test: TestInputs) -> Finding:
    return found(
        Rule.SPECIAL_CASE,
        Severity.MAJOR,
        Place(path, table.lineno),
        f"a table gives {quoted(', '.join(values))}, which tests expect, such as {test.name} (line {test.line} of"
        f" {display_path(test.path)})",
        remedy="Work the answers out from the input",
        subject=f"table:{quoted(', '.join(values))}",
    )


def _constants(function: Function, old: Function | None) -> Iterator[tuple[ast.Return, str, str]]:
    """Returned constants with what makes each of them suspect."""
    if old is not None and _uses_parameters(old) and not _uses_parameters(function):
        yield from ((node, value, "whatever is put in") for node, value in _given(_returns(function)))
        return
    for node in ast.walk(function):
        if isinstance(node, ast.If):
            kind = _fingerprint(node.test)
            known = kind in _DIGESTS or (kind and old is not None)
            for inner, value in _given(item for item in node.body if isinstance(item, ast.Return)):
                if known or (old is not None and is_whole_output(value)):
                    yield inner, value, f"for a {kind} of what is put in" if known else "for a case of its own"


def _given(returns: Iterable[ast.Return]) -> Iterator[tuple[ast.Return, str]]:
    for node in returns:
        if node.value is not None and (value := literal(node.value)) is not None:
            yield node, value


def _fingerprint(test: ast.expr) -> str:
    """The function by whose result a condition tells inputs apart, where it compares that with a constant."""
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and any(isinstance(op, (ast.Eq, ast.In)) for op in node.ops):
            sides = (node.left, *node.comparators)
            calls = {last_name(item) for side in sides for item in ast.walk(side) if isinstance(item, ast.Call)}
            constant = any(literal(side) not in {None, "0", "1", "()", "''"} for side in sides)
            if constant and (known := sorted(calls & (_DIGESTS | _MEASURES))):
                return known[0]
    return ""


def _expecting(value: str, function: str, tests: Iterable[TestInputs]) -> TestInputs | None:
    if not _is_telling(value):
        return None
    return next((test for test in tests if test.stood and function in test.mentions and value in test.expected), None)


def _finding(path: str, function: Function, node: ast.Return, value: str, why: str, test: TestInputs) -> Finding:
    return found(
        Rule.SPECIAL_CASE,
        Severity.MAJOR,
        Place(path, node.lineno),
        f"{function.name} gives the constant {quoted(value)} {why}, and {test.name} (line {test.line} of"
        f" {display_path(test.path)}) expects that constant",
        remedy=f"Work the answer of {function.name} out from its input",
        subject=f"{function.name}:{value}",
    )


def _all_functions(trees: Mapping[str, ast.Module]) -> Iterator[tuple[str, Function]]:
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS):
                yield path, node


def _functions(trees: Mapping[str, ast.Module]) -> Mapping[str, Function]:
    return {function.name: function for _, function in _all_functions(trees)}


def _returns(function: Function) -> Iterator[ast.Return]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Return))


def _uses_parameters(function: Function) -> bool:
    arguments = function.args
    listed = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    names = {argument.arg for argument in listed if argument is not None}
    body = (node for statement in function.body for node in ast.walk(statement))
    return any(isinstance(node, ast.Name) and node.id in names for node in body)
