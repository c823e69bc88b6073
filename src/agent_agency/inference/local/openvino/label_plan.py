"""Scoring many prompts' labels in few passes: one over all prompts, one more where labels have several tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.inference.labels import LabelScore
from agent_agency.inference.local.openvino.blocks import BlockStore, Found, blocks_for
from agent_agency.inference.local.openvino.model_shape import BLOCK
from agent_agency.inference.local.openvino.paged_model import PagedModel, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK = 1024
"""Tokens of one pass: more are not quicker (measured: 4 rows of 150 are as quick a row as 16), and others wait."""


class NoRoomError(Exception):
    """The memory holds too few blocks."""


@dataclass(frozen=True, slots=True)
class LabelWork:
    """One prompt, how many of its leading tokens others share, and the labels with their tokens."""

    ids: tuple[int, ...]
    shared: int
    labels: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class LabelWorkDone:
    """The scores, in the labels' order, and how many tokens of the prompt were kept from before.

    Who is the first to need a prefix pays for it: its tokens are kept for the others.
    """

    scores: tuple[LabelScore, ...]
    cached: int


@dataclass(frozen=True, slots=True)
class _Laid:
    """A prompt with its place in memory; ``own`` are blocks that are its alone."""

    work: LabelWork
    found: Found
    own: tuple[int, ...]

    @property
    def blocks(self) -> tuple[int, ...]:
        return (*self.found.full, *self.own)


class LabelScorer:
    """Scores labels. Not for use from several threads at once.

    Args:
        model: what computes.
        store: whose blocks are whose.
    """

    def __init__(self, model: PagedModel, store: BlockStore) -> None:
        self._model = model
        self._store = store

    def prime(self, ids: tuple[int, ...]) -> int:
        """Keep a prefix; returns how many tokens were computed for it.

        Raises:
            NoRoomError: it does not fit into memory.
        """
        if not ids or self._store.has(ids):
            return 0
        laid = self._lay(LabelWork(ids, len(ids), ()))
        try:
            self._compute([laid])
        except BaseException:
            self._let_go(laid)
            raise
        self._store.keep(ids, laid.blocks)
        if laid.found.partial is not None:
            self._store.release((laid.found.partial,))
        return len(ids) - laid.found.tokens

    def score(self, works: Sequence[LabelWork]) -> list[LabelWorkDone]:
        """Score prompts together; prefixes that several share are computed once and kept.

        Raises:
            NoRoomError: they do not fit into memory together.
        """
        if not works:
            return []
        paid = [self.prime(work.ids[: work.shared]) for work in works]
        laid: list[_Laid] = []
        try:
            laid.extend(self._lay(work) for work in works)
            first = self._compute(laid)
            later = self._later_tokens(laid)
        finally:
            for one in laid:
                self._let_go(one)
        return [
            LabelWorkDone(tuple(_scores(one.work, first[at], later.get(at, {}))), max(0, one.found.tokens - paid[at]))
            for at, one in enumerate(laid)
        ]

    def _lay(self, work: LabelWork) -> _Laid:
        found = self._store.find(work.ids)
        self._store.use(found.blocks)
        own = self._store.take(blocks_for(len(work.ids)) - len(found.full))
        if own is None:
            self._store.release(found.blocks)
            raise NoRoomError
        if found.partial is not None:
            self._model.copy_block(found.partial, own[0])
        return _Laid(work, found, own)

    def _let_go(self, laid: _Laid) -> None:
        self._store.release(laid.own)
        self._store.release(laid.found.blocks)

    def _compute(self, laid: Sequence[_Laid]) -> Any:
        """The log-probabilities behind each prompt; long ones are brought up to their last chunk first."""
        rows = []
        for one in laid:
            past = one.found.tokens
            while len(one.work.ids) - past > CHUNK:
                part = one.work.ids[past : past + CHUNK]
                self._model.logprobs([Row(part, past, one.blocks[: blocks_for(past + CHUNK)], (0,))])
                past += CHUNK
            rest = one.work.ids[past:]
            rows.append(Row(rest, past, one.blocks, (len(rest) - 1,)))
        return self._model.logprobs(rows)

    def _later_tokens(self, laid: Sequence[_Laid]) -> dict[int, dict[str, float]]:
        """For labels of several tokens: the log-probability of all but the first, by prompt and label."""
        found: dict[int, dict[str, float]] = {}
        branches = [(at, label, ids) for at, one in enumerate(laid) for label, ids in one.work.labels if len(ids) > 1]
        while branches:
            some, branches = branches[:_BRANCHES], branches[_BRANCHES:]
            self._branch(laid, some, found)
        return found

    def _branch(
        self, laid: Sequence[_Laid], some: list[tuple[int, str, tuple[int, ...]]], found: dict[int, dict[str, float]]
    ) -> None:
        rows, taken = [], []
        try:
            for at, _, ids in some:
                row, own = self._branch_row(laid[at], ids)
                rows.append(row)
                taken.append(own)
            told = self._model.logprobs(rows)
        finally:
            for own in taken:
                self._store.release(own)
        place = 0
        for at, label, ids in some:
            total = sum(float(told[place + step, token]) for step, token in enumerate(ids[1:]))
            found.setdefault(at, {})[label] = total
            place += len(ids) - 1

    def _branch_row(self, one: _Laid, ids: tuple[int, ...]) -> tuple[Row, tuple[int, ...]]:
        past = len(one.work.ids)
        whole = one.blocks[: past // BLOCK]
        own = self._store.take(blocks_for(past + len(ids) - 1) - len(whole))
        if own is None:
            raise NoRoomError
        if past % BLOCK:
            self._model.copy_block(one.blocks[past // BLOCK], own[0])
        return Row(ids[:-1], past, (*whole, *own), tuple(range(len(ids) - 1))), own


_BRANCHES = 64
"""Labels' rows of one pass."""


def _scores(work: LabelWork, first: Any, later: dict[str, float]) -> list[LabelScore]:
    return [LabelScore(label, float(first[ids[0]]) + later.get(label, 0.0), len(ids)) for label, ids in work.labels]
