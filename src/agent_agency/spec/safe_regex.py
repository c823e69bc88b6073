"""Regular expressions that cannot hang.

Python's ``re`` and every engine that backtracks can be made to run for ever by a pattern, and glob patterns come from
documents that anybody may write. This engine runs ECMAScript expressions (the part that glob translation uses) on sets
of positions: a set is one integer, bit *i* standing for position *i*, and each step takes the whole set forward.
Nothing is tried twice, so the cost grows with the lengths of expression and text and not with the ways to match.
Lookarounds cost one step backward or forward over the text, once.

Only the question "is it found" is answered, so greedy and lazy are the same. As in ECMAScript's ``test``, anchors are
the expression's own: a glob with a stray parenthesis may come to one that is not anchored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent_agency.spec.regex_syntax import (
    WORD_CHARACTERS,
    Alternatives,
    Assertion,
    Characters,
    Lookaround,
    Node,
    Repeat,
    Sequence,
    SyntaxNotSupportedError,
    parse,
)

if TYPE_CHECKING:
    from agent_agency.spec.regex_fast import FastForm

MAX_STEPS = 200_000
"""Steps that one match may take; far above what any real pattern and path need (a few hundred)."""


_WORTH_COMPILING = 8
"""From this many questions on, the quick form pays; a hook that asks once does without."""


class _OutOfStepsError(Exception):
    """The match was given up."""


def is_valid(source: str) -> bool:
    """Whether the text is an expression that this engine runs."""
    try:
        parse(source)
    except SyntaxNotSupportedError:
        return False
    return True


class SafeRegex:
    """An expression; one that is invalid, or beyond the syntax that is run here, matches nothing."""

    __slots__ = ("_asked", "_fast", "_root")

    def __init__(self, source: str) -> None:
        self._asked = 0
        self._fast: FastForm | None = None
        try:
            self._root: Node | None = parse(source)
        except SyntaxNotSupportedError:
            self._root = None

    def is_found_in(self, text: str) -> bool:
        """Whether the expression matches anywhere in the text; a match that takes too many steps is none."""
        if self._root is None:
            return False
        self._asked += 1
        if self._asked == _WORTH_COMPILING:
            from agent_agency.spec.regex_fast import fast_form

            self._fast = fast_form(self._root)
        if self._fast is not None and self._fast.serves(text):
            return self._fast.pattern.match(text) is not None
        run = _Run(text)
        try:
            return run.forward(self._root, run.everywhere) != 0
        except _OutOfStepsError:
            return False


class _Run:
    """One text: the sets of its positions, from which and to which a node matches."""

    def __init__(self, text: str) -> None:
        self.last = 1 << len(text)
        self.everywhere = (self.last << 1) - 1
        self._places: dict[str, int] = {}
        bit = 1
        for char in text:
            self._places[char] = self._places.get(char, 0) | bit
            bit <<= 1
        self._consumable: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._steps = 0

    def forward(self, node: Node, starts: int) -> int:
        """Where matches end that begin in ``starts``."""
        self._count()
        match node:
            case Characters():
                return (starts & self._consumed_by(node)) << 1
            case Sequence(parts):
                for part in parts:
                    if not starts:
                        break
                    starts = self.forward(part, starts)
                return starts
            case Alternatives(branches):
                ends = 0
                for branch in branches:
                    ends |= self.forward(branch, starts)
                return ends
            case Repeat():
                return self._repeat(node, starts, self.forward)
            case _:
                return starts & self._holds(node)

    def backward(self, node: Node, ends: int) -> int:
        """Where matches begin that end in ``ends``."""
        self._count()
        match node:
            case Characters():
                return (ends >> 1) & self._consumed_by(node)
            case Sequence(parts):
                for part in reversed(parts):
                    if not ends:
                        break
                    ends = self.backward(part, ends)
                return ends
            case Alternatives(branches):
                starts = 0
                for branch in branches:
                    starts |= self.backward(branch, ends)
                return starts
            case Repeat():
                return self._repeat(node, ends, self.backward)
            case _:
                return ends & self._holds(node)

    def _repeat(self, node: Repeat, positions: int, step: Callable[[Node, int], int]) -> int:
        for _ in range(node.least):
            positions = step(node.inner, positions)
            if not positions:
                return 0
        if node.most is None:
            return self._closure(node.inner, positions, step)
        reached = positions
        for _ in range(node.most - node.least):
            positions = step(node.inner, positions)
            if not positions & ~reached:
                break
            reached |= positions
        return reached

    def _closure(self, inner: Node, positions: int, step: Callable[[Node, int], int]) -> int:
        """Every position that any number of repetitions reaches."""
        if isinstance(inner, Characters) and step == self.forward:
            runs = self._consumed_by(inner)
            return ((positions & runs) + runs ^ runs) & self.everywhere | positions
        reached = fresh = positions
        while fresh:
            fresh = step(inner, fresh) & ~reached
            reached |= fresh
        return reached

    def _holds(self, node: Assertion | Lookaround | Node) -> int:
        """Where a node that consumes nothing is true."""
        known = self._seen.get(id(node))
        if known is None:
            known = self._seen[id(node)] = self._evaluate(node)
        return known

    def _evaluate(self, node: Node) -> int:
        if isinstance(node, Lookaround):
            step = self.backward if node.ahead else self.forward
            places = step(node.inner, self.everywhere)
            return self.everywhere & ~places if node.negated else places
        if isinstance(node, Assertion):
            return {"^": 1, "$": self.last}.get(node.kind) or self._word_edges(node)
        raise TypeError(node)

    def _word_edges(self, node: Assertion) -> int:
        words = self._consumed_by(WORD_CHARACTERS)
        edges = (words ^ (words << 1)) & self.everywhere
        return edges if node.kind == "b" else self.everywhere & ~edges

    def _consumed_by(self, node: Characters) -> int:
        places = self._consumable.get(id(node))
        if places is None:
            places = 0
            for char, where in self._places.items():
                if node.contains(char):
                    places |= where
            self._consumable[id(node)] = places
        return places

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _OutOfStepsError
