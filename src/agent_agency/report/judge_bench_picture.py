"""The picture of a bench: panels against the best single judge, every judge alone, and what a cascade costs.

The same bench gives the same bytes with the same matplotlib: no date, fixed fonts, fixed names inside an SVG.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.extras import require
from agent_agency.judging.panels.votes import model_of
from agent_agency.report.judge_bench import set_name
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from agent_agency.judging.panels.cascade_curve import Curve
    from agent_agency.workflows.judge_bench import Bench
    from agent_agency.workflows.judge_bench_panels import MethodResult, SetResult

INK = "#1d2430"
QUIET = "#5a6472"
GRID = "#ddd8cc"
METHOD_COLOURS = {
    "best single judge": "#5a6472",
    "majority": "#b8a68a",
    "weighted": "#56b4e9",
    "dawid-skene": "#e69f00",
    "calibrated": "#0b6e4f",
}
MODEL_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1d2430", "#999999")
SET_COLOURS = ("#0b6e4f", "#0072b2", "#d55e00")
MODEL_MARKERS = ("o", "s", "^", "D", "v", "p", "X", "*")
CHANCE = 0.5
LONGEST_NAME = 24
_GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 2}
_SETTINGS = {
    "svg.hashsalt": "agent-agency",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": INK,
}


def draw(bench: Bench, kind: str) -> bytes:
    """The picture as a file.

    Args:
        bench: what was measured.
        kind: ``svg`` or ``png``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require("matplotlib", extra="stats")
    with matplotlib.rc_context(_SETTINGS):
        figure = _figure(bench)
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
        stream = io.BytesIO()
        about = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(stream, format=kind, dpi=150, metadata=about, facecolor="white")
    return stream.getvalue()


def _figure(bench: Bench) -> Any:
    figures = require("matplotlib.figure", extra="stats")
    if not bench.sets:
        figure = figures.Figure(figsize=(8, 5.5), layout="constrained")
        _draw_judges(figure.add_subplot(), bench)
        return figure
    rows = sum(len(found.methods) + 1 for found in bench.sets)
    curves = [found for found in bench.sets if found.cascade is not None]
    figure = figures.Figure(figsize=(13, max(9.5 if curves else 5.5, 1.2 + 0.3 * rows)), layout="constrained")
    grid = figure.add_gridspec(2 if curves else 1, 2, width_ratios=(1.25, 1))
    _draw_sets(figure.add_subplot(grid[:, 0]), bench.sets)
    _draw_judges(figure.add_subplot(grid[0, 1]), bench)
    if curves:
        _draw_cascades(figure.add_subplot(grid[1, 1]), curves)
    return figure


def _draw_sets(axes: Any, sets: tuple[SetResult, ...]) -> None:
    """A row for each method, grouped by set of judges, the first on top."""
    ticks: list[tuple[float, str]] = []
    height = 0.0
    across = axes.get_yaxis_transform()
    for found in sets:
        name = f"{found.judges} judges{clean(set_name(found))}"
        axes.text(0.01, height, name, weight="bold", va="center", transform=across, bbox=_GROUND)
        for one in found.methods:
            height -= 1
            _draw_method(axes, height, one)
            ticks.append((height, one.method))
        height -= 1.3
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks])
    axes.set_ylim(height + 0.6, 0.8)
    axes.set_xlabel("accuracy on items that were not learned from")
    axes.set_title("Panels and the best single judge")
    _clear(axes, ("x",))
    _mark_chance(axes)
    _explain(axes, left_out=any(one.left_out for found in sets for one in found.methods))


def _draw_method(axes: Any, height: float, one: MethodResult) -> None:
    """The mean with its interval, and the mean over left-out subsets as a hollow mark."""
    colour = METHOD_COLOURS.get(one.method, INK)
    ends = (one.accuracy.interval.low, one.accuracy.interval.high)
    axes.plot(ends, (height, height), color=colour, linewidth=4, solid_capstyle="round", alpha=0.35)
    axes.plot(one.accuracy.value, height, "o", color=colour, markersize=8)
    if one.left_out_mean is not None:
        axes.plot(one.left_out_mean, height, "D", markersize=6, markerfacecolor="white", markeredgecolor=colour)
    place = (one.accuracy.value, height)
    axes.annotate(f"{one.accuracy.value:.2f}", place, (0, 7), textcoords="offset points", ha="center", fontsize=8)


