"""Which blocks of the key and value memory belong to whom."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import takewhile

from agent_agency.inference.local.openvino.model_shape import BLOCK


@dataclass(frozen=True, slots=True)
class Kept:
    """A prefix whose keys and values are kept: its tokens, and the blocks they fill, the last one perhaps in part."""

    ids: tuple[int, ...]
    blocks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """How much of a prompt is kept already: the first ``tokens`` tokens, in these blocks."""

    tokens: int
    blocks: tuple[int, ...]

    @property
    def full(self) -> tuple[int, ...]:
        """The blocks that nobody writes to any more, so that many may read them."""
        return self.blocks[: self.tokens // BLOCK]

    @property
    def partial(self) -> int | None:
        """The block that is filled in part, of which a user needs a copy; ``None`` where the last one is full."""
        return self.blocks[self.tokens // BLOCK] if self.tokens % BLOCK else None


def blocks_for(tokens: int) -> int:
    """How many blocks so many tokens fill."""
    return -(-tokens // BLOCK)


class BlockStore:
    """The free blocks, and the prefixes that are kept, least recently used first.

    A prefix keeps blocks of its own, apart from whole ones in common with the prefix that it was begun from; these
    are counted. Not for use from several threads at once.

    Args:
        count: how many blocks there are.
    """

    def __init__(self, count: int) -> None:
        self._free = list(range(count))[::-1]
        self._users = [0] * count
        self._kept: OrderedDict[tuple[int, ...], Kept] = OrderedDict()

    @property
    def free(self) -> int:
        """Blocks that nobody uses."""
        return len(self._free)

    def find(self, ids: tuple[int, ...]) -> Found:
        """The longest beginning of a prompt that is kept, its last token left out: that one must be computed anew."""
        best: Found = Found(0, ())
        source: Kept | None = None
        for kept in self._kept.values():
            tokens = min(_same(kept.ids, ids), len(ids) - 1)
            if tokens > best.tokens:
                best, source = Found(tokens, kept.blocks[: blocks_for(tokens)]), kept
        if source is not None:
            self._kept.move_to_end(source.ids)
        return best

    def has(self, ids: tuple[int, ...]) -> bool:
        """Whether a prefix is kept whole."""
        return any(kept.ids[: len(ids)] == ids for kept in self._kept.values())

    def take(self, count: int) -> tuple[int, ...] | None:
        """So many free blocks, forgetting prefixes for them if need be; ``None`` where there are not so many."""
        while len(self._free) < count and self._kept:
            self._forget()
        if len(self._free) < count:
            return None
        taken = tuple(self._free.pop() for _ in range(count))
        self.use(taken)
        return taken

    def use(self, blocks: tuple[int, ...]) -> None:
        """Count one more user of blocks, so that they are not given away."""
        for block in blocks:
            self._users[block] += 1

    def release(self, blocks: tuple[int, ...]) -> None:
        """Count one user less; blocks without any are free again."""
        for block in blocks:
            self._users[block] -= 1
            if not self._users[block]:
                self._free.append(block)

    def keep(self, ids: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        """Keep a prefix; its blocks pass from who took them to the store."""
        self._kept[ids] = Kept(ids, blocks)

    def _forget(self) -> None:
        _, oldest = self._kept.popitem(last=False)
        self.release(oldest.blocks)


def _same(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    if one == other[: len(one)]:
        return len(one)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
