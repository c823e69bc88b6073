"""Alerts: the newest points are worse than those before, by more than chance and by more than does not matter.

A slow decline moves too little from window to window to be seen so, and is looked for as a trend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agent_agency.learning.trends.series import Point, Series
from agent_agency.learning.trends.trend import Direction, trend
from agent_agency.statistics.holm import holm
from agent_agency.statistics.intervals import Interval
from agent_agency.statistics.two_means import welch_t
from agent_agency.statistics.two_proportions import newcombe, score_test_p

NEWEST = 3
REFERENCE = 14
LEAST_DROP = 0.05
ALPHA = 0.01
_LEAST_WINDOW = 2
_LEAST_ITEMS = 20
"""Items in either window below which the score test of shares is no good approximation."""


class Alarm(StrEnum):
    """What is said of a series."""

    DEGRADED = "degraded"
    DECLINING = "declining"
    QUIET = "quiet"
    INSUFFICIENT = "insufficient"


TROUBLE = frozenset({Alarm.DEGRADED, Alarm.DECLINING})
"""What somebody should look at."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a series is watched: points in both windows, the least drop that matters, and the chance of a false alarm."""

    newest: int = NEWEST
    reference: int = REFERENCE
    least_drop: float = LEAST_DROP
    alpha: float = ALPHA

    @property
    def watched(self) -> int:
        """The points among which a slow decline is looked for: the newest, and two reference windows."""
        return self.newest + 2 * self.reference


@dataclass(frozen=True, slots=True)
class Alert:
    """How the newest window stands against the reference window before it.

    ``drop`` is how much worse the newest is, in the metric's units and positive where it is worse, with the interval.
    ``p_value`` is one-sided; ``adjusted_p`` is corrected over all series that were watched together.
    """

    series: Series
    alarm: Alarm
    newest: float | None = None
    reference: float | None = None
    drop: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    adjusted_p: float | None = None


def watch(series: Sequence[Series], rule: Rule | None = None) -> list[Alert]:
    """Compare the newest window of each series with the one before.

    Shares of known numbers of items are compared as counts (score test, Newcombe's interval), anything else by Welch's
    t test over the points. An alarm needs a drop of at least ``least_drop`` and a p-value within ``alpha`` after Holm's
    correction over all series. What is not such a drop is ``declining`` where `trend.trend` says so of the watched
    points, with ``least_drop`` as the least change and ``alpha`` shared among the series.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    rule = rule or Rule()
    compared = [_compare(one, rule) for one in series]
    told = [at for at, one in enumerate(compared) if one.p_value is not None]
    adjusted = holm([compared[at].p_value or 0.0 for at in told])
    for at, p_value in zip(told, adjusted, strict=True):
        one = compared[at]
        worse = (one.drop or 0.0) >= rule.least_drop and p_value <= rule.alpha
        compared[at] = replace(one, alarm=Alarm.DEGRADED if worse else Alarm.QUIET, adjusted_p=p_value)
    return [_or_declining(one, rule, len(compared)) for one in compared]


def _or_declining(alert: Alert, rule: Rule, watched: int) -> Alert:
    if alert.alarm is Alarm.DEGRADED:
        return alert
    recent = replace(alert.series, points=alert.series.points[-rule.watched :])
    declines = trend(recent, rule.least_drop, rule.alpha / watched).verdict is Direction.DECLINING
    return replace(alert, alarm=Alarm.DECLINING) if declines else alert


def _compare(series: Series, rule: Rule) -> Alert:
    newest = series.points[-rule.newest :]
    reference = series.points[: -rule.newest][-rule.reference :]
    if series.counted:
        return _compare_shares(series, newest, reference, rule)
    if len(newest) < _LEAST_WINDOW or len(reference) < _LEAST_WINDOW:
        return Alert(series, Alarm.INSUFFICIENT)
    before, after = ([point.value * -series.sign for point in window] for window in (reference, newest))
    found = welch_t(before, after, 1 - 2 * rule.alpha)
    level = (math.fsum(after) / len(after), math.fsum(before) / len(before))
    if math.isinf(found.interval.low):
        return Alert(series, Alarm.INSUFFICIENT, -series.sign * level[0], -series.sign * level[1], found.difference)
    return Alert(
        series,
        Alarm.QUIET,
        -series.sign * level[0],
        -series.sign * level[1],
        found.difference,
        found.interval,
        _one_sided(found.p_value, found.difference),
    )


def _compare_shares(series: Series, newest: Sequence[Point], reference: Sequence[Point], rule: Rule) -> Alert:
    (x, n), (y, m) = _counts(newest), _counts(reference)
    if min(n, m) < _LEAST_ITEMS:
        return Alert(series, Alarm.INSUFFICIENT, x / n if n else None, y / m if m else None)
    drop = (y / m - x / n) * series.sign
    ends = (x, n, y, m) if series.sign > 0 else (y, m, x, n)  # newcombe takes the first from the second
    p_value = _one_sided(score_test_p(x, n, y, m), drop)
    return Alert(series, Alarm.QUIET, x / n, y / m, drop, newcombe(*ends, 1 - 2 * rule.alpha), p_value)


def _counts(window: Sequence[Point]) -> tuple[int, int]:
    """Successes and items of a window; a share of ``n`` items stands for a whole number of them."""
    return sum(round(point.value * (point.n or 0)) for point in window), sum(point.n or 0 for point in window)


def _one_sided(p_value: float, worse_by: float) -> float:
    """The p-value of no worsening, from that of no difference."""
    return p_value / 2 if worse_by > 0 else 1 - p_value / 2
