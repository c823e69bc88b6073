"""The quick way for the expressions of everyday: Python's own engine, where its cost has a bound.

Most globs come to a few runs of wildcards, none inside another. Then a backtracking engine tries at most
``choices * length ** runs`` ways, and for a text that is short enough this is little. Every other expression stays with
the engine that cannot hang.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent_agency.spec.regex_syntax import (
    Alternatives,
    Assertion,
    Characters,
    Lookaround,
    Node,
    Repeat,
    Sequence,
)

MAX_WAYS = 300_000
_MAX_LOOK_CHOICES = 64


@dataclass(frozen=True, slots=True)
class FastForm:
    """A compiled expression, how many unbounded runs it has, and the product of its other choices."""

    pattern: re.Pattern[str]
    runs: int
    choices: int

    def serves(self, text: str) -> bool:
        """Whether the text is short enough to bound the work."""
        return bool(self.choices * (len(text) + 1) ** self.runs <= MAX_WAYS)


class _NotSimpleError(Exception):
    """The expression has no bound here."""


def fast_form(root: Node) -> FastForm | None:
    """Give the quick form of an expression that begins with ``^``, or ``None`` when its cost has no bound."""
    if not isinstance(root, Sequence) or not root.parts or not _is_start(root.parts[0]):
        return None
    writer = _Writer()
    try:
        source = writer.write(root, inside_run=False)
    except _NotSimpleError:
        return None
    return FastForm(re.compile(source, re.ASCII), writer.runs, writer.choices)


def _is_start(node: Node) -> bool:
    """Whether the node holds the expression to the start of the text."""
    return isinstance(node, Assertion) and node.kind == "^"


class _Writer:
    def __init__(self) -> None:
        self.runs = 0
        self.choices = 1

    def write(self, node: Node, *, inside_run: bool) -> str:
        match node:
            case Characters():
                return _class(node)
            case Sequence(parts):
                return "".join(self.write(part, inside_run=inside_run) for part in parts)
            case Alternatives(branches):
                self.choices *= len(branches)
                return f"(?:{'|'.join(self.write(branch, inside_run=inside_run) for branch in branches)})"
            case Assertion(kind):
                return {"^": r"\A", "$": r"\Z", "b": r"\b", "B": r"\B"}[kind]
            case Lookaround():
                return self._look(node)
            case Repeat():
                return self._repeat(node, inside_run=inside_run)

    def _look(self, node: Lookaround) -> str:
        """A look ahead is tried once at each position, so its own choices do not multiply with those around it."""
        inside = _Writer()
        source = inside.write(node.inner, inside_run=True)
        if not node.ahead or inside.choices > _MAX_LOOK_CHOICES:
            raise _NotSimpleError
        return f"(?{'!' if node.negated else '='}{source})"

    def _repeat(self, node: Repeat, *, inside_run: bool) -> str:
        unbounded = node.most is None
        if unbounded and inside_run:
            raise _NotSimpleError
        if unbounded:
            self.runs += 1
        else:
            self.choices *= 1 + (node.most or 0) - node.least
        inner = self.write(node.inner, inside_run=inside_run or unbounded)
        return f"(?:{inner}){{{node.least},{'' if node.most is None else node.most}}}"


def _class(node: Characters) -> str:
    if not node.ranges:
        return "[^\\s\\S]" if not node.negated else "[\\s\\S]"
    members = "".join(f"{_code(low)}-{_code(high)}" if high > low else _code(low) for low, high in node.ranges)
    return f"[{'^' if node.negated else ''}{members}]"


def _code(point: int) -> str:
    return f"\\U{point:08x}"
