"""Scores a panel on labelled items: accuracy with its interval, overall and by subset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.panel import decisions
from agent_agency.statistics.intervals import Interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often a panel was right.

    Args:
        accuracy: share of right items; one that the panel leaves undecided counts one half.
        n: items.
        abstained: undecided items.
        interval: Wilson's interval of the accuracy.
    """

    accuracy: float
    n: int
    abstained: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Score:
    """The accuracy on all items and on each subset, and the Brier score of the probabilities on all items."""

    overall: Accuracy
    by_subset: dict[str, Accuracy]
    brier: float


def score(votes: Votes, labels: NDArray[np.int8], probabilities: NDArray[np.float64], abstain_below: float) -> Score:
    """Score probabilities against labels.

    Args:
        votes: the votes, for the names of items and subsets.
        labels: 1 or -1 for each item.
        probabilities: that output 1 is better, for each item.
        abstain_below: see `decisions`.

    Raises:
        JudgeError: an item has no label.
    """
    numpy = require("numpy", extra="stats")
    require_labels(votes, labels)
    right = credit(decisions(probabilities, abstain_below), labels)
    subsets = numpy.array(votes.subsets)
    by_subset = {name: _accuracy(right[subsets == name]) for name in sorted(set(votes.subsets))}
    brier = float(((probabilities - (labels > 0)) ** 2).mean())
    return Score(_accuracy(right), by_subset, brier)


def require_labels(votes: Votes, labels: NDArray[np.int8]) -> None:
    """Hold that every item has a label.

    Raises:
        JudgeError: one has none.
    """
    numpy = require("numpy", extra="stats")
    missing = numpy.flatnonzero(labels == 0)
    if len(missing):
        raise JudgeError(
            f"{len(missing):,} of {len(labels):,} items have no label; the first is {votes.items[int(missing[0])]!r}",
            fix="Give items that all have labels.",
            code="judge.no_labels",
        )


def credit(decided: NDArray[np.int8], labels: NDArray[np.int8]) -> NDArray[np.float64]:
    """1 for a right item, 0 for a wrong one, one half for an undecided one."""
    numpy = require("numpy", extra="stats")
    earned: NDArray[np.float64] = numpy.where(decided == 0, 0.5, (decided == labels).astype(float))
    return earned


def _accuracy(right: NDArray[np.float64]) -> Accuracy:
    numpy = require("numpy", extra="stats")
    total, n = float(right.sum()), len(right)
    abstained = int(numpy.count_nonzero((right > 0) & (right < 1)))
    return Accuracy(total / n, n, abstained, wilson(total, n))
