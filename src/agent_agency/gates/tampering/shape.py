"""An expression as text that stays the same over renamed variables and extracted locals."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from agent_agency.canonical_json import digest_bytes
from agent_agency.gates.tampering.python_source import folded, is_literal, numbered, scalar, scalars

Names = Mapping[str, ast.AST]
MAX_INLINED = 6
MAX_PIECES = 4_000


@dataclass(frozen=True, slots=True)
class Filler:
    """A constant in its place, with the scalars in it; ``text`` is empty for a variable."""

    text: str
    constants: tuple[str, ...]


class ShapeWriter:
    """Writes expressions of one function.

    A name that is bound once is written as what it is bound to; any other variable is written as ``_``, so that
    neither renaming nor extracting a variable shows.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def strict(self, node: ast.AST) -> str:
        """With every constant."""
        return self._bounded(node, loose=False)

    def loose(self, node: ast.AST) -> str:
        """With ``?`` for every constant and variable: what stays when cases become parameters."""
        return self._bounded(node, loose=True)

    def fillers(self, node: ast.AST) -> tuple[Filler, ...]:
        """What stands in place of each ``?`` of ``loose``, in order."""
        gathered: list[Filler] = []
        deque(islice(self._pieces(node, loose=True, depth=0, fillers=gathered), MAX_PIECES), maxlen=0)
        return tuple(gathered)

    def _bounded(self, node: ast.AST, *, loose: bool) -> str:
        pieces = list(islice(self._pieces(node, loose=loose, depth=0), MAX_PIECES))
        ended = digest_bytes(ast.dump(node).encode("utf-8", "surrogatepass")) if len(pieces) == MAX_PIECES else ""
        return "".join(pieces) + ended

    def resolved(self, node: ast.AST) -> ast.AST:
        """What a name is bound to; anything else as it is."""
        for _ in range(MAX_INLINED):
            if isinstance(node, ast.Name) and node.id in self._names:
                node = self._names[node.id]
            elif isinstance(node, ast.Await):
                node = node.value
            else:
                break
        return folded(node)

    def constants(self, node: ast.AST) -> frozenset[str]:
        """Every constant and attribute name in the expression, names followed."""
        found: set[str] = set()
        pending = [(node, 0)]
        for _ in range(MAX_PIECES):
            if not pending:
                break
            item, depth = pending.pop()
            item = folded(item)
            if isinstance(item, ast.Constant):
                found.add(scalar(item.value))
            elif isinstance(item, ast.Name) and item.id in self._names and depth < MAX_INLINED:
                pending.append((self._names[item.id], depth + 1))
            else:
                pending.extend((child, depth) for child in ast.iter_child_nodes(item))
        return frozenset(found)

    def roots(self, node: ast.AST) -> frozenset[str]:
        """The names that the expression speaks of: variables as they are written, and what it calls."""
        return frozenset(self._roots(node))

    def _roots(self, node: ast.AST) -> Iterator[str]:
        pending = [(node, 0)]
        for _ in range(MAX_PIECES):
            if not pending:
                break
            item, depth = pending.pop()
            if isinstance(item, ast.Name):
                if item.id in self._names and depth < MAX_INLINED:
                    pending.append((self._names[item.id], depth + 1))
                else:
                    yield item.id
            else:
                if isinstance(item, ast.Attribute):
                    yield item.attr
                pending.extend((child, depth) for child in ast.iter_child_nodes(item))

    def _pieces(self, node: ast.AST, *, loose: bool, depth: int, fillers: list[Filler] | None = None) -> Iterator[str]:
        node = folded(node)
        if loose and is_literal(node):
            if fillers is not None:
                fillers.append(Filler(self.strict(node), tuple(scalars(node))))
            yield "?"
        elif isinstance(node, ast.Constant):
            yield scalar(node.value)
        elif isinstance(node, ast.Name):
            yield from self._name(node, loose=loose, depth=depth, fillers=fillers)
        elif isinstance(node, ast.Await):
            yield from self._pieces(node.value, loose=loose, depth=depth, fillers=fillers)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield f"{node.func.id}("
            yield from self._list([*node.args, *node.keywords], loose=loose, depth=depth, fillers=fillers)
            yield ")"
        else:
            yield from self._generic(node, loose=loose, depth=depth, fillers=fillers)

    def _name(self, node: ast.Name, *, loose: bool, depth: int, fillers: list[Filler] | None) -> Iterator[str]:
        if node.id in self._names and depth < MAX_INLINED:
            yield from self._pieces(self._names[node.id], loose=loose, depth=depth + 1, fillers=fillers)
        else:
            if fillers is not None:
                fillers.append(Filler("", ()))
            yield "?" if loose else "_"

    def _generic(self, node: ast.AST, *, loose: bool, depth: int, fillers: list[Filler] | None) -> Iterator[str]:
        yield f"{type(node).__name__}["
        for name, value in ast.iter_fields(node):
            if name in {"ctx", "type_comment", "kind"}:
                continue
            if isinstance(value, ast.AST):
                yield from self._pieces(value, loose=loose, depth=depth, fillers=fillers)
            elif isinstance(value, list):
                yield from self._list(value, loose=loose, depth=depth, fillers=fillers)
            else:
                yield f"{value!r}"
            yield ";"
        yield "]"

    def _list(self, items: Sequence[object], *, loose: bool, depth: int, fillers: list[Filler] | None) -> Iterator[str]:
        for item in items:
            if isinstance(item, ast.AST):
                yield from self._pieces(item, loose=loose, depth=depth, fillers=fillers)
            else:
                yield f"{item!r}"
            yield ","


def case_rows(tree: ast.AST) -> Iterator[frozenset[str]]:
    """The sets of constants that stand together as one case: the elements of lists of cases, the pairs of tables."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            yield from _rows_of_display(node.elts)
        elif isinstance(node, ast.Dict):
            pairs = [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
            yield from (numbered((*scalars(key), *scalars(value))) for key, value in pairs)


def call_rows(tree: ast.AST) -> Iterator[frozenset[str]]:
    """The constants among the arguments of each call that holds no list of cases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            if not any(_is_table(argument) for argument in arguments):
                yield numbered(text for argument in arguments for text in scalars(argument))


def _rows_of_display(items: list[ast.expr]) -> Iterator[frozenset[str]]:
    if any(isinstance(item, (ast.List, ast.Tuple, ast.Set, ast.Call, ast.Dict)) for item in items):
        yield from (numbered(scalars(item)) for item in items if not _is_table(item))
        return
    every = [tuple(scalars(item)) for item in items]
    yield from map(frozenset, every)
    yield numbered(text for texts in every for text in texts)


def _is_table(node: ast.AST) -> bool:
    """Whether a display holds cases rather than being one: two or more elements, all of them displays."""
    if isinstance(node, ast.Dict):
        return len(node.keys) > 1
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return False
    inner = [item for item in node.elts if isinstance(item, (ast.List, ast.Tuple, ast.Call))]
    return len(inner) > 1 and len(inner) == len(node.elts)
