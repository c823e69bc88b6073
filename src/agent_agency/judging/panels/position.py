"""How good one judge is by itself: its accuracy, and how much the place of an output sways it.

A judge answers twice about an item, once in each order. Its accuracy is the mean over both orders; an answer without a
verdict counts one half, and so does a pair of answers that contradict each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.extras import require
from agent_agency.judging.panels.votes import ORDERS
from agent_agency.statistics.intervals import LEVEL, Interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes


@dataclass(frozen=True, slots=True)
class Share:
    """A share of ``n``, 0 to 1, with its interval."""

    value: float
    n: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class JudgeFigures:
    """What the recorded answers say of one judge.

    Args:
        judge: its name.
        accuracy: over all items, each counting the mean of both orders.
        by_subset: the same on each subset.
        agreement: the share of items where both orders name the same output; ``None`` where no item has two verdicts.
        first_share: the share of verdicts for the output shown first; one half is no leaning.
        bias: the distance of ``first_share`` from one half, 0 to 0.5.
        answers: recorded answers.
        missing: answers that are not there, of two for each item.
        abstained: answers without a verdict.
    """

    judge: str
    accuracy: Share
    by_subset: dict[str, Share]
    agreement: Share | None
    first_share: Share | None
    bias: Share | None
    answers: int
    missing: int
    abstained: int


def judge_figures(votes: Votes, labels: NDArray[np.int8], rows_by_judge: Mapping[str, int]) -> list[JudgeFigures]:
    """The figures of every judge, in the order of the votes.

    Args:
        votes: the votes.
        labels: 1 or -1 for each item.
        rows_by_judge: how many answers are recorded of each judge.

    Raises:
        MissingExtraError: NumPy is not installed.
        ValueError: there is no item, or one has no label.
    """
    if not len(labels) or not labels.all():
        raise ValueError("every item needs a label")
    numpy = require("numpy", extra="stats")
    subsets = numpy.array(votes.subsets)
    kinds = {name: subsets == name for name in sorted(set(votes.subsets))}
    earned = credits_of(votes, labels)
    found = []
    for place, judge in enumerate(votes.judges):
        marks, rows = votes.marks[:, place, :], rows_by_judge[judge]
        own = earned[:, place]
        leaning = first_share(marks)
        found.append(
            JudgeFigures(
                judge,
                _mean(own),
                {name: _mean(own[here]) for name, here in kinds.items()},
                position_agreement(marks),
                leaning,
                leaning and _bias(leaning),
                rows,
                len(ORDERS) * len(labels) - rows,
                rows - int(numpy.count_nonzero(marks)),
            )
        )
    return found


def credits_of(votes: Votes, labels: NDArray[np.int8]) -> NDArray[np.float64]:
    """What each judge earns on each item, 0 to 1: items by judges."""
    earned: NDArray[np.float64] = (1 + votes.signals() * labels[:, None]) / 2
    return earned


def position_agreement(marks: NDArray[np.int8]) -> Share | None:
    """The share of items with two verdicts where both orders name the same output, with Wilson's interval.

    Args:
        marks: items by two orders, as in `Votes.marks`.
    """
    both = marks[(marks != 0).all(axis=1)]
    agreeing, n = int((both[:, 0] == both[:, 1]).sum()), len(both)
    return Share(agreeing / n, n, wilson(agreeing, n)) if n else None


def first_share(marks: NDArray[np.int8]) -> Share | None:
    """The share of verdicts for the output shown first, over items with two verdicts.

    It lies above one half by half the difference of two paired proportions, those of output 1 in either order; the
    interval is Newcombe's for that difference (1998, Statistics in Medicine 17:2635-2650, method 10).

    Args:
        marks: items by two orders, as in `Votes.marks`.
    """
    both = marks[(marks != 0).all(axis=1)]
    if not len(both):
        return None
    first, second = both[:, 0] > 0, both[:, 1] > 0
    table = [int(cell.sum()) for cell in (first & second, first & ~second, ~first & second, ~first & ~second)]
    low, value, high = (0.5 + part / 2 for part in _paired_difference(*table))
    return Share(value, len(both), Interval(low, high, LEVEL, "newcombe paired"))


def _paired_difference(both: int, only_first: int, only_second: int, neither: int) -> tuple[float, float, float]:
    """The least, the found and the greatest difference of two proportions on the same items."""
    n = both + only_first + only_second + neither
    first, second = (both + only_first) / n, (both + only_second) / n
    one, two = wilson(both + only_first, n), wilson(both + only_second, n)
    tied = _correlation(both, only_first, only_second, neither)
    down = _joined(first - one.low, two.high - second, tied)
    up = _joined(one.high - first, second - two.low, tied)
    found = first - second
    return max(-1.0, found - down), found, min(1.0, found + up)


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Phi of the table; one above zero is moved towards it by the paper's correction for continuity."""
    sides = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not sides:
        return 0.0
    over = both * neither - only_first * only_second
    n = both + only_first + only_second + neither
    return (max(over - n / 2, 0.0) if over > 0 else over) / math.sqrt(sides)


def _joined(one: float, two: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * correlation * one * two + two * two))


def _bias(leaning: Share) -> Share:
    """The distance from one half; its least is zero where the interval holds one half."""
    low, high = leaning.interval.low - 0.5, leaning.interval.high - 0.5
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    between = Interval(least, max(abs(low), abs(high)), leaning.interval.level, leaning.interval.method)
    return Share(abs(leaning.value - 0.5), leaning.n, between)


def _mean(earned: NDArray[np.float64]) -> Share:
    total, n = float(earned.sum()), len(earned)
    return Share(total / n, n, wilson(total, n))
