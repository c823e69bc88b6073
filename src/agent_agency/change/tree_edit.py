"""How many edits turn one Python file's syntax tree into another's.

The edits are those of Chawathe, Rajaraman, Garcia-Molina and Widom ("Change detection in hierarchically structured
information", SIGMOD 1996) for a given matching: insert or delete one node, update one label, move one subtree.
"""

from __future__ import annotations

import io
import tokenize
from bisect import bisect_left
from dataclasses import dataclass

from agent_agency.change.syntax_tree import Grower, Node
from agent_agency.change.tree_match import Allowance, TooMuchWorkError, match_trees

TOO_LARGE = "the change is too large to compare all of it as trees"
_WITHOUT_MEANING = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER})
_LAYOUT = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


@dataclass(frozen=True, slots=True)
class TreeEdit:
    """Nodes inserted and deleted, labels updated, subtrees moved, and the sizes of both trees in nodes."""

    inserted: int
    deleted: int
    updated: int
    moved: int
    old_size: int
    new_size: int

    @property
    def size(self) -> int:
        """The length of the edit script."""
        return self.inserted + self.deleted + self.updated + self.moved


class NotComparableError(Exception):
    """Two sources cannot be compared as trees; the text says why. Caught within this package."""


def compare_sources(old: bytes | None, new: bytes | None, allowance: Allowance) -> TreeEdit:
    """Compare two Python sources as trees; ``None`` is a file that is not there.

    Raises:
        NotComparableError: when one does not parse, or both are too large for the allowance.
    """
    grower = Grower()
    try:
        allowance.spend(len(old or b"") + len(new or b""))
        before, after = _grown(grower, old), _grown(grower, new)
        if before is None or after is None:
            return TreeEdit(_size(after), _size(before), 0, 0, _size(before), _size(after))
        match_trees(before, after, allowance)
    except TooMuchWorkError as error:
        raise NotComparableError(TOO_LARGE) from error
    return _script(before, after)


def _grown(grower: Grower, source: bytes | None) -> Node | None:
    if source is None:
        return None
    tree = grower.grow(source)
    if tree is None:
        raise NotComparableError("it does not parse as Python")
    return tree


def _size(tree: Node | None) -> int:
    return tree.size if tree is not None else 0


def same_code(old: bytes, new: bytes) -> bool:
    """Whether two sources differ in comments and blank lines alone: token by token, layout included."""
    try:
        return _tokens(old) == _tokens(new)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return False


def _tokens(source: bytes) -> list[tuple[int, str]]:
    found = tokenize.tokenize(io.BytesIO(source).readline)
    return [
        (token.type, "" if token.type in _LAYOUT else token.string)
        for token in found
        if token.type not in _WITHOUT_MEANING
    ]


def _script(old: Node, new: Node) -> TreeEdit:
    pairs = [(node, node.partner) for node in old.preorder() if node.partner is not None]
    elsewhere = sum(1 for left, right in pairs if not _stays(left, right))
    return TreeEdit(
        inserted=new.size - len(pairs),
        deleted=old.size - len(pairs),
        updated=sum(1 for left, right in pairs if left.label != right.label),
        moved=elsewhere + sum(_out_of_order(left, right) for left, right in pairs),
        old_size=old.size,
        new_size=new.size,
    )


def _stays(left: Node, right: Node) -> bool:
    """Whether a pair's parents are a pair too; the roots have none."""
    if left.parent is None or right.parent is None:
        return left.parent is right.parent
    return left.parent.partner is right.parent


def _out_of_order(left: Node, right: Node) -> int:
    """How many common children of a pair must move for the others to stand in order."""
    places = {id(child): number for number, child in enumerate(right.children)}
    order = [
        places[id(child.partner)]
        for child in left.children
        if child.partner is not None and id(child.partner) in places
    ]
    return len(order) - _longest_rise(order)


def _longest_rise(order: list[int]) -> int:
    """The length of the longest increasing subsequence (patience sorting)."""
    tops: list[int] = []
    for number in order:
        at = bisect_left(tops, number)
        tops[at : at + 1] = [number]
    return len(tops)
