"""Which nodes of two syntax trees are the same node, moved or edited.

The mapping follows GumTree (Falleri, Morandat, Blanc, Martinez, Monperrus: "Fine-grained and accurate source code
differencing", ASE 2014) in the form without tuned parameters (Falleri, Martinez: "Fine-grained, accurate and scalable
source differencing", ICSE 2024): equal subtrees from the largest down, then containers that hold enough of what
was matched, then what is left among the children of matched containers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from agent_agency.change.syntax_tree import Node

_LEAF_HEIGHT = 1


class TooMuchWorkError(Exception):
    """The trees are larger than is reasonable to compare; caught within this package."""


@dataclass(slots=True)
class Allowance:
    """How much work may still be spent, in node visits and bytes parsed.

    It is a count, not a time, so that the answer is the same on every machine.
    """

    left: int
    whole: Allowance | None = None

    def part(self, most: int) -> Allowance:
        """An allowance for one file, of at most ``most``; what it spends is spent of this one too."""
        return Allowance(min(most, self.left), self)

    def spend(self, visits: int) -> None:
        """Take from the allowance.

        Raises:
            TooMuchWorkError: when it is used up.
        """
        self.left -= visits
        if self.whole is not None:
            self.whole.left -= visits
        if self.left < 0:
            raise TooMuchWorkError


def match_trees(old: Node, new: Node, allowance: Allowance) -> None:
    """Set ``partner`` of every matched node in both trees; a pair always has the same kind.

    Raises:
        TooMuchWorkError: when the allowance is used up.
    """
    allowance.spend(old.size + new.size)
    _match_equal_subtrees(old, new, allowance)
    _match_containers(old, allowance)
    if old.partner is None and new.partner is None:
        _pair(old, new)
        _match_what_is_left(old, new, allowance)


def _match_equal_subtrees(old: Node, new: Node, allowance: Allowance) -> None:
    """Pair equal subtrees, the highest first; leaves alone say too little to be paired across the file."""
    old_places, new_places = _by_identity(old), _by_identity(new)
    shared = [key for key in old_places if key in new_places]
    for key in sorted(shared, key=lambda key: (-old_places[key][0].height, key)):
        lefts = [node for node in old_places[key] if node.partner is None]
        rights = [node for node in new_places[key] if node.partner is None]
        for left, right in _aligned(lefts, rights):
            allowance.spend(left.size)
            _pair_subtrees(left, right)


def _by_identity(root: Node) -> dict[int, list[Node]]:
    places: defaultdict[int, list[Node]] = defaultdict(list)
    for node in root.preorder():
        if node.height > _LEAF_HEIGHT:
            places[node.identity].append(node)
    return places


def _aligned(lefts: list[Node], rights: list[Node]) -> list[tuple[Node, Node]]:
    """Pair equal subtrees: first those with the same surroundings, then the others in order of appearance."""
    if len(lefts) == len(rights):
        return list(zip(lefts, rights, strict=True))
    pairs = _pairs_by(_surroundings, lefts, rights)
    taken = {id(node) for pair in pairs for node in pair}
    rest = [[node for node in side if id(node) not in taken] for side in (lefts, rights)]
    return [*pairs, *zip(*rest, strict=False)]


def _surroundings(node: Node) -> Hashable:
    """The kinds and labels above a node, up to the function or class that holds it."""
    path: list[tuple[str, str]] = []
    above = node.parent
    while above is not None and len(path) < 8:  # noqa: PLR2004 - a few levels tell places apart, more cost time
        path.append((above.kind, above.label))
        above = above.parent
    return tuple(path)


def _match_containers(old: Node, allowance: Allowance) -> None:
    """Pair containers, innermost first, whose matched content largely lies in the other."""
    for node in old.postorder():
        if node.partner is not None or not node.children:
            continue
        best, best_share = None, 0.0
        for candidate, common in _candidates(node, allowance).items():
            share = 2 * common / (node.size + candidate.size - 2)
            if share > best_share:
                best, best_share = candidate, share
        if best is not None and best_share >= 1 / (1 + math.log(node.size + best.size)):
            _pair(node, best)
            _match_what_is_left(node, best, allowance)


def _candidates(node: Node, allowance: Allowance) -> dict[Node, int]:
    """Unmatched containers of the same kind around the partners of what is matched below, with how much they share."""
    common: defaultdict[Node, int] = defaultdict(int)
    waiting = list(node.children)
    while waiting:
        below = waiting.pop()
        allowance.spend(1)
        whole = below.partner is not None and below.partner.identity == below.identity
        if not whole:
            waiting.extend(below.children)
        if below.partner is None:
            continue
        above = below.partner.parent
        while above is not None:
            allowance.spend(1)
            if above.partner is None and above.kind == node.kind:
                common[above] += below.size if whole else 1
            above = above.parent
    return common


def _match_what_is_left(old: Node, new: Node, allowance: Allowance) -> None:
    """Pair unmatched children of a pair: equal, equally named, equally shaped ones, the only one of a kind."""
    waiting = [(old, new)]
    while waiting:
        left, right = waiting.pop()
        allowance.spend(len(left.children) + len(right.children))
        for key in (_same, _same_name, _same_shape):
            for pair in _pairs_by(key, _free(left), _free(right)):
                if key is _same_name:
                    _pair(*pair)
                    waiting.append(pair)
                else:
                    allowance.spend(pair[0].size)
                    _pair_subtrees(*pair)
        for pair in _only_ones(_free(left), _free(right)):
            _pair(*pair)
            waiting.append(pair)


def _same(node: Node) -> Hashable:
    return node.identity


def _same_name(node: Node) -> Hashable:
    return (node.kind, node.label) if "name=" in node.label else None


def _same_shape(node: Node) -> Hashable:
    return node.shape


def _pairs_by(
    key: Callable[[Node], Hashable], lefts: Iterable[Node], rights: Iterable[Node]
) -> list[tuple[Node, Node]]:
    """Pair the first with the first, the second with the second of every key; ``None`` is no key."""
    places: defaultdict[Hashable, list[Node]] = defaultdict(list)
    for node in rights:
        places[key(node)].append(node)
    queues = {at: iter(nodes) for at, nodes in places.items() if at is not None}
    pairs = []
    for node in lefts:
        partner = next(queues.get(key(node), iter(())), None)
        if partner is not None:
            pairs.append((node, partner))
    return pairs


def _only_ones(lefts: list[Node], rights: list[Node]) -> list[tuple[Node, Node]]:
    """Pair children of a kind that stands exactly once on each side."""

    def single(nodes: list[Node]) -> dict[str, Node]:
        kinds = [node.kind for node in nodes]
        return {node.kind: node for node in nodes if kinds.count(node.kind) == 1}

    left, right = single(lefts), single(rights)
    return [(node, right[kind]) for kind, node in left.items() if kind in right]


def _free(node: Node) -> list[Node]:
    return [child for child in node.children if child.partner is None]


def _pair_subtrees(old: Node, new: Node) -> None:
    """Pair two subtrees of one shape node by node, passing over nodes that already have a partner."""
    for left, right in zip(old.preorder(), new.preorder(), strict=True):
        if left.partner is None and right.partner is None:
            _pair(left, right)


def _pair(old: Node, new: Node) -> None:
    old.partner, new.partner = new, old