def _explain(axes: Any, *, left_out: bool) -> None:
    lines = require("matplotlib.lines", extra="stats")
    marks = [
        lines.Line2D([], [], color=QUIET, marker="o", markersize=8, linestyle="none", label="cross-validation"),
        lines.Line2D([], [], color=QUIET, linewidth=4, alpha=0.35, label="its 95 % interval"),
    ]
    if left_out:
        hollow = {"markerfacecolor": "white", "markeredgecolor": QUIET, "linestyle": "none"}
        marks.append(lines.Line2D([], [], marker="D", markersize=6, label="subset left out", **hollow))
    axes.legend(handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=3, frameon=False, fontsize=9)


def _draw_judges(axes: Any, bench: Bench) -> None:
    """A mark for each judge: how often it is right, and how often both orders agree."""
    models = sorted({model_of(row.figures.judge) for row in bench.judges})
    for place, model in enumerate(models):
        own = [row.figures for row in bench.judges if model_of(row.figures.judge) == model]
        shown = [(one.accuracy.value, one.agreement.value) for one in own if one.agreement is not None]
        axes.scatter(
            [right for right, _ in shown],
            [agreeing for _, agreeing in shown],
            s=42,
            color=MODEL_COLOURS[place % len(MODEL_COLOURS)],
            marker=MODEL_MARKERS[place % len(MODEL_MARKERS)],
            edgecolors="white",
            linewidths=0.6,
            label=clean(model)[:LONGEST_NAME],
            zorder=3,
        )
    axes.set_xlabel("accuracy, mean of both orders")
    axes.set_ylabel("both orders name the same output")
    axes.set_title(f"{len(bench.judges)} judges by themselves")
    _clear(axes, ("x", "y"))
    _mark_chance(axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False, fontsize=9)


def _draw_cascades(axes: Any, sets: Sequence[SetResult]) -> None:
    """Steps of accuracy against cost for each set of judges; the choice within the budget with its interval."""
    for place, found in enumerate(sets):
        if found.cascade is not None:
            _draw_curve(axes, found.cascade, clean(set_name(found)).strip() or "all judges", SET_COLOURS[place % 3])
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("cost, as a share of the whole panel's")
    axes.set_ylabel("accuracy on unseen items")
    axes.set_title("Cascades: cheap judges first")
    axes.text(0.99, 0.03, "circle: chosen within the budget; square: the whole panel", ha="right", fontsize=8,
              color=QUIET, bbox=_GROUND, transform=axes.transAxes)  # fmt: skip
    _clear(axes, ("x", "y"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False, fontsize=9)


def _draw_curve(axes: Any, curve: Curve, name: str, colour: str) -> None:
    costs = [*(point.cost for point in curve.points), 1.0]
    right = [point.accuracy for point in curve.points]
    axes.step(costs, [*right, right[-1]], where="post", color=colour, linewidth=1.8, label=name)
    axes.plot(1.0, curve.panel, "s", color=colour, markersize=8, clip_on=False, zorder=3)
    if curve.chosen is not None:
        between = curve.chosen.interval
        axes.plot((curve.chosen.cost,) * 2, (between.low, between.high), color=colour, linewidth=4, alpha=0.35,
                  solid_capstyle="round")  # fmt: skip
        axes.plot(curve.chosen.cost, curve.chosen.accuracy, "o", color=colour, markersize=8, zorder=3)


def _clear(axes: Any, along: tuple[str, ...]) -> None:
    """Only what helps to read: a light grid, no frame."""
    for side in axes.spines.values():
        side.set_visible(False)
    for direction in along:
        axes.grid(axis=direction, color=GRID, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def _mark_chance(axes: Any) -> None:
    axes.axvline(CHANCE, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate("chance", (CHANCE, 1), (4, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
                  va="top", fontsize=8, color=QUIET)  # fmt: skip
