"""Whether a series moves, and how fast: methods that no single wild value can turn."""

from __future__ import annotations

from dataclasses import dataclass

from agent_agency.extras import require
from agent_agency.learning.trends.series import Series
from agent_agency.statistics.intervals import LEVEL, Interval


@dataclass(frozen=True, slots=True)
class Slope:
    """The median slope of all pairs of points, per day, with its interval; and the line through the middle."""

    per_day: float
    interval: Interval
    at_start: float


@dataclass(frozen=True, slots=True)
class Monotony:
    """Kendall's tau of value against time, and the two-sided p-value of no trend."""

    tau: float
    p_value: float


def theil_sen(series: Series, level: float = LEVEL) -> Slope:
    """The slope of Theil (1950) and Sen (1968, JASA 63:1379-1389), with Sen's interval.

    Args:
        series: at least two moments.
        level: the coverage wanted.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    found = require("scipy.stats", extra="stats").theilslopes(series.values(), series.days(), alpha=level)
    interval = Interval(float(found.low_slope), float(found.high_slope), level, "sen")
    return Slope(float(found.slope), interval, float(found.intercept))


def mann_kendall(series: Series) -> Monotony:
    """The test of Mann (1945) and Kendall (1975), corrected for ties; exact for few points without ties.

    Points must not depend on each other: a series that carries yesterday's items along looks surer than it is.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    if len({*series.values()}) == 1:
        return Monotony(0.0, 1.0)
    found = require("scipy.stats", extra="stats").kendalltau(series.days(), series.values())
    return Monotony(float(found.statistic), float(found.pvalue))
