"""The functions of a Python file as a test runner sees them: which are tests, and whether they are collected."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from agent_agency.canonical_json import digest_bytes
from agent_agency.gates.tampering.assertions import Helpers, is_named_as_asserting
from agent_agency.gates.tampering.claims import Claims, Function, body_of, claims_of
from agent_agency.gates.tampering.conventions import Conventions
from agent_agency.gates.tampering.python_source import dotted, last_name, single_assignments, truth
from agent_agency.gates.tampering.shape import call_rows, case_rows

MAX_INLINED_NODES = 60

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Unit:
    """One function of a module or class.

    ``is_test`` says that its name makes it a test. ``lost`` says why a runner does not collect it, empty when it does.
    ``classes`` are the classes around it, outermost first.
    """

    path: str
    qualname: str
    node: Function
    classes: tuple[ast.ClassDef, ...]
    is_test: bool
    is_fixture: bool
    lost: str
    claims: Claims

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.node.name

    @property
    def line(self) -> int:
        """Where its ``def`` stands."""
        return self.node.lineno

    @property
    def digest(self) -> str:
        """Alike for functions with the same parameters, decorators and body, docstring and name apart."""
        return digest_of(self.node)

    @property
    def is_collected(self) -> bool:
        """Whether it is a test and a runner runs it."""
        return self.is_test and not self.lost


@dataclass(frozen=True, slots=True)
class PythonFile:
    """One parsed file: its functions by qualified name (the last definition), and its module-level bindings."""

    path: str
    tree: ast.Module
    units: Mapping[str, Unit]
    shadowed: tuple[Unit, ...]
    names: Mapping[str, ast.AST]
    rows: tuple[frozenset[str], ...]
    calls: tuple[frozenset[str], ...]
    attributes: Mapping[str, tuple[tuple[str, ast.Assign], ...]]


@dataclass(frozen=True, slots=True)
class Named:
    """Names of classes that others derive from, and of whatever is read anywhere."""

    inherited: frozenset[str]
    read: frozenset[str]


@dataclass
class _Scan:
    path: str
    conventions: Conventions
    helpers: Helpers
    inherited: frozenset[str]
    removed: Mapping[str, int]
    names: Mapping[str, ast.AST]
    units: dict[str, Unit] = field(default_factory=dict)
    shadowed: list[Unit] = field(default_factory=list)


def read_file(path: str, tree: ast.Module, conventions: Conventions, helpers: Helpers, named: Named) -> PythonFile:
    """Tell the functions of a file apart; ``helpers`` are names of functions known to assert."""
    bound = single_assignments(tree.body)
    names = {name: value for name, value in bound.items() if _is_small(value)}
    scan = _Scan(path, conventions, helpers, named.inherited, _removals(tree.body), names)
    _scan_block(scan, tree.body, (), dead="")
    used = ast.Module([node for node in tree.body if not _is_unused(node, named)], [])
    return PythonFile(
        path,
        tree,
        scan.units,
        tuple(scan.shadowed),
        bound,
        tuple(case_rows(used)),
        tuple(call_rows(used)),
        _attributes(tree.body),
    )


def _attributes(body: list[ast.stmt]) -> Mapping[str, tuple[tuple[str, ast.Assign], ...]]:
    """What is assigned to attributes of functions and classes at the top of a file, by their name."""
    found: dict[str, tuple[tuple[str, ast.Assign], ...]] = {}
    for node in body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            owner, _, name = dotted(target).rpartition(".")
            if owner and isinstance(node, ast.Assign):
                found[owner] = (*found.get(owner, ()), (name, node))
    return found


def _is_small(node: ast.AST) -> bool:
    return sum(1 for _ in islice(ast.walk(node), MAX_INLINED_NODES)) < MAX_INLINED_NODES


def _is_unused(node: ast.stmt, named: Named) -> bool:
    """Whether a statement binds names that nothing reads: cases that stand there are cases of no test."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(isinstance(target, ast.Name) and target.id not in named.read for target in targets)


def names_in(trees: Iterable[ast.Module]) -> Named:
    """What the files of one side derive from and read; a test inherited elsewhere is collected there."""
    inherited: set[str] = set()
    read: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            inherited.update(last_name(base) for base in node.bases)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.add(node.id)
        elif isinstance(node, ast.Attribute):
            read.add(node.attr)
        elif isinstance(node, ast.alias):
            read.add(node.name)
    return Named(frozenset(inherited), frozenset(read))


def helpers_of(trees: Collection[ast.Module]) -> Helpers:
    """The functions of test files that claim, and those that are named so and claim nothing."""
    asserting = _asserting_functions(trees)
    own = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)}
    hollow = (name for name, node in own.items() if is_named_as_asserting(name) and not _may_fail(node))
    return Helpers(asserting, frozenset(hollow) - asserting)


def _may_fail(node: Function) -> bool:
    return _asserts(node) or any(isinstance(inner, (ast.Raise, ast.Call)) for inner in ast.walk(node))


