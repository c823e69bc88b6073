"""The picture of a trend: points with their intervals, the Theil-Sen line, and where the level changes.

The same series gives the same bytes with the same matplotlib: no date, fixed fonts, fixed names inside an SVG.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from agent_agency.extras import require
from agent_agency.report.text import clean
from agent_agency.statistics.intervals import wilson

if TYPE_CHECKING:
    from agent_agency.learning.trends.trend import Trend

INK = "#1d2430"
QUIET = "#5a6472"
GRID = "#ddd8cc"
LINE_COLOURS = {"improving": "#0b6e4f", "stable": "#0072b2", "declining": "#d55e00"}
CHANGE = "#cc79a7"
LONGEST_NAME = 60
_SETTINGS = {
    "svg.hashsalt": "agent-agency",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "ytick.color": INK,
}


def draw(found: Trend, kind: str) -> bytes:
    """The picture as a file.

    Args:
        found: the trend.
        kind: ``svg`` or ``png``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require("matplotlib", extra="stats")
    with matplotlib.rc_context(_SETTINGS):
        figure = _figure(found)
        stream = io.BytesIO()
        about = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(stream, format=kind, dpi=150, metadata=about, facecolor="white")
    return stream.getvalue()


def _figure(found: Trend) -> Any:
    figure = require("matplotlib.figure", extra="stats").Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    series = found.series
    name = clean(series.judge)
    name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    axes.set_title(f"{name}: {found.verdict}")
    axes.set_ylabel(clean(series.metric)[:LONGEST_NAME])
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(b=True)
    if series.points:
        _draw_points(axes, found)
        _draw_line(axes, found)
        axes.legend(loc="best", frameon=False)
    figure.autofmt_xdate(rotation=30)
    return figure


def _draw_points(axes: Any, found: Trend) -> None:
    series = found.series
    times, values = [point.at for point in series.points], series.values()
    if series.counted:
        bounds = [wilson(point.value * (point.n or 1), point.n or 1) for point in series.points]
        low = [max(0.0, value - bound.low) for value, bound in zip(values, bounds, strict=True)]
        high = [max(0.0, bound.high - value) for value, bound in zip(values, bounds, strict=True)]
        axes.errorbar(
            times, values, yerr=[low, high], fmt="o", color=INK, ecolor=QUIET, markersize=4, linewidth=0.8,
            label="measured, 95 % interval",
        )  # fmt: skip
    else:
        axes.plot(times, values, "o", color=INK, markersize=4, label="measured")
    for place, at in enumerate(found.change_points or ()):
        label = "another level" if place == 0 else None
        axes.axvline(series.points[at].at, color=CHANGE, linestyle="--", linewidth=1, label=label)


def _draw_line(axes: Any, found: Trend) -> None:
    if found.slope is None:
        return
    points, span = found.series.points, found.series.days()[-1]
    ends = [found.slope.at_start, found.slope.at_start + found.slope.per_day * span]
    colour = LINE_COLOURS[found.verdict]
    axes.plot([points[0].at, points[-1].at], ends, color=colour, linewidth=2, label="Theil-Sen line")
