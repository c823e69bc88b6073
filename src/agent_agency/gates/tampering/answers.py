"""Where product code answers by a literal: it compares an input with a constant and then gives a constant."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent_agency.gates.tampering.literals import literal, literals_in, spelled_number
from agent_agency.gates.tampering.python_source import last_name, single_assignments
from agent_agency.gates.tampering.rules import quoted

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DISPLAYS = (ast.List, ast.Tuple, ast.Set)
_NEAR = 2
_TABLE_CALLS = frozenset({"get", "pop", "setdefault", "__getitem__"})
_COMPARING_CALLS = frozenset(
    {"isclose", "eq", "__eq__", "fullmatch", "match", "startswith", "endswith", "compare_digest", "is_"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One literal that decides, in one function; ``outcomes`` are the constants that then come out.

    ``table`` names the mapping that holds it, empty for a comparison. ``direct`` says that what is compared is made of
    the function's parameters alone, not of what hangs on them (``args.format``) or was read elsewhere.
    """

    function: str
    value: str
    outcomes: frozenset[str]
    line: int
    text: str
    table: str = ""
    direct: bool = True


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of some modules; which function calls which; all constants of each function."""

    items: tuple[Answer, ...]
    callers: Mapping[str, frozenset[str]]
    held: Mapping[str, frozenset[str]]
    paths: Mapping[Answer, str]


def read_answers(modules: Mapping[str, ast.Module]) -> Answers:
    """The answers of the product modules, by path."""
    items: list[Answer] = []
    paths: dict[Answer, str] = {}
    callers: dict[str, set[str]] = defaultdict(set)
    held: dict[str, set[str]] = defaultdict(set)
    for path, tree in modules.items():
        tables = _tables(tree)
        names = single_assignments(tree.body)
        for function in (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)):
            for answer in _answers_of(function, tables, names):
                items.append(answer)
                paths.setdefault(answer, path)
            held[function.name].update(literals_in(function))
            for node in ast.walk(function):
                if isinstance(node, (ast.Name, ast.Attribute)):
                    callers[last_name(node)].add(function.name)
    return Answers(
        tuple(dict.fromkeys(items)),
        {name: frozenset(found) for name, found in callers.items()},
        {name: frozenset(found) for name, found in held.items()},
        paths,
    )


def reached_from(name: str, callers: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The function itself and all that call it, directly or through others."""
    found = {name}
    pending = [name]
    while pending:
        for caller in callers.get(pending.pop(), frozenset()) - found:
            found.add(caller)
            pending.append(caller)
    return frozenset(found)


def _tables(tree: ast.Module) -> Mapping[str, ast.Dict]:
    """Mappings with constant keys by the name that they are bound to, wherever that is."""
    found: dict[str, ast.Dict] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (table := _as_dict(node.value)) is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update((last_name(target), table) for target in targets if last_name(target))
    return found


