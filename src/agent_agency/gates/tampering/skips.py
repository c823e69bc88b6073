"""What keeps a collected test from running or from failing: marks, decorators, switches."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent_agency.gates.tampering.platforms import holds_on_few
from agent_agency.gates.tampering.python_source import dotted, last_name, truth
from agent_agency.gates.tampering.rules import quoted
from agent_agency.gates.tampering.units import PythonFile, Unit

_ALWAYS = frozenset({"skip", "xfail", "expectedFailure", "skip_test", "ignore"})
_CONDITIONAL = frozenset({"skipif", "skipIf", "skipUnless"})
_RERUNS = frozenset({"flaky", "retry", "rerun"})
_HARMLESS = frozenset(
    {"parametrize", "usefixtures", "fixture", "timeout", "patch", "given", "settings", "example", "asyncio", "anyio"}
    | {"staticmethod", "classmethod", "property", "override", "django_db", "filterwarnings", "object", "dict", "data"}
    | {"unpack", "params", "expand", "parameterized", "freeze_time", "mock_aws", "seed", "reproduce_failure", "wraps"}
    | {"multiple", "activate", "skip", "skipif", "xfail", "trio", "benchmark", "order", "dependency", "slow"}
)


@dataclass(frozen=True, slots=True)
class Skip:
    """One reason why tests do not count. ``certain`` is false for a condition that nobody evaluated."""

    key: str
    text: str
    line: int
    certain: bool = True


def skips_of_test(unit: Unit, file: PythonFile, deselected: frozenset[str]) -> dict[str, Skip]:
    """The reasons on a test itself: its decorators, its own switches and calls in its body."""
    found = [skip for mark in unit.node.decorator_list for skip in _of_mark(mark, file.names, deselected)]
    found += _switches(file, unit.qualname)
    for stop in unit.claims.stops:
        found.append(Skip(f"stop:{stop.text}", stop.text, stop.line, certain=not stop.guards))
    return {skip.key: skip for skip in found}


def skips_of_class(node: ast.ClassDef, file: PythonFile, deselected: frozenset[str]) -> dict[str, Skip]:
    """The reasons on a class: they hold for all of its tests."""
    found = [skip for mark in node.decorator_list for skip in _of_mark(mark, file.names, deselected)]
    found += _of_scope(node.body, file.names, deselected)
    found += _switches(file, node.name)
    for name in ("setUp", "setUpClass", "setup_method", "setup_class"):
        unit = file.units.get(f"{node.name}.{name}")
        for stop in unit.claims.stops if unit else ():
            found.append(Skip(f"{name}:{stop.text}", stop.text, stop.line, certain=not stop.guards))
    return {skip.key: skip for skip in found}


def skips_of_file(file: PythonFile, deselected: frozenset[str]) -> dict[str, Skip]:
    """The reasons at the top of a file: they hold for all of its tests."""
    return {skip.key: skip for skip in _of_scope(file.tree.body, file.names, deselected)}


def skipped_rows(unit: Unit, names: Mapping[str, ast.AST]) -> dict[str, Skip]:
    """Cases of a parametrised test that are marked not to run."""
    found = {}
    for decorator in unit.node.decorator_list:
        for call in ast.walk(decorator):
            if isinstance(call, ast.Call) and last_name(call) == "param":
                marks = [keyword.value for keyword in call.keywords if keyword.arg == "marks"]
                for skip in (skip for mark in marks for skip in _of_mark(mark, names, frozenset())):
                    row = quoted(", ".join(ast.unparse(argument) for argument in call.args))
                    found[f"{skip.key}:{row}"] = Skip(skip.key, f"case ({row}) {skip.text}", call.lineno, skip.certain)
    return found


def unknown_decorators(unit: Unit) -> dict[str, int]:
    """Decorators that may do anything with the test, by their text; marks and the usual libraries' are known."""
    return {
        quoted(ast.unparse(mark)): mark.lineno
        for mark in unit.node.decorator_list
        if last_name(mark) not in _HARMLESS and "mark" not in dotted(mark).split(".") and not _is_patch(mark)
        if not (_ALWAYS | _CONDITIONAL | _RERUNS) & {last_name(mark)}
    }


def _is_patch(mark: ast.AST) -> bool:
    return "patch" in dotted(mark).split(".")


