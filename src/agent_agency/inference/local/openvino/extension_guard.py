"""Keeps apart requests that OpenVINO GenAI would answer wrongly if they ran at the same time.

Its prefix cache (2026.4.1) hands the last, half-filled block of a sequence to a later request whose prompt goes on
from exactly there. To one request at a time it does so rightly; two at once, or the first owner and one more, write
over each other's keys and values without copying first, and the probabilities are wrong by whole nats. So a prefix is
primed only at whole blocks, and of the requests whose prompt goes on from another prompt (a conversation's next turn)
one runs at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.inference.local.openvino.model_shape import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable

Tokens = tuple[int, ...]
_Place = tuple[int, Tokens]
"""A digest of whole blocks, and the tokens behind them."""


def whole_blocks(ids: Tokens) -> Tokens:
    """The beginning of some tokens that may be primed."""
    return ids[: len(ids) // BLOCK * BLOCK]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A prompt that runs: which earlier prompts it goes on from, itself included."""

    begun: frozenset[_Place]


class ExtensionGuard:
    """Knows the prompts that the prefix cache may remember. Not for use from several threads at once.

    Args:
        most: of the latest prompts that are remembered: as many as there are blocks, for each needs one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[_Place, None] = OrderedDict()
        self._tails: dict[int, dict[Tokens, None]] = {}

    def admit(self, ids: Tokens, running: Iterable[Admitted]) -> Admitted | None:
        """Let a prompt begin, or ``None`` where it must wait for one that runs."""
        digests = _digests(ids)
        found = {
            (digest, tail)
            for blocks, digest in enumerate(digests)
            for tail in self._tails.get(digest, ())
            if _goes_on(ids, blocks * BLOCK, tail)
        }
        if found and any(not found.isdisjoint(one.begun) for one in running):
            return None
        own = (digests[-1], ids[len(ids) // BLOCK * BLOCK :])
        self._remember(own)
        return Admitted(frozenset({*found, own}))

    def _remember(self, place: _Place) -> None:
        digest, tail = place
        self._known[place] = None
        self._known.move_to_end(place)
        self._tails.setdefault(digest, {})[tail] = None
        while len(self._known) > self._most:
            (old, gone), _ = self._known.popitem(last=False)
            del self._tails[old][gone]
            if not self._tails[old]:
                del self._tails[old]


def _digests(ids: Tokens) -> list[int]:
    """A digest of no block, the first block, the first two, and so on."""
    digests = [0]
    for start in range(0, len(ids) // BLOCK * BLOCK, BLOCK):
        digests.append(hash((digests[-1], ids[start : start + BLOCK])))
    return digests


def _goes_on(ids: Tokens, start: int, tail: Tokens) -> bool:
    end = start + len(tail)
    return len(ids) > end and ids[start:end] == tail