def _defaults(function: Function) -> Mapping[str, ast.Dict]:
    """Mappings that parameters stand for where nothing is given."""
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(listed[len(listed) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    pairs += [(name, value) for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    return {name.arg: table for name, value in pairs if (table := _as_dict(value)) is not None}


def _as_dict(node: ast.AST | None) -> ast.Dict | None:
    if isinstance(node, ast.Dict):
        return node if node.keys else None
    if isinstance(node, ast.Call) and last_name(node) in {"dict", "MappingProxyType", "OrderedDict"} and node.args:
        inner = node.args[0]
        if isinstance(inner, ast.Dict):
            return inner
        pairs = [item.elts for item in getattr(inner, "elts", []) if isinstance(item, ast.Tuple)]
        if pairs and all(len(pair) == _NEAR for pair in pairs):
            return ast.Dict([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return None


def _answers_of(
    function: Function, tables: Mapping[str, ast.Dict], module_names: Mapping[str, ast.AST]
) -> Iterator[Answer]:
    names = {**module_names, **single_assignments(function.body)}
    given = _given((node for node in ast.walk(function) if isinstance(node, ast.Return)), names)
    reader = _Reader(function, names, {**tables, **_defaults(function)}, given)
    for statement in function.body:
        reader.read(statement, None)
    yield from reader.found


class _Reader:
    """Walks one function with the nearest place that gives an answer in mind."""

    def __init__(
        self, function: Function, names: Mapping[str, ast.AST], tables: Mapping[str, ast.Dict], given: frozenset[str]
    ) -> None:
        self._function = function.name
        self._parameters = _made_of_parameters(function)
        self._names = names
        self._tables = tables
        self._given_anywhere = given
        self.found: list[Answer] = []

    def read(self, node: ast.AST, outcomes: frozenset[str] | None) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            return
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            self._branch(node)
            return
        if isinstance(node, ast.Match):
            self._match(node)
        if isinstance(node, (ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
            keys = (item.slice for item in ast.walk(node.value) if isinstance(item, ast.Subscript))
            outcomes = frozenset((*literals_in(node.value), "True")) - {literal(key) for key in keys}
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self._pairs(node)
        self._probes(node, outcomes or frozenset())
        for child in ast.iter_child_nodes(node):
            self.read(child, outcomes)

    def _branch(self, node: ast.If | ast.While | ast.IfExp) -> None:
        body = node.body if isinstance(node.body, list) else [node.body]
        other = node.orelse if isinstance(node.orelse, list) else [node.orelse]
        outcomes = _given(body, self._names) | _given(other, self._names)
        if any(isinstance(inner, (ast.NotEq, ast.IsNot, ast.NotIn)) for inner in ast.walk(node.test)):
            outcomes |= self._given_anywhere
        for inner in ast.walk(node.test):
            self._probes(inner, outcomes, branch=True)
            if isinstance(inner, _DISPLAYS) and (value := literal(inner, self._names)) is not None:
                self._add(value, outcomes, node.test)
        for child in (*body, *other):
            self.read(child, outcomes if isinstance(node, ast.IfExp) else None)

    def _probes(self, node: ast.AST, outcomes: frozenset[str], *, branch: bool = False) -> None:
        if isinstance(node, ast.Compare):
            for value in self._compared(node):
                self._add(value, outcomes if branch else outcomes - {value}, node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and isinstance(node.operand, ast.BinOp):
            self._difference(node.operand, outcomes, node)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            self._lookup(node.value, node)
        elif isinstance(node, ast.Call):
            self._call(node, outcomes)

    def _call(self, node: ast.Call, outcomes: frozenset[str]) -> None:
        name = last_name(node)
        if name in _TABLE_CALLS and isinstance(node.func, ast.Attribute):
            self._lookup(node.func.value, node)
        elif name in _COMPARING_CALLS:
            for argument in node.args:
                if (value := literal(argument, self._names)) is not None:
                    self._add(value, outcomes, node)

    def _compared(self, node: ast.Compare) -> Iterator[str]:
        sides = [node.left, *node.comparators]
        if len(sides) == 3 and (between := self._between(node)) is not None:  # noqa: PLR2004 - low < x < high
            yield between
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            values = (literal(left, self._names), literal(right, self._names))
            if None not in values:
                continue
            if isinstance(op, (ast.Eq, ast.Is, ast.NotEq, ast.IsNot)):
                yield from (value for value in values if value is not None)
                for side in (left, right):
                    if isinstance(side, ast.BinOp) and literal(side, self._names) is None:
                        yield from self._terms(side)
            elif isinstance(op, (ast.In, ast.NotIn)):
                yield from self._members(left, right)
            elif isinstance(left, ast.Call) and last_name(left) == "abs" and left.args:
                yield from self._terms(left.args[0])

    def _between(self, node: ast.Compare) -> str | None:
        low, high = (literal(side, self._names) for side in (node.left, node.comparators[1]))
        if low is None or high is None or not (low.lstrip("-").isdigit() and high.lstrip("-").isdigit()):
            return None
        return str((int(low) + int(high)) // 2) if 0 <= int(high) - int(low) <= _NEAR else None

    def _members(self, left: ast.expr, right: ast.expr) -> Iterator[str]:
        if isinstance(right, _DISPLAYS):
            yield from (value for item in right.elts if (value := literal(item, self._names)) is not None)
        elif isinstance(table := self._table(right), ast.Dict):
            self._lookup(right, right)
            yield from (value for key in table.keys if key and (value := literal(key, self._names)) is not None)
        elif isinstance(right, ast.Name) and isinstance(bound := self._names.get(right.id), _DISPLAYS):
            yield from self._members(left, bound)

    def _terms(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Add, ast.BitXor)):
            for side in (node.left, node.right):
                if (value := literal(side, self._names)) is not None:
                    yield value.lstrip("-")

    def _difference(self, node: ast.BinOp, outcomes: frozenset[str], place: ast.AST) -> None:
        for value in self._terms(node):
            self._add(value, outcomes, place)

    def _table(self, node: ast.AST) -> ast.Dict | None:
        return _as_dict(node) or self._tables.get(last_name(node))

    def _lookup(self, node: ast.AST, place: ast.AST) -> None:
        table = self._table(node)
        if table is None:
            return
        name = last_name(node) or "{}"
        for key, value in zip(table.keys, table.values, strict=True):
            text = literal(key, self._names) if key is not None else None
            if text is not None:
                self._add(text, frozenset(literals_in(value, self._names)), key or place, table=name)

    def _pairs(self, node: ast.For | ast.AsyncFor) -> None:
        """A loop over literal pairs is a table too."""
        rows = self._names.get(node.iter.id) if isinstance(node.iter, ast.Name) else node.iter
        for row in getattr(rows, "elts", []):
            cells = getattr(row, "elts", [])
            if len(cells) >= _NEAR and (value := literal(cells[0], self._names)) is not None:
                self._add(value, frozenset(literals_in(cells[-1], self._names)), row, table="for")

    def _match(self, node: ast.Match) -> None:
        for case in node.cases:
            outcomes = _given(case.body, self._names)
            for value in _patterns(case.pattern):
                self._add(value, outcomes, case.pattern)

    def _add(self, value: str, outcomes: frozenset[str], place: ast.AST, table: str = "") -> None:
        for text in (value, *spelled_number(value)):
            line = getattr(place, "lineno", 1)
            shown = quoted(ast.unparse(place))
            direct = table != "" or isinstance(place, ast.pattern) or _is_direct(place, self._parameters)
            self.found.append(Answer(self._function, text, outcomes - {text}, line, shown, table, direct))


def _is_direct(place: ast.AST, given: frozenset[str]) -> bool:
    called = {id(node.func) for node in ast.walk(place) if isinstance(node, ast.Call)}
    if any(isinstance(node, ast.Attribute) and id(node) not in called for node in ast.walk(place)):
        return False
    if any(isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) for node in ast.walk(place)):
        return False
    return any(isinstance(node, ast.Name) and node.id in given for node in ast.walk(place))


def _made_of_parameters(function: Function) -> frozenset[str]:
    """The parameters and the variables that are worked out from them."""
    arguments = function.args
    listed = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    found = {argument.arg for argument in listed if argument is not None} - {"self", "cls"}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and not found.isdisjoint(_names(node.value)):
            found.update(name for target in node.targets for name in _names(target))
    return frozenset(found)


def _names(node: ast.AST) -> Iterator[str]:
    return (item.id for item in ast.walk(node) if isinstance(item, ast.Name))


def _patterns(pattern: ast.pattern) -> Iterator[str]:
    if isinstance(pattern, ast.MatchSequence):
        values = [value.value for value in pattern.patterns if isinstance(value, ast.MatchValue)]
        if len(values) == len(pattern.patterns) and (text := literal(ast.Tuple(values, ast.Load()))) is not None:
            yield text
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchValue) and (text := literal(node.value)) is not None:
            yield text


def _given(body: Iterable[ast.AST], names: Mapping[str, ast.AST]) -> frozenset[str]:
    """The constants that a branch returns, yields, assigns or is."""
    found: set[str] = set()
    for statement in body:
        value = statement if isinstance(statement, ast.expr) else getattr(statement, "value", None)
        if isinstance(statement, ast.Expr) and not isinstance(statement.value, (ast.Yield, ast.YieldFrom)):
            continue
        value = getattr(value, "value", None) if isinstance(value, (ast.Yield, ast.YieldFrom)) else value
        if isinstance(value, ast.AST):
            text = literal(value, names)
            found.update([text] if text is not None else _constructed(value, names))
    return frozenset(found)


def _constructed(value: ast.AST, names: Mapping[str, ast.AST]) -> Iterator[str]:
    """What a call of nothing but constants holds: ``Money(7, "EUR")``."""
    if isinstance(value, ast.Call):
        arguments = [*value.args, *(keyword.value for keyword in value.keywords)]
        texts = [literal(argument, names) for argument in arguments]
        if texts and None not in texts:
            yield from (text for text in texts if text is not None)
