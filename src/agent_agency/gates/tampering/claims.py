"""All claims of one function with what keeps each from counting: dead code, swallowed failures, conditions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from agent_agency.gates.tampering.assertions import Assertion, AssertionReader, Helpers
from agent_agency.gates.tampering.python_source import dotted, last_name, single_assignments, truth
from agent_agency.gates.tampering.rules import quoted

Function = ast.FunctionDef | ast.AsyncFunctionDef

_FAILURES = frozenset({"AssertionError", "Exception", "BaseException"})
_SKIPS = frozenset({"skip", "skipTest", "xfail", "SkipTest", "exit", "_exit", "importorskip"})
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns", "deprecated_call"})


@dataclass(frozen=True, slots=True)
class _Where:
    idle: str = ""
    swallowed: bool = False
    guards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A call that skips or ends the test; ``guards`` are its conditions."""

    line: int
    text: str
    guards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a function claims, where it skips itself, and which functions it calls."""

    assertions: tuple[Assertion, ...]
    stops: tuple[Stop, ...]
    calls: frozenset[str]
    names: Mapping[str, ast.AST]


def claims_of(function: Function, helpers: Helpers, outer: Mapping[str, ast.AST]) -> Claims:
    """Read a function.

    ``helpers`` are the functions of the tests whose call counts as a claim or does not, ``outer`` what names of the
    module are bound to.
    """
    names = _bindings(function, outer)
    filled = _filled(function, names)
    settled = {name: value for name, value in names.items() if name not in filled}
    walker = _Walker(AssertionReader(names, filled), settled, helpers)
    walker.block(body_of(function), _Where())
    calls = frozenset(last_name(node) for node in ast.walk(function) if isinstance(node, ast.Call))
    return Claims(tuple(walker.assertions), tuple(walker.stops), calls, names)


def body_of(function: Function) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    first = function.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return function.body[1:] if is_text else function.body


def does_nothing(function: Function) -> bool:
    """Whether the body is nothing but a docstring, ``pass``, ``...``, a constant or an empty ``return``."""
    return all(_is_nothing(statement) for statement in body_of(function))


def _is_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Return) and (statement.value is None or isinstance(statement.value, ast.Constant))


def _bindings(function: Function, outer: Mapping[str, ast.AST]) -> Mapping[str, ast.AST]:
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    taken = {parameter.arg for parameter in parameters if parameter is not None}
    taken |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local = single_assignments(function.body)
    return {
        **{name: value for name, value in outer.items() if name not in taken},
        **{name: value for name, value in local.items() if not _is_parameter(name, parameters)},
    }


def _filled(function: Function, names: Mapping[str, ast.AST]) -> frozenset[str]:
    """Names bound to something that can be added to, and read more than once."""
    reads = Counter(
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )
    kinds = (ast.List, ast.Dict, ast.Set)
    return frozenset(name for name, value in names.items() if isinstance(value, kinds) and reads[name] > 1)


def _is_parameter(name: str, parameters: list[ast.arg | None]) -> bool:
    return any(parameter is not None and parameter.arg == name for parameter in parameters)


class _Walker:
    def __init__(self, reader: AssertionReader, names: Mapping[str, ast.AST], helpers: Helpers) -> None:
        self._reader = reader
        self._names = names
        self._helpers = helpers
        self.assertions: list[Assertion] = []
        self.stops: list[Stop] = []

    def block(self, statements: list[ast.stmt], where: _Where) -> None:
        for statement in statements:
            self._statement(statement, where)
            if not where.idle and (why := self._ends_here(statement)):
                where = replace(where, idle=why)
            elif isinstance(statement, ast.If) and _leaves(statement.body) and not statement.orelse:
                text = quoted(f"not ({ast.unparse(statement.test)})")
                where = replace(where, guards=(*where.guards, text))

    def _ends_here(self, statement: ast.stmt) -> str:
        if isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
            return f"it stands after the {type(statement).__name__.lower()} in line {statement.lineno}"
        if isinstance(statement, ast.Expr) and _is_stop(statement.value):
            return f"it stands after {last_name(statement.value)}() in line {statement.lineno}"
        if isinstance(statement, ast.If):
            certain = truth(statement.test, self._names)
            branch = statement.body if certain else statement.orelse if certain is False else []
            return next((why for inner in branch if (why := self._ends_here(inner))), "")
        return ""

    def _statement(self, statement: ast.stmt, where: _Where) -> None:
        if isinstance(statement, ast.Assert):
            self._add(self._reader.of_assert(statement), where)
        elif isinstance(statement, ast.If):
            self._if(statement, where)
        elif isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            self._loop(statement, where)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            self._with(statement, where)
        elif isinstance(statement, (ast.Try, ast.TryStar)):
            self._try(statement, where)
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                guard = quoted(f"match {ast.unparse(statement.subject)}")
                self.block(case.body, replace(where, guards=(*where.guards, guard)))
        elif isinstance(statement, ast.Raise):
            self._stop(statement.exc, statement, where)
        else:
            self._simple(statement, where)

    def _simple(self, statement: ast.stmt, where: _Where) -> None:
        value = getattr(statement, "value", None)
        value = value.value if isinstance(value, ast.Await) else value
        if not isinstance(value, ast.Call) or not isinstance(statement, (ast.Expr, ast.Assign, ast.Return)):
            return
        self._stop(value, statement, where)
        if isinstance(statement, ast.Expr) or last_name(value) in _RAISES:
            claim = self._reader.of_call(value, self._helpers)
            self._add([claim] if claim else [], where)

    def _stop(self, value: ast.AST | None, statement: ast.stmt, where: _Where) -> None:
        if value is not None and not where.idle and _is_stop(value):
            self.stops.append(Stop(statement.lineno, quoted(ast.unparse(statement)), where.guards))

    def _if(self, statement: ast.If, where: _Where) -> None:
        certain = truth(statement.test, self._names)
        text = quoted(ast.unparse(statement.test))
        idle = f"it stands under 'if {text}'"
        held = replace(where, guards=(*where.guards, text)) if certain is None else where
        denied = replace(where, guards=(*where.guards, f"not ({text})")) if certain is None else where
        self.block(statement.body, replace(where, idle=where.idle or idle) if certain is False else held)
        self.block(statement.orelse, replace(where, idle=where.idle or idle) if certain else denied)

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While, where: _Where) -> None:
        never = truth(statement.test, self._names) if isinstance(statement, ast.While) else self._runs(statement.iter)
        idle = where.idle or ("it stands in a loop that never runs" if never is False else "")
        self.block(statement.body, replace(where, idle=idle))
        self.block(statement.orelse, where)

    def _runs(self, iterated: ast.expr) -> bool | None:
        if isinstance(iterated, ast.Call) and last_name(iterated) == "range" and len(iterated.args) == 1:
            return truth(iterated.args[0], self._names)
        if isinstance(iterated, ast.Call) and last_name(iterated) in {"enumerate", "list", "tuple", "iter", "sorted"}:
            return self._runs(iterated.args[0]) if iterated.args else False
        if isinstance(iterated, ast.Subscript):
            stop = getattr(iterated.slice, "upper", None)
            return False if isinstance(stop, ast.Constant) and stop.value == 0 else None
        return truth(iterated, self._names)

    def _with(self, statement: ast.With | ast.AsyncWith, where: _Where) -> None:
        swallowed, guards = where.swallowed, where.guards
        for item in statement.items:
            call = item.context_expr
            if not isinstance(call, ast.Call):
                continue
            name = last_name(call)
            if name in _RAISES and name != "deprecated_call":
                self._add([self._reader.of_raises(call)], where)
                swallowed = swallowed or _catches_failures(call.args)
            elif name == "suppress":
                swallowed = swallowed or _catches_failures(call.args)
                guards = (*guards, quoted(f"nothing is raised that {ast.unparse(call)} takes"))
        self.block(statement.body, replace(where, swallowed=swallowed, guards=guards))

    def _try(self, statement: ast.Try | ast.TryStar, where: _Where) -> None:
        swallowed = any(_swallows(handler) for handler in statement.handlers)
        ends = any(isinstance(inner, ast.Return) for inner in statement.finalbody)
        quiet = [handler for handler in statement.handlers if _is_quiet(handler)]
        kinds = ", ".join(ast.unparse(handler.type) if handler.type else "anything" for handler in quiet)
        guards = (*where.guards, quoted(f"{kinds} is not raised")) if quiet else where.guards
        self.block(statement.body, replace(where, swallowed=where.swallowed or swallowed or ends, guards=guards))
        for handler in statement.handlers:
            text = f"except {quoted(ast.unparse(handler.type)) if handler.type else ''}".rstrip()
            self.block(handler.body, replace(where, guards=(*where.guards, text)))
        self.block(statement.orelse, replace(where, swallowed=where.swallowed or ends))
        self.block(statement.finalbody, where)

    def _add(self, claims: Iterator[Assertion] | list[Assertion], where: _Where) -> None:
        for claim in claims:
            self.assertions.append(replace(claim, idle=where.idle, swallowed=where.swallowed, guards=where.guards))


def _is_stop(value: ast.AST) -> bool:
    """Whether an expression ends the test without failing it."""
    if last_name(value) not in _SKIPS:
        return False
    names = dotted(value).split(".")
    return len(names) == 1 or names[0] in {"pytest", "unittest", "self", "sys", "os", "pt", "case", ""}


def _catches_failures(kinds: list[ast.expr]) -> bool:
    return any(last_name(item) in _FAILURES for kind in kinds for item in getattr(kind, "elts", [kind]))


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether a branch ends what stands around it without failing the test."""
    return isinstance(body[-1], (ast.Return, ast.Continue, ast.Break))


def _is_quiet(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes an exception and claims nothing about it."""
    return not any(
        isinstance(node, (ast.Raise, ast.Assert))
        or (isinstance(node, ast.Call) and last_name(node).startswith(("fail", "assert", "skip", "xfail")))
        for statement in handler.body
        for node in ast.walk(statement)
    )


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes a failed assertion and lets the test go on."""
    if handler.type is not None and not _catches_failures([handler.type]):
        return False
    return not any(
        isinstance(node, (ast.Raise, ast.Assert)) or (isinstance(node, ast.Call) and last_name(node) == "fail")
        for statement in handler.body
        for node in ast.walk(statement)
    )
