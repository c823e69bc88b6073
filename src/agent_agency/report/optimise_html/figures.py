"""Drawings as SVG, each with a text for whoever cannot see it: gains with intervals, shares, curves by trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.report.html.markup import Markup, el, raw

_WIDTH, _ROW, _LEFT, _RIGHT, _FOOT = 720, 44, 120, 24, 30
_CURVE_HEIGHT = 220


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale of values over a width in pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        inside = min(max(value, self.low), self.high)
        return round(self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start), 2)


def gains(judges: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Each judge's gain on the sealed test with its interval; the line is no gain."""
    bounds = [bound for one in judges.values() for bound in (*one["interval"], one["gain"])]
    low, high = min(-0.1, *bounds), max(0.1, *bounds)
    axis = Axis(_down(low), _up(high), _LEFT, _WIDTH - _RIGHT)
    rows = [_gain(name, one, axis, at) for at, (name, one) in enumerate(judges.items())]
    height = len(rows) * _ROW + _FOOT
    zero = _line(axis.at(0), 0, axis.at(0), height - _FOOT, "zero")
    told = "; ".join(
        f"{name} {_signed(one['gain'])} ({_signed(one['interval'][0])} to {_signed(one['interval'][1])})"
        for name, one in judges.items()
    )
    return _svg(height, f"Gain in points: {told}", _ticks(axis, height, signed=True), zero, rows)


def shares(judges: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Baseline and optimised balanced accuracy with their intervals."""
    axis = Axis(0.0, 1.0, _LEFT, _WIDTH - _RIGHT)
    rows = [_share_pair(name, one, axis, at) for at, (name, one) in enumerate(judges.items())]
    height = len(rows) * _ROW + _FOOT
    told = "; ".join(f"{name} {one['baseline']:.0%} to {one['optimised']:.0%}" for name, one in judges.items())
    return _svg(height, f"Balanced accuracy: {told}", _ticks(axis, height, signed=False), rows)


def curve(judge: str, trials: Sequence[Mapping[str, Any]]) -> Markup:
    """The score of each trial and the best on all development examples so far."""
    values = [one["score"] for one in trials] + [one["best"] for one in trials]
    across = Axis(0, max(1, len(trials) - 1), 48, _WIDTH - _RIGHT)
    up = Axis(_down(min(values)), max(_up(max(values)), _down(min(values)) + 0.1), _CURVE_HEIGHT - _FOOT, 10)
    marks = [
        el(
            "circle",
            cx=across.at(one["number"]),
            cy=up.at(one["score"]),
            r=4 if one["whole"] else 2.5,
            class_="whole" if one["whole"] else "part",
        )
        for one in trials
    ]
    points: list[str] = []
    for one in trials:
        if points:
            points.append(f"{across.at(one['number'])},{points[-1].rpartition(',')[2]}")
        points.append(f"{across.at(one['number'])},{up.at(one['best'])}")
    line = el("polyline", points=" ".join(points), class_="best")
    labels = [_text(40, up.at(value) + 4, f"{value:.2f}", "end") for value in _steps(up.low, up.high)]
    grid = [_line(48, up.at(value), _WIDTH - _RIGHT, up.at(value), "grid") for value in _steps(up.low, up.high)]
    ends = [
        _text(48, _CURVE_HEIGHT - 8, "baseline", "start"),
        _text(_WIDTH - _RIGHT, _CURVE_HEIGHT - 8, f"trial {len(trials) - 1}", "end"),
    ]
    told = f"{judge}: best score from {trials[0]['best']:.2f} to {trials[-1]['best']:.2f} in {len(trials)} trials"
    return _svg(_CURVE_HEIGHT, told, grid, labels, ends, marks, line)


def _gain(name: str, one: Mapping[str, Any], axis: Axis, row: int) -> list[Markup]:
    middle = row * _ROW + _ROW / 2
    kind = "sure" if one["significant"] and one["gain"] > 0 else "unsure"
    return [
        _text(_LEFT - 12, middle + 5, name, "end"),
        _line(axis.at(one["interval"][0]), middle, axis.at(one["interval"][1]), middle, f"range {kind}"),
        el("circle", cx=axis.at(one["gain"]), cy=middle, r=6, class_=kind),
    ]


def _share_pair(name: str, one: Mapping[str, Any], axis: Axis, row: int) -> list[Markup]:
    drawn = [_text(_LEFT - 12, row * _ROW + _ROW / 2 + 5, name, "end")]
    for key, kind, offset in (("baseline", "before", -8), ("optimised", "after", 8)):
        middle = row * _ROW + _ROW / 2 + offset
        low, high = one[f"{key}_interval"]
        drawn.append(_line(axis.at(low), middle, axis.at(high), middle, f"range {kind}"))
        drawn.append(el("circle", cx=axis.at(one[key]), cy=middle, r=5, class_=kind))
    return drawn


def _ticks(axis: Axis, height: float, *, signed: bool) -> list[Markup]:
    drawn: list[Markup] = []
    for value in _steps(axis.low, axis.high):
        told = _signed(value) if signed else f"{value:.0%}"
        drawn.append(_line(axis.at(value), 0, axis.at(value), height - _FOOT, "grid"))
        drawn.append(_text(axis.at(value), height - 8, told, "middle"))
    return drawn


def _steps(low: float, high: float) -> list[float]:
    step = 0.1 if high - low <= 0.7 else 0.2  # noqa: PLR2004 - about seven labels fit
    return [round(low + at * step, 2) for at in range(int((high - low) / step + 1e-9) + 1)]


def _down(value: float) -> float:
    return int(value * 10 - (value < 0)) / 10 if (value * 10) % 1 else value


def _up(value: float) -> float:
    return -_down(-value)


def _signed(value: float) -> str:
    return f"{value * 100:+.0f}"


def _svg(height: float, told: str, *children: Any) -> Markup:
    body = el("g", *children)
    shown = f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" class="figure">'  # el writes no capitals
    return Markup(f"{shown}{el('title', told)}{raw(body)}</svg>")


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return el("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _text(x: float, y: float, told: str, anchor: str) -> Markup:
    return el("text", told, x=x, y=y, text_anchor=anchor)