def _of_mark(mark: ast.AST, names: Mapping[str, ast.AST], deselected: frozenset[str], depth: int = 0) -> Iterator[Skip]:
    if isinstance(mark, ast.Name) and mark.id in names and depth < 3:  # noqa: PLR2004 - marks bound to names of names
        yield from _of_mark(names[mark.id], names, deselected, depth + 1)
        return
    if isinstance(mark, (ast.List, ast.Tuple)):
        for item in mark.elts:
            yield from _of_mark(item, names, deselected, depth)
        return
    name = last_name(mark)
    text = quoted(ast.unparse(mark))
    line = getattr(mark, "lineno", 1)
    if name == "parametrize" and isinstance(mark, ast.Call) and _has_no_cases(mark, names):
        yield Skip("no cases", f"{text}, which has no cases", line)
    if name in _CONDITIONAL:
        yield from _of_condition(mark, name, text, line, names)
    elif name in _ALWAYS:
        if not (name == "xfail" and _never(mark, names)):
            yield Skip(name, text, line, certain=name != "xfail" or not _has_condition(mark))
    elif name in _RERUNS:
        yield Skip(f"reruns:{name}", text, line, certain=False)
    elif name in deselected and "mark" in dotted(mark).split("."):
        yield Skip(f"deselected:{name}", f"{text}, which addopts at the base leaves out", line)


def _has_no_cases(mark: ast.Call, names: Mapping[str, ast.AST]) -> bool:
    cases = next((item.value for item in mark.keywords if item.arg == "argvalues"), None)
    cases = mark.args[1] if len(mark.args) > 1 else cases
    return cases is not None and truth(cases, names) is False


def _has_condition(mark: ast.AST) -> bool:
    return isinstance(mark, ast.Call) and bool(mark.args)


def _never(mark: ast.AST, names: Mapping[str, ast.AST]) -> bool:
    if not isinstance(mark, ast.Call) or not mark.args:
        return False
    return truth(mark.args[0], names) is False or holds_on_few(mark.args[0], names)


def _of_condition(mark: ast.AST, name: str, text: str, line: int, names: Mapping[str, ast.AST]) -> Iterator[Skip]:
    arguments = mark.args if isinstance(mark, ast.Call) else []
    keywords = mark.keywords if isinstance(mark, ast.Call) else []
    condition = next(iter(arguments), next((item.value for item in keywords if item.arg == "condition"), None))
    certain = None if condition is None else truth(condition, names)
    if isinstance(condition, ast.Constant) and isinstance(condition.value, str):
        certain = {"True": True, "1": True, "False": False, "0": False}.get(condition.value.strip())
    asked = ast.UnaryOp(ast.Not(), condition) if name == "skipUnless" and condition is not None else condition
    if name == "skipUnless" and certain is not None:
        certain = not certain
    if certain is not False and (asked is None or not holds_on_few(asked, names)):
        key = "skip" if certain else f"{name}:{ast.dump(condition) if condition is not None else ''}"
        yield Skip(key, text, line, certain=bool(certain))


def _of_scope(body: list[ast.stmt], names: Mapping[str, ast.AST], deselected: frozenset[str]) -> Iterator[Skip]:
    for node in body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = {dotted(target) for target in targets}
            if "pytestmark" in named:
                yield from _of_mark(node.value, names, deselected)
            yield from _switch(named, node)
        elif isinstance(node, ast.AugAssign) and dotted(node.target) == "pytestmark":
            yield from _of_mark(node.value, names, deselected)
        elif isinstance(node, ast.Expr) and last_name(node.value) in {"skip", "importorskip", "exit", "_exit"}:
            certain = last_name(node.value) != "importorskip"
            yield Skip(f"stop:{ast.dump(node)}", quoted(ast.unparse(node)), node.lineno, certain)
        elif isinstance(node, ast.Raise) and node.exc is not None and "skip" in last_name(node.exc).lower():
            yield Skip("raise", quoted(ast.unparse(node)), node.lineno)
        elif isinstance(node, ast.If):
            yield from _of_branch(node, names, deselected)


def _of_branch(node: ast.If, names: Mapping[str, ast.AST], deselected: frozenset[str]) -> Iterator[Skip]:
    certain = truth(node.test, names)
    for branch, never in ((node.body, certain is False), (node.orelse, certain is True)):
        for skip in () if never else _of_scope(branch, names, deselected):
            yield Skip(skip.key, skip.text, skip.line, skip.certain and certain is not None)


def _switches(file: PythonFile, qualname: str) -> Iterator[Skip]:
    """``test_x.__test__ = False`` and its kin at the top of a file."""
    for name, node in file.attributes.get(qualname, ()):
        yield from _switch({name}, node)


def _switch(named: set[str], node: ast.Assign | ast.AnnAssign) -> Iterator[Skip]:
    if node.value is None:
        return
    if "__test__" in named and truth(node.value) is False:
        yield Skip("__test__", "__test__ = False", node.lineno)
    if named & {"__unittest_skip__", "__unittest_expecting_failure__"} and truth(node.value) is not False:
        yield Skip("__unittest_skip__", quoted(ast.unparse(node)), node.lineno)
