"""Hooks of pytest that can change which tests run or what they are said to have done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from agent_agency.facts import Finding, Place, Severity
from agent_agency.gates.tampering.python_source import dotted, last_name
from agent_agency.gates.tampering.rules import Rule, found
from agent_agency.gates.tampering.units import PythonFile

_HOOKS = frozenset(
    {"pytest_collection_modifyitems", "pytest_ignore_collect", "pytest_collect_file", "pytest_pycollect_makeitem"}
    | {"pytest_pycollect_makemodule", "pytest_itemcollected", "pytest_deselected", "pytest_generate_tests"}
    | {"pytest_collection", "pytest_collection_finish", "pytest_runtestloop", "pytest_sessionfinish"}
    | {"pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown"}
    | {"pytest_runtest_makereport", "pytest_pyfunc_call", "pytest_report_teststatus", "pytest_exception_interact"}
    | {"pytest_runtest_logreport", "pytest_make_collect_report", "pytest_cmdline_main", "pytest_load_initial_conftests"}
    | {"pytest_assertrepr_compare", "pytest_fixture_setup", "pytest_unconfigure", "pytest_configure"}
)
_ENDS = frozenset({"skip", "exit", "_exit", "kill", "abort"})
_OF_TEST_CASES = frozenset(
    {"run", "__call__", "debug", "countTestCases", "_callTestMethod", "_callSetUp", "fail", "failureException"}
    | {"__getattribute__", "assertEqual", "assertTrue", "assertFalse", "assertIs", "assertIn", "assertRaises"}
    | {"assertAlmostEqual", "assertIsNone", "assertListEqual", "assertDictEqual", "_baseAssertEqual", "skipTest"}
)
_SETTINGS = frozenset({"collect_ignore", "collect_ignore_glob", "pytest_plugins"})


def hook_findings(base: PythonFile | None, head: PythonFile) -> Iterator[Finding]:
    """Hooks and collection settings of a conftest or plugin that the head has and the base has not in this form."""
    before = _hooks(base) if base else {}
    for name, (text, line) in _hooks(head).items():
        if before.get(name, ("", 0))[0] != text:
            yield found(
                Rule.HOOK_CHANGED,
                Severity.MAJOR,
                Place(head.path, line),
                f"{name} is {'changed' if name in before else 'added'}: it can decide which tests run and how they end",
                remedy=f"Take the edit of {name} out, or have a person review and waive it",
                subject=name,
            )


def may_hold_hooks(path: str, file: PythonFile) -> bool:
    """Whether pytest looks for hooks here, or may be told to."""
    name = PurePosixPath(path).name
    held = {part for unit in file.units for part in (unit, unit.rpartition(".")[2])}
    return name in {"conftest.py", "__init__.py"} or not held.isdisjoint(_HOOKS | _OF_TEST_CASES | {"load_tests"})


def _holds_tests(node: ast.ClassDef) -> bool:
    """Whether a class is a case of unittest, or has tests of its own."""
    if any("Test" in last_name(base) or last_name(base).endswith("Case") for base in node.bases):
        return True
    return any(getattr(item, "name", "").startswith("test") for item in node.body)


def _ends_or_brings_hooks(node: ast.stmt) -> dict[str, tuple[str, int]]:
    """Hooks that a statement imports, and calls that end the run or skip what follows when the file is loaded."""
    if isinstance(node, ast.ImportFrom):
        names = [alias.asname or alias.name for alias in node.names]
        return {name: (ast.dump(node), node.lineno) for name in names if name in _HOOKS}
    inner = [node.value] if isinstance(node, ast.Expr) else []
    if isinstance(node, (ast.If, ast.Try)):
        inner = [item.value for item in ast.walk(node) if isinstance(item, ast.Expr)]
    return {f"{dotted(call)}()": (ast.dump(node), node.lineno) for call in inner if last_name(call) in _ENDS}


def _hooks(file: PythonFile) -> dict[str, tuple[str, int]]:
    hooks = {name: (unit.digest, unit.line) for name, unit in file.units.items() if name in _HOOKS}
    hooks |= {
        name: (unit.digest, unit.line)
        for name, unit in file.units.items()
        if (unit.name in _OF_TEST_CASES and any(map(_holds_tests, unit.classes)))
        or name in {"load_tests", "__getattr__"}
    }
    for node in file.tree.body:
        hooks |= _ends_or_brings_hooks(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id in _SETTINGS | _HOOKS:
                    hooks[target.id] = (ast.dump(node), node.lineno)
    return hooks
