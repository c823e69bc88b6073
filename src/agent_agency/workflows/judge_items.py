"""The items that modes are measured and calibrated on: a user's file, or the dev split of the shipped training set.

The sealed test is never among them: what is chosen on it could not be measured on it any more.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent_agency.canonical_json import digest_json
from agent_agency.errors import FileUnreadableError, JudgeError
from agent_agency.judging.answer import Verdict
from agent_agency.judging.batch_record import BatchRecord, lines_of
from agent_agency.judging.labelled_records import read_labelled
from agent_agency.judging.subject import Subject

if TYPE_CHECKING:
    from agent_agency.judging.prompt import JudgePrompt

DEV: Literal["dev"] = "dev"
"""What the shipped items are called."""


@dataclass(frozen=True, slots=True)
class Item:
    """A subject, and what is true of it where that is known."""

    subject: Subject
    truth: Verdict | None


@dataclass(frozen=True, slots=True)
class ItemSet:
    """Items that differ, and where they are from."""

    items: tuple[Item, ...]
    source: str

    @property
    def digest(self) -> str:
        """``sha256:…`` over contents and labels."""
        return digest_json([[one.subject.digest, one.truth] for one in self.items])

    @property
    def records(self) -> tuple[BatchRecord, ...]:
        """As the records of a batch, in order."""
        return tuple(BatchRecord(at, one.subject.id, one.subject) for at, one in enumerate(self.items, start=1))


def items_for(prompt: JudgePrompt, source: Path | None, most: int | None, seed: int = 0) -> ItemSet:
    """The items of a file, or of the dev split; without those that the judge's prompt shows.

    Args:
        prompt: of the judge.
        source: JSON lines as for ``agency judge run``, with ``verdict`` where it is known; ``None`` for the dev split.
        most: how many are taken at most, drawn at random.
        seed: of the draw.

    Raises:
        FileUnreadableError: the file cannot be read.
        JudgeError: a line of it is no record (``judge.bad_record``), or nothing is left.
        DatasetError: the shipped items are damaged.
    """
    found = _shipped(prompt.judge) if source is None else _of_file(source)
    shown = {one.subject.digest for one in prompt.demonstrations}
    by_digest = {digest: one for one in found if (digest := one.subject.digest) not in shown}
    items = list(by_digest.values())
    if not items:
        raise JudgeError(
            "There is nothing to judge",
            fix="Give records that the judge's prompt does not show.",
            code="judge.no_items",
        )
    if most is not None and most < len(items):
        chance = random.Random(seed)  # noqa: S311 - which items are asked about, not a secret
        items = [items[at] for at in sorted(chance.sample(range(len(items)), most))]
    return ItemSet(tuple(items), DEV if source is None else source.name)


def halves(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Two parts that depend on what the items are and not on their order: one to fit on, one to hold out."""
    ordered = sorted(items, key=lambda one: one.subject.digest)
    return tuple(ordered[::2]), tuple(ordered[1::2])


def _shipped(judge: str) -> list[Item]:
    from agent_agency.learning.dataset import load

    return [Item(one.subject, one.verdict) for one in load(judge, DEV)]


def _of_file(source: Path) -> list[Item]:
    try:
        with source.open("rb") as stream:
            read = list(read_labelled(lines_of(stream)))
    except (OSError, ValueError) as error:
        raise FileUnreadableError(
            f"The records cannot be read: {getattr(error, 'strerror', None) or error}",
            fix="Give a file with one JSON object per line.",
            path=str(source),
        ) from error
    items = []
    for one in read:
        if one.record.subject is None:
            raise JudgeError(
                f"The record cannot be used: {one.record.problem}",
                fix="Mend the line, or take it out.",
                path=str(source),
                line=one.record.line,
                code="judge.bad_record",
            )
        items.append(Item(one.record.subject, one.truth))
    return items
