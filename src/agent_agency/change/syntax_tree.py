"""Python source as a tree of labelled nodes, without positions, comments or formatting."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

_WITHOUT_MEANING = (ast.expr_context,)


@dataclass(slots=True, eq=False)
class Node:
    """One node: ``kind`` says what it is, ``label`` what it is called or worth.

    ``identity`` is equal for two nodes exactly when their whole subtrees are equal, ``shape`` exactly when they are
    equal apart from labels; both only among trees grown by one ``Grower``. ``size`` counts the nodes of the subtree.
    """

    kind: str
    label: str
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None
    partner: Node | None = None
    identity: int = 0
    shape: int = 0
    size: int = 1
    height: int = 1

    def preorder(self) -> Iterator[Node]:
        """The node and all below it, parents first."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def postorder(self) -> Iterator[Node]:
        """The node and all below it, children first."""
        waiting = [(self, False)]
        while waiting:
            node, opened = waiting.pop()
            if opened:
                yield node
            else:
                waiting.append((node, True))
                waiting.extend((child, False) for child in reversed(node.children))


class Grower:
    """Grows trees whose subtrees can be compared by number: equal subtrees get equal numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}

    def grow(self, source: bytes) -> Node | None:
        """The tree of a Python file; ``None`` when this Python cannot parse it."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        root = _outline(module)
        for node in root.postorder():
            self._number(node)
        return root

    def _number(self, node: Node) -> None:
        for child in node.children:
            child.parent = node
            node.size += child.size
            node.height = max(node.height, child.height + 1)
        node.identity = self._numbers.setdefault(
            ("identity", node.kind, node.label, *(child.identity for child in node.children)), len(self._numbers)
        )
        node.shape = self._numbers.setdefault(
            ("shape", node.kind, *(child.shape for child in node.children)), len(self._numbers)
        )


def _outline(module: ast.Module) -> Node:
    root = Node("Module", "")
    waiting: list[tuple[ast.AST, Node]] = [(module, root)]
    while waiting:
        source, node = waiting.pop()
        told: list[str] = []
        for name, value in ast.iter_fields(source):
            if isinstance(value, list):
                _add_list(node, f"{node.kind}.{name}", value, waiting)
            elif isinstance(value, ast.AST):
                if not isinstance(value, _WITHOUT_MEANING):
                    told.append(name)
                    _add(node, value, waiting)
            elif value is not None and name != "type_comment":
                told.append(f"{name}={type(value).__name__}:{value!r}")
        node.label = " ".join(told)
    return root


def _add(parent: Node, value: ast.AST, waiting: list[tuple[ast.AST, Node]]) -> None:
    child = Node(type(value).__name__, "")
    parent.children.append(child)
    waiting.append((value, child))


def _add_list(parent: Node, kind: str, values: list[object], waiting: list[tuple[ast.AST, Node]]) -> None:
    """A list gets a node of its own, so that moving from ``body`` to ``orelse`` is no silent edit."""
    if not values:
        return
    group = Node(kind, "")
    parent.children.append(group)
    for value in values:
        if isinstance(value, ast.AST):
            _add(group, value, waiting)
        else:
            group.children.append(Node("Text", "" if value is None else f"{type(value).__name__}:{value!r}"))
