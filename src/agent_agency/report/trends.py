"""What ``agency trend`` says: one document, or a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_agency.learning.trends.alerts import Alert, Rule
    from agent_agency.learning.trends.trend import Trend
    from agent_agency.statistics.intervals import Interval

SCHEMA_VERSION = 1


def trend_document(found: Trend, least_change: float) -> dict[str, Any]:
    """The document of one trend, with its points."""
    series, slope, monotony, levels = found.series, found.slope, found.monotony, found.change_points
    return {
        "schema_version": SCHEMA_VERSION,
        "judge": series.judge,
        "metric": series.metric,
        "verdict": str(found.verdict),
        "lower_is_better": series.lower_is_better,
        "points": [{"time": point.at.isoformat(), "value": point.value, "n": point.n} for point in series.points],
        "slope_per_day": None if slope is None else slope.per_day,
        "slope_interval": None if slope is None else slope.interval.as_dict(),
        "change": found.change,
        "change_interval": _interval(found.change_interval),
        "least_change": least_change,
        "kendall_tau": None if monotony is None else monotony.tau,
        "p_value": None if monotony is None else monotony.p_value,
        "change_points": None if levels is None else [series.points[at].at.isoformat() for at in levels],
    }


def trend_lines(found: Trend, least_change: float) -> list[str]:
    """One trend in a few lines, the verdict first."""
    series = found.series
    head = f"{series.judge}, {series.metric}: {found.verdict} over {len(series.points)} points"
    if found.slope is None or found.monotony is None or found.change_interval is None:
        return [head, "next: too few points to tell; collect more"]
    first, last = series.points[0].at.date(), series.points[-1].at.date()
    bounds = found.change_interval
    could_be = f"{100 * bounds.level:.4g} % interval {bounds.low:+.4g} to {bounds.high:+.4g}"
    lines = [
        head,
        f"from {first} to {last}: {found.change:+.4g} ({could_be}; of interest from {least_change:g})",
        f"Theil-Sen slope {found.slope.per_day:+.3g} a day; Mann-Kendall p {found.monotony.p_value:.3g}",
    ]
    if found.change_points is None:
        lines.append("changes of level were not looked for: ruptures is not installed")
    elif found.change_points:
        lines.append("another level from " + ", ".join(str(series.points[at].at.date()) for at in found.change_points))
    return lines


def alerts_document(found: list[Alert], rule: Rule) -> dict[str, Any]:
    """The document of all series that were watched."""
    return {
        "schema_version": SCHEMA_VERSION,
        "rule": {
            "newest": rule.newest,
            "reference": rule.reference,
            "least_drop": rule.least_drop,
            "alpha": rule.alpha,
        },
        "degraded": sum(one.alarm == "degraded" for one in found),
        "declining": sum(one.alarm == "declining" for one in found),
        "series": [_alert(one) for one in found],
    }


def alerts_lines(found: list[Alert]) -> list[str]:
    """Every series that was watched, alarms first."""
    ordered = sorted(found, key=lambda one: one.alarm not in {"degraded", "declining"})
    return [_alert_line(one) for one in ordered] or ["nothing to watch: no evaluation has a label yet"]


def _alert_line(one: Alert) -> str:
    name = f"{one.series.judge}, {one.series.metric}: {one.alarm}"
    if one.newest is None or one.reference is None:
        return name
    shown = f"{name}; {one.newest:.4g} now, {one.reference:.4g} before"
    if one.interval is None or one.adjusted_p is None:
        return shown
    bounds = f"{100 * one.interval.level:.4g} % interval {one.interval.low:+.4g} to {one.interval.high:+.4g}"
    return f"{shown}; worse by {one.drop:+.4g} ({bounds}), p {one.adjusted_p:.3g} after Holm"


def _alert(one: Alert) -> dict[str, Any]:
    return {
        "judge": one.series.judge,
        "metric": one.series.metric,
        "state": str(one.alarm),
        "newest": one.newest,
        "reference": one.reference,
        "drop": one.drop,
        "interval": _interval(one.interval),
        "p_value": one.p_value,
        "adjusted_p": one.adjusted_p,
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else interval.as_dict()
