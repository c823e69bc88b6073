"""The verdict on a series, by a written rule.

``insufficient``: fewer than `LEAST_POINTS` points or `LEAST_MOMENTS` moments. ``improving`` or ``declining``: the
Mann-Kendall test finds a trend at ``alpha``, and the Theil-Sen line moves by at least ``least_change`` from the first
point to the last. ``stable``: no such trend was found; the interval of the change says what could still be.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent_agency.errors import MissingExtraError
from agent_agency.learning.trends.change_points import change_points
from agent_agency.learning.trends.series import Series
from agent_agency.learning.trends.slope import Monotony, Slope, mann_kendall, theil_sen
from agent_agency.statistics.intervals import Interval

LEAST_POINTS = 8
LEAST_MOMENTS = 4
LEAST_CHANGE = 0.02
"""By default, two points of a hundred over the whole series."""
ALPHA = 0.05


class Direction(StrEnum):
    """Where a series goes."""

    IMPROVING = "improving"
    STABLE = "stable"
    DECLINING = "declining"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True)
class Trend:
    """The verdict on a series and what it rests on; ``None`` where there are too few points.

    ``change`` is how far the line moves from the first point to the last, ``change_interval`` what it could be.
    ``change_points`` are places in the series from which on the level is another one; ``None`` where they could not be
    looked for, because ruptures has no build for this Python.
    """

    series: Series
    verdict: Direction
    slope: Slope | None = None
    monotony: Monotony | None = None
    change: float | None = None
    change_interval: Interval | None = None
    change_points: tuple[int, ...] | None = ()


def trend(series: Series, least_change: float = LEAST_CHANGE, alpha: float = ALPHA) -> Trend:
    """Judge a series.

    Args:
        series: the oldest point first.
        least_change: the least change over the whole series that is of interest, in the metric's units.
        alpha: the chance to call a trend what is none.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
    """
    moments = len({point.at for point in series.points})
    if len(series.points) < LEAST_POINTS or moments < LEAST_MOMENTS:
        return Trend(series, Direction.INSUFFICIENT)
    slope, monotony, span = theil_sen(series, 1 - alpha), mann_kendall(series), series.days()[-1]
    change = slope.per_day * span
    verdict = Direction.STABLE
    if monotony.p_value <= alpha and abs(change) >= least_change:
        verdict = Direction.IMPROVING if change * series.sign > 0 else Direction.DECLINING
    bounds = Interval(slope.interval.low * span, slope.interval.high * span, slope.interval.level, "sen")
    return Trend(series, verdict, slope, monotony, change, bounds, _levels(series))


def _levels(series: Series) -> tuple[int, ...] | None:
    try:
        return change_points(series)
    except MissingExtraError:
        return None
