"""Makes votes of recorded judgements: the rows that count, and how many did not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.recorded import (
    ReadCompletion,
    RecordedItem,
    RecordedJudgment,
    read_items,
    read_judgments,
    refuse_row,
)
from agent_agency.judging.panels.votes import ORDERS, Votes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MARKS = {"1": 1, "2": -1, None: 0}


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """Votes with what is known of their items.

    Args:
        votes: the votes.
        labels: 1 where output 1 is better, -1 where output 2 is, 0 where nobody has said; ``int8``.
        rows_by_judge: judgements that count, by judge.
        rows: judgements that count.
        other_judges: judgements of judges that were not asked for.
        other_items: judgements of items that are not in the file of items.
    """

    votes: Votes
    labels: NDArray[np.int8]
    rows_by_judge: Mapping[str, int]
    rows: int
    other_judges: int
    other_items: int


def collect_files(
    items: Path, judgments: Path, read: ReadCompletion | None, judges: Collection[str] | None = None
) -> Collected:
    """Read both files and join them.

    Args:
        items: the file of items.
        judgments: the file of judgements.
        read: the parser of completions; without one, winners are taken as recorded.
        judges: only these judges; all where ``None``.

    Raises:
        JudgeError: a bad row, a judgement given twice, no item, or no judgement that counts.
        FileUnreadableError: a file cannot be read.
        MissingExtraError: NumPy is not installed.
    """
    pairs = list(read_items(items))
    if not pairs:
        raise JudgeError("The file has no items", fix="Give a file with one item a line.", path=str(items))
    joined = _Join(pairs, judges, judgments)
    for row in read_judgments(judgments):
        joined.add(row, read)
    return joined.done()


class _Join:
    """Gathers marks item by item; judges are met as the rows come, and sorted at the end."""

    def __init__(self, pairs: Iterable[RecordedItem], judges: Collection[str] | None, path: Path) -> None:
        self._pairs = list(pairs)
        self._places = {one.item: place for place, one in enumerate(self._pairs)}
        self._wanted = None if judges is None else frozenset(judges)
        self._marks: dict[str, dict[tuple[int, str], int]] = {}
        self._path = path
        self._rows = self._other_judges = self._other_items = 0

    def add(self, row: RecordedJudgment, read: ReadCompletion | None) -> None:
        if self._wanted is not None and row.judge not in self._wanted:
            self._other_judges += 1
            return
        if row.item not in self._places:
            self._other_items += 1
            return
        marks = self._marks.setdefault(row.judge, {})
        key = (self._places[row.item], row.order)
        if key in marks:
            refuse_row(
                self._path,
                row.line,
                f"{row.judge} judges {row.item} in order {row.order} twice",
                "Keep one of the two rows.",
            )
        marks[key] = _MARKS[row.verdict(read)]
        self._rows += 1

    def done(self) -> Collected:
        numpy = require("numpy", extra="stats")
        if not self._rows:
            raise JudgeError(
                "No judgement in the file is of these items and judges",
                fix="Give the judgements that belong to the items, by judges of the panel.",
                path=str(self._path),
                code="judge.no_votes",
            )
        judges = tuple(sorted(self._marks))
        marks = numpy.zeros((len(self._pairs), len(judges), len(ORDERS)), dtype=numpy.int8)
        for column, judge in enumerate(judges):
            for (place, order), mark in self._marks[judge].items():
                marks[place, column, ORDERS.index(order)] = mark
        names, subsets = tuple(one.item for one in self._pairs), tuple(one.subset for one in self._pairs)
        labels = numpy.array([_MARKS[one.label] for one in self._pairs], dtype=numpy.int8)
        counts = {judge: len(self._marks[judge]) for judge in judges}
        votes = Votes(names, subsets, judges, marks)
        return Collected(votes, labels, counts, self._rows, self._other_judges, self._other_items)
