"""What ``agency panel`` says of a fitted, a scored and a stored panel: one document, or a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_agency.judging.panels.cascade_curve import Curve, Point
    from agent_agency.judging.panels.panel_file import PanelFile
    from agent_agency.judging.panels.score import Accuracy
    from agent_agency.statistics.intervals import Interval
    from agent_agency.workflows.panel import Scored

SCHEMA_VERSION = 1
MOST_PARTS = 40
WORTH_A_LINE = 0.01
"""The gain in accuracy for which a point of a curve is shown to people."""
DECIMALS = 6


def fitted_document(made: PanelFile, out: Path) -> dict[str, Any]:
    """The document of a fit."""
    document = made.document()
    return {
        "schema_version": SCHEMA_VERSION,
        "panel": str(out),
        "method": document["method"],
        "judges": len(made.panel.judges),
        "abstain_below": made.abstain_below,
        "training": document["training"],
    }


def fitted_lines(made: PanelFile, out: Path) -> list[str]:
    """What was fitted on what, and where it is."""
    return [_origin(made), f"written to {out}"]


def scored_document(scored: Scored) -> dict[str, Any]:
    """The document of a score: the overall accuracy on top, the same members for each subset."""
    found = scored.score
    return {
        "schema_version": SCHEMA_VERSION,
        **_accuracy(found.overall),
        "by_subset": {name: _accuracy(one) for name, one in found.by_subset.items()},
        "interval_method": found.overall.interval.method,
        "interval_level": found.overall.interval.level,
        "brier": round(found.brier, DECIMALS),
        "method": scored.file.panel.method,
        "abstain_below": scored.abstain_below,
        "judges": len(scored.file.panel.judges),
        "silent_judges": list(scored.silent),
        "judgments": scored.rows,
        "cost": None if scored.cost is None else round(scored.cost, DECIMALS),
        "ignored": {"other_judges": scored.other_judges, "other_items": scored.other_items},
    }


def scored_lines(scored: Scored) -> list[str]:
    """A short table, and what was not counted."""
    rows = [*scored.score.by_subset.items(), ("all", scored.score.overall)]
    table = [("subset", "n", "accuracy", "95 % interval", "abstained"), *(_row(name, one) for name, one in rows)]
    return [*_columns(table), *_notes(scored)]


def shown_lines(file: PanelFile) -> list[str]:
    """The origin of a panel and its parts, those that count most first."""
    parts = sorted(_parts(file), key=lambda part: (-abs(part[1]), part[0]))
    table = [("part", "weight"), *((name, f"{weight:+.3f}") for name, weight in parts[:MOST_PARTS])]
    left = len(parts) - MOST_PARTS
    more = [f"and {left:,} more; --json has all"] if left > 0 else []
    chosen = file.panel.parameters()
    setting = [f"ridge {chosen['ridge']:g}, chosen on left-out subsets"] if "ridge" in chosen else []
    return [_origin(file), *setting, *(_columns(table) if parts else []), *more]


def cascade_document(curve: Curve) -> dict[str, Any]:
    """The document of a cascade's curve; costs are shares of the whole panel's cost."""
    chosen = curve.chosen
    return {
        "schema_version": SCHEMA_VERSION,
        "n": curve.items,
        "repetitions": curve.repetitions,
        "panel": {
            "accuracy": round(curve.panel, DECIMALS),
            "interval": _ends(curve.panel_interval),
            "cost_per_item": curve.panel_cost,
        },
        "budget": curve.budget,
        "cascade": None
        if chosen is None
        else {
            "accuracy": round(chosen.accuracy, DECIMALS),
            "interval": _ends(chosen.interval),
            "cost": round(chosen.cost, DECIMALS),
            "last_stage": chosen.rule.last_stage,
            "stop_at": chosen.rule.stop_at,
        },
        "curve": [
            {
                "last_stage": point.rule.last_stage,
                "stop_at": point.rule.stop_at,
                "accuracy": round(point.accuracy, DECIMALS),
                "cost": round(point.cost, DECIMALS),
            }
            for point in curve.points
        ],
        "stages": [
            {"judges": list(stage.judges), "cost": round(stage.cost / curve.panel_cost, DECIMALS)}
            for stage in curve.stages
        ],
    }


def cascade_lines(curve: Curve) -> list[str]:
    """The whole panel, the choice within the budget, and the curve."""
    panel = f"whole panel: {curve.panel:.3f} at cost 1 ({_between(curve.panel_interval)})"
    chosen = curve.chosen
    cascade = (
        f"no cascade costs {curve.budget:.2f} of that or less"
        if chosen is None
        else f"cascade within {curve.budget:.2f} of that: {chosen.accuracy:.3f} at cost {chosen.cost:.3f} "
        f"({_between(chosen.interval)}), chosen on other items than it is counted on"
    )
    head = ("cost", "accuracy", "last stage", "stop at")
    rows = [
        (
            f"{point.cost:.3f}",
            f"{point.accuracy:.3f}",
            f"{point.rule.last_stage} of {len(curve.stages)}",
            f"{point.rule.stop_at:.2f}" if point.rule.stop_at < 1 else "never",
        )
        for point in _telling(curve.points)
    ]
    return [panel, cascade, "", *_columns([head, *rows])]


def _telling(points: Sequence[Point]) -> list[Point]:
    """The points that gain enough over the one before to be worth a line, and the last."""
    kept: list[Point] = []
    for point in points:
        if not kept or point is points[-1] or point.accuracy >= kept[-1].accuracy + WORTH_A_LINE:
            kept.append(point)
    return kept


def _between(interval: Interval) -> str:
    return f"95 % interval {interval.low:.3f} to {interval.high:.3f}"


def _ends(interval: Interval) -> list[float]:
    return [round(interval.low, DECIMALS), round(interval.high, DECIMALS)]


def _origin(file: PanelFile) -> str:
    training = file.training
    subsets = ", ".join(f"{name} {count:,}" for name, count in sorted(training.items.items()))
    without = f", without {', '.join(training.without)}" if training.without else ""
    judges = f"{len(file.panel.judges):,} judges{without}"
    return f"{file.panel.method} panel of {judges}, fitted on {sum(training.items.values()):,} items ({subsets})"


def _parts(file: PanelFile) -> Iterator[tuple[str, float]]:
    """The weights; of a cascade, those of the last stage."""
    found = file.panel.parameters()
    found = found["stages"][-1] if "stages" in found else found
    for row in found.get("features", ()):
        gate = f" where {row['gated_by']} is decided" if row["gated_by"] else ""
        yield f"{row['model']}{gate}", row["weight"]
    yield from found.get("weights", {}).items()


def _accuracy(found: Accuracy) -> dict[str, Any]:
    return {
        "accuracy": round(found.accuracy, DECIMALS),
        "n": found.n,
        "abstained": found.abstained,
        "interval": _ends(found.interval),
    }


def _row(name: str, found: Accuracy) -> tuple[str, ...]:
    between = f"{found.interval.low:.3f} to {found.interval.high:.3f}"
    return name, f"{found.n:,}", f"{found.accuracy:.3f}", between, f"{found.abstained:,}"


def _notes(scored: Scored) -> Iterator[str]:
    if scored.cost is not None:
        yield f"cost {scored.cost:.3f} of asking every judge about every item"
    if scored.silent:
        yield f"{len(scored.silent):,} of the panel's judges are not in the file, such as {scored.silent[0]}"
    ignored = scored.other_judges + scored.other_items
    if ignored:
        yield f"{ignored:,} judgements of other judges or items were ignored"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