def _asserting_functions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The names of functions that hold a claim of their own and are no tests: calling one is a claim.

    A method's name has ``self.`` before it, since ``get`` or ``close`` of any other object is another one.
    """
    return frozenset(name for tree in trees for name in _asserting_in(tree, ""))


def _asserting_in(tree: ast.AST, prefix: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _FUNCTIONS) and not node.name.startswith("test") and _asserts(node):
            yield prefix + node.name
        own = "self." if isinstance(node, ast.ClassDef) else "" if isinstance(node, _FUNCTIONS) else prefix
        yield from _asserting_in(node, own)


def _asserts(node: Function) -> bool:
    return any(
        isinstance(inner, ast.Assert)
        or (isinstance(inner, ast.Call) and last_name(inner).startswith(("assert", "fail")))
        for inner in ast.walk(node)
    )


def _scan_block(scan: _Scan, body: list[ast.stmt], classes: tuple[ast.ClassDef, ...], *, dead: str) -> None:
    for node in body:
        if isinstance(node, _FUNCTIONS):
            _add(scan, node, classes, dead)
        elif isinstance(node, ast.ClassDef):
            _scan_block(scan, node.body, (*classes, node), dead=dead)
        elif isinstance(node, ast.If):
            certain = truth(node.test)
            why = f"it stands under a condition that is never met (line {node.lineno})"
            _scan_block(scan, node.body, classes, dead=dead or (why if certain is False else ""))
            _scan_block(scan, node.orelse, classes, dead=dead or (why if certain else ""))
        elif isinstance(node, (ast.Try, ast.With, ast.For, ast.While)):
            for inner in (node.body, getattr(node, "orelse", []), getattr(node, "finalbody", [])):
                _scan_block(scan, inner, classes, dead=dead)
            for handler in getattr(node, "handlers", []):
                _scan_block(scan, handler.body, classes, dead=dead)


def _add(scan: _Scan, node: Function, classes: tuple[ast.ClassDef, ...], dead: str) -> None:
    qualname = ".".join([*(item.name for item in classes), node.name])
    before = scan.units.get(qualname)
    if before is not None and not _is_property_part(node):
        scan.shadowed.append(replace(before, lost=f"line {node.lineno} defines {qualname} again"))
    scan.units[qualname] = Unit(
        path=scan.path,
        qualname=qualname,
        node=node,
        classes=classes,
        is_test=scan.conventions.collects_function(node.name) and not _is_fixture(node),
        is_fixture=_is_fixture(node),
        lost=dead or _lost(scan, node, classes, qualname),
        claims=claims_of(node, scan.helpers, scan.names),
    )


def digest_of(node: Function) -> str:
    """Alike for functions with the same parameters and body, docstring and name apart."""
    parts = [ast.dump(node.args), *map(ast.dump, body_of(node)), *map(ast.dump, node.decorator_list)]
    return digest_bytes("\n".join(parts).encode("utf-8", "surrogatepass"))


def _is_fixture(node: Function) -> bool:
    return any(last_name(decorator) in {"fixture", "yield_fixture"} for decorator in node.decorator_list)


def _is_property_part(node: Function) -> bool:
    names = {last_name(decorator) for decorator in node.decorator_list}
    return not names.isdisjoint({"setter", "getter", "deleter", "overload"})


def _lost(scan: _Scan, node: Function, classes: tuple[ast.ClassDef, ...], qualname: str) -> str:
    inherited = any(item.name in scan.inherited for item in classes)
    if not scan.conventions.collects_file(scan.path) and not inherited:
        return "no runner collects a file of this name"
    if qualname in scan.removed and scan.removed[qualname] > node.lineno:
        return f"line {scan.removed[qualname]} takes the name away"
    if not _is_fixture(node) and _is_generator(node):
        return "it has become a generator, which no runner runs to its end"
    if why := next((why for item in classes if (why := _lost_class(scan, item))), ""):
        return why
    return "" if scan.conventions.collects_function(node.name) else "no runner collects a function of this name"


def _is_generator(node: Function) -> bool:
    pending: list[ast.AST] = list(node.body)
    while pending:
        item = pending.pop()
        if isinstance(item, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(item, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(item))
    return False


def _lost_class(scan: _Scan, node: ast.ClassDef) -> str:
    if any(isinstance(item, _FUNCTIONS) and item.name == "__init__" for item in node.body) and not node.bases:
        return f"class {node.name} has an __init__"
    if node.name in scan.removed and scan.removed[node.name] > node.lineno:
        return f"line {scan.removed[node.name]} takes the name {node.name} away"
    bases = [name for base in node.bases if (name := dotted(base)) not in {"", "object"}]
    if bases or node.name in scan.inherited or scan.conventions.collects_class(node.name):
        return ""
    return f"no runner collects a class named {node.name}"


def _removals(body: list[ast.stmt], prefix: str = "") -> dict[str, int]:
    """Names that are deleted or bound to something else, by the last line that does so."""
    found: dict[str, int] = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found.update(_removals(node.body, f"{prefix}{node.name}."))
        elif isinstance(node, (ast.Assign, ast.Delete)):
            targets = [part for target in node.targets for part in getattr(target, "elts", [target])]
            for target in targets:
                if name := dotted(target):
                    found[prefix + name] = node.lineno
    return found


def all_units(files: Iterable[PythonFile]) -> Iterator[Unit]:
    """Every function of every file, shadowed definitions left out."""
    for file in files:
        yield from file.units.values()
