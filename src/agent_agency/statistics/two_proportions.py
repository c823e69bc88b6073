"""Two proportions of different units: how far apart, and whether that could be chance."""

from __future__ import annotations

import math

from agent_agency.extras import require
from agent_agency.statistics.intervals import LEVEL, Interval, wilson


def newcombe(successes_a: float, n_a: int, successes_b: float, n_b: int, level: float = LEVEL) -> Interval:
    """The hybrid score interval for ``b``'s share less ``a``'s (Newcombe 1998, Statist. Med. 17:873-890, method 10).

    It needs no optional library; an undecided one may count one half.

    Raises:
        ValueError: counts that make no proportion, or a level outside 0 to 1.
    """
    a, b = wilson(successes_a, n_a, level), wilson(successes_b, n_b, level)
    share_a, share_b = successes_a / n_a, successes_b / n_b
    low = share_b - share_a - math.hypot(share_b - b.low, a.high - share_a)
    high = share_b - share_a + math.hypot(b.high - share_b, share_a - a.low)
    return Interval(max(-1.0, low), min(1.0, high), level, "newcombe")


def score_test_p(successes_a: int, n_a: int, successes_b: int, n_b: int) -> float:
    """The two-sided p-value of the score test for equal shares: Pearson's chi-square without a correction.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: counts that make no proportion.
    """
    wilson(successes_a, n_a)
    wilson(successes_b, n_b)
    if successes_a + successes_b in {0, n_a + n_b}:
        return 1.0
    table = [[successes_a, n_a - successes_a], [successes_b, n_b - successes_b]]
    return float(require("scipy.stats", extra="stats").chi2_contingency(table, correction=False).pvalue)
