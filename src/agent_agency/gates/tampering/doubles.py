"""Stand-ins for code in tests: where one takes the place of what the test is there to test, nothing is tested."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from agent_agency.facts import Finding, Place, Severity
from agent_agency.gates.tampering.matching import Pair
from agent_agency.gates.tampering.python_source import dotted, last_name
from agent_agency.gates.tampering.rules import Rule, found
from agent_agency.gates.tampering.units import PythonFile, Unit

_PATCHING = (".setattr", "setattr", "patch", "patch.object", "patch.dict", "setitem", "patch.multiple")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OF_TESTS = frozenset({"test", "tests", "testing", "conftest", "fakes", "doubles", "mocks", "stubs"})


def double_findings(pair: Pair) -> Iterator[Finding]:
    """What a test newly replaces: advice, and more where the test itself calls what it replaces."""
    before = _replaced(pair.base)
    for target, (name, line) in _replaced(pair.head).items():
        if target in before:
            continue
        tested = name in pair.base.claims.calls and name in pair.head.claims.calls
        yield _finding(pair.head, target, line, Severity.MAJOR if tested else Severity.ADVICE)
    called = pair.base.claims.calls & pair.head.claims.calls
    for name, line in _bound(pair.head).items():
        if name in called and name not in _bound(pair.base) and _is_plain_call(pair.base, name):
            yield _finding(pair.head, name, line, Severity.MAJOR)


def file_double_findings(base: PythonFile | None, head: PythonFile, product: frozenset[str]) -> Iterator[Finding]:
    """What a whole file of tests newly replaces: imported code by code of its own, or by attributes set on modules.

    ``product`` are the names of the project's own modules.
    """
    if base is not None:
        yield from _swapped(base, head)
    before = dict(_set_from_outside(base, product)) if base else {}
    for target, line in _set_from_outside(head, product):
        if target not in before:
            yield found(
                Rule.MOCK_ADDED,
                Severity.MAJOR,
                Place(head.path, line),
                f"{target} is replaced for every test that this file reaches",
                remedy=f"Take the replacement of {target} out and test the code itself",
                subject=target,
            )


def _swapped(base: PythonFile, head: PythonFile) -> Iterator[Finding]:
    before, after = _imports(base.tree), _imports(head.tree)
    own = {node.name: node.lineno for node in head.tree.body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))}
    own |= {name: getattr(value, "lineno", 1) for name, value in head.names.items()}
    called = {name for unit in head.units.values() if unit.is_collected for name in unit.claims.calls}
    for name, (module, _) in before.items():
        if _is_of_tests(module) or name not in called:
            continue
        other, line = after.get(name, ("", own.get(name, 0)))
        if (other and _is_of_tests(other)) or (not other and name in own):
            what = f"{name} of {other}" if other else f"a {name} of its own"
            yield found(
                Rule.MOCK_ADDED,
                Severity.MAJOR,
                Place(head.path, line),
                f"the tests called {name} of {module} at the base and call {what} now",
                remedy=f"Import {name} from {module} again",
                subject=f"{name}:{module}",
            )


def _imports(tree: ast.Module) -> Mapping[str, tuple[str, int]]:
    """Names that ``from MODULE import NAME`` binds at the top of a file."""
    return {
        alias.asname or alias.name: (f"{'.' * node.level}{node.module or ''}", node.lineno)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _is_of_tests(module: str) -> bool:
    return module.startswith(".") or not _OF_TESTS.isdisjoint(module.split("."))


def _set_from_outside(file: PythonFile, product: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Attributes of imported modules that are set when a file is loaded, or by a fixture that every test uses."""
    product = product | _names_from(file.tree, product)
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in file.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    yield from _set_in(file.tree.body, imported)
    for unit in file.units.values():
        if unit.is_fixture and _is_automatic(unit):
            yield from _set_in(unit.node.body, imported & product)
            for target, (_, line) in _replaced(unit).items():
                if target.strip("'\"").split(".")[0].split(",")[0] in product:
                    yield target, line


def _names_from(tree: ast.Module, product: frozenset[str]) -> frozenset[str]:
    """What a file imports from the project's own modules."""
    return frozenset(name for name, (module, _) in _imports(tree).items() if not product.isdisjoint(module.split(".")))


def _set_in(body: Sequence[ast.stmt], imported: frozenset[str] | set[str]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            for inner in (node.body, getattr(node, "orelse", [])):
                yield from _set_in(inner, imported)
        for target in node.targets if isinstance(node, ast.Assign) else ():
            name = dotted(target.value if isinstance(target, ast.Subscript) else target)
            is_set = isinstance(target, ast.Attribute) or name == "sys.modules"
            if is_set and name.split(".")[0] in imported and not name.startswith(("sys.path", "os.environ")):
                yield ast.unparse(target), node.lineno
        call = node.value if isinstance(node, ast.Expr) else None
        is_setting = isinstance(call, ast.Call) and dotted(call) == "setattr" and call.args
        if isinstance(call, ast.Call) and is_setting and dotted(call.args[0]).split(".")[0] in imported:
            yield ", ".join(map(ast.unparse, call.args[:2])), node.lineno


def module_names(paths: Sequence[str]) -> frozenset[str]:
    """The names by which Python files outside of tests are imported: of modules and of their packages."""
    found_names: set[str] = set()
    for path in paths:
        pure = PurePosixPath(path)
        if pure.suffix == ".py" and _OF_TESTS.isdisjoint(pure.parts):
            found_names.update((*pure.parts[:-1], pure.stem))
    return frozenset(found_names - {"src", "lib", "__init__", "docs"})


def _is_automatic(unit: Unit) -> bool:
    return any(
        isinstance(mark, ast.Call) and any(item.arg == "autouse" for item in mark.keywords)
        for mark in unit.node.decorator_list
    )


def _replaced(unit: Unit) -> dict[str, tuple[str, int]]:
    """What calls of ``setattr`` and ``patch`` name, each with the last part of the name."""
    targets: dict[str, tuple[str, int]] = {}
    for node in ast.walk(unit.node):
        if isinstance(node, ast.Call) and node.args and dotted(node).endswith(_PATCHING):
            texts = [ast.unparse(argument) for argument in node.args[:2]]
            held = [item.value for item in node.args[:2] if isinstance(item, ast.Constant)]
            named = next((text for text in held if isinstance(text, str)), "")
            targets[", ".join(texts)[:80]] = (named.rpartition(".")[2], node.lineno)
    return targets


def _bound(unit: Unit) -> dict[str, int]:
    """Names that a test binds itself, those that come in as parameters left out."""
    names: dict[str, int] = {}
    for node in ast.walk(unit.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id, node.lineno)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and node is not unit.node:
            names.setdefault(node.name, node.lineno)
    return names


def _is_plain_call(unit: Unit, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and last_name(node) == name
        for node in ast.walk(unit.node)
    )


def _finding(unit: Unit, target: str, line: int, severity: Severity) -> Finding:
    tested = " and calls it: it no longer tests the code" if severity is Severity.MAJOR else ""
    return found(
        Rule.MOCK_ADDED,
        severity,
        Place(unit.path, line),
        f"{unit.qualname} newly replaces {target}{tested}",
        remedy="Make sure that the test does not replace the code that it is there to test",
        subject=f"{unit.qualname}:{target}",
    )
