"""What ``agency judge bench`` says of recorded judges and of panels made of them: one document, or tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from agent_agency.report.text import clean

if TYPE_CHECKING:
    from agent_agency.judging.panels.cascade_curve import Curve
    from agent_agency.judging.panels.position import Share
    from agent_agency.judging.panels.score import Accuracy
    from agent_agency.statistics.intervals import Interval
    from agent_agency.statistics.paired import PairedResult
    from agent_agency.workflows.judge_bench import Bench, JudgeRow
    from agent_agency.workflows.judge_bench_panels import MethodResult, SetResult

SCHEMA_VERSION = 1
WIDTH = 100
DECIMALS = 6
LEAST_P = 0.0001
READING = (
    "A judge's accuracy is the mean over both orders; an answer without a verdict counts one half. Agreement is the "
    "share of items where both orders name the same output; leaning is how far the share of verdicts for the output "
    "shown first lies from one half. Read otherwise counts answers whose recorded winner is not what they say."
)
PANELS_READING = (
    "Panels are scored on items that they did not learn from. The interval is Wilson's for the number of items, "
    "the span that of the repetitions. Left out is the mean over subsets, each scored by a panel that learned on the "
    "others; gains over the majority vote have a paired bootstrap interval and a sign-flip p-value. A cascade asks "
    "cheap judges first and more while their panel is not sure; its rule is chosen on other folds than it is scored on."
)


def to_document(bench: Bench) -> dict[str, Any]:
    """The whole as plain JSON data; every share is 0 to 1."""
    plan = bench.plan
    return {
        "schema_version": SCHEMA_VERSION,
        "items": sum(bench.subsets.values()),
        "subsets": bench.subsets,
        "answers": bench.rows,
        "ignored": {"other_items": bench.other_items},
        "judges": [_judge(row) for row in bench.judges],
        "panels": plan
        and {
            "repetitions": plan.repetitions,
            "folds": plan.folds,
            "seed": plan.seed,
            "sets": [_set(found) for found in bench.sets],
        },
    }


def lines(bench: Bench) -> list[str]:
    """The tables, best judge first, a line a row however long it is, and what their columns mean."""
    subsets = list(bench.subsets)
    rows = [tuple(judge_cells(row, subsets)) for row in best_first(bench)]
    told = [*_columns([judge_titles(subsets), *rows]), "", *wrap(READING, WIDTH)]
    for found in bench.sets:
        cells = [tuple(method_cells(one, subsets)) for one in found.methods]
        told += ["", title(found), *_columns([method_titles(subsets), *cells]), *wrap(cascade_told(found), WIDTH)]
    return [*told, "", *wrap(PANELS_READING, WIDTH)] if bench.sets else told


def best_first(bench: Bench) -> list[JudgeRow]:
    """The judges by accuracy."""
    return sorted(bench.judges, key=lambda row: (-row.figures.accuracy.value, row.figures.judge))


def title(found: SetResult) -> str:
    """Which judges a set holds."""
    return f"Panels of {found.judges} judges{set_name(found)}"


def set_name(found: SetResult) -> str:
    """What was left out of a set, with a blank before it; nothing where all are there."""
    return f" without {' and '.join(found.without)}" if found.without else ""


def cascade_told(found: SetResult) -> str:
    """The cascade in a sentence or two."""
    curve = found.cascade
    if curve is None:
        return f"No cascade: {clean(found.no_cascade)}."
    chosen = curve.chosen
    if chosen is None:
        return f"Cascade: none keeps within {curve.budget:.0%} of the whole panel's cost."
    kept = f"Cascade: {_of(chosen.accuracy, chosen.interval)} at {chosen.cost:.0%} of the cost of the whole panel"
    rule = f"up to stage {chosen.rule.last_stage} of {len(curve.stages)}, stop at {chosen.rule.stop_at:g}"
    whole = _of(curve.panel, curve.panel_interval)
    return f"{kept}, which has {whole} ({rule}; means of {curve.repetitions} repetitions)."


def judge_cells(row: JudgeRow, subsets: Sequence[str]) -> Iterator[str]:
    """One judge's line of the table."""
    found = row.figures
    yield found.judge
    yield _with_interval(found.accuracy)
    for name in subsets:
        yield f"{found.by_subset[name].value:.3f}"
    yield "" if found.agreement is None else f"{found.agreement.value:.3f}"
    yield "" if found.first_share is None else f"{found.first_share.value - 0.5:+.3f}"
    yield f"{found.abstained:,}"
    yield f"{row.read_otherwise:,}"


def judge_titles(subsets: Sequence[str]) -> tuple[str, ...]:
    """The heads of that table."""
    return ("judge", "accuracy, 95 %", *subsets, "agreement", "leaning", "no verdict", "read otherwise")


def method_cells(found: MethodResult, subsets: Sequence[str]) -> Iterator[str]:
    """One method's line of the table."""
    yield found.method
    yield _with_interval(found.accuracy)
    yield f"{found.least:.3f}-{found.most:.3f}"
    for name in subsets:
        yield f"{found.by_subset[name]:.3f}"
    yield "" if found.left_out_mean is None else f"{found.left_out_mean:.3f}"
    yield "" if found.over_baseline is None else _gain(found.over_baseline)


def method_titles(subsets: Sequence[str]) -> tuple[str, ...]:
    """The heads of that table."""
    return ("method", "accuracy, 95 %", "span", *subsets, "left out", "over majority, 95 %")


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines: the first column to the left, figures to the right."""
    cleaned = [tuple(clean(cell) for cell in row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cleaned, strict=True)]
    return ["  ".join(_padded(row, widths)).rstrip() for row in cleaned]


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if place else cell.ljust(width)


def _with_interval(found: Share) -> str:
    return _of(found.value, found.interval)


def _of(value: float, interval: Interval) -> str:
    return f"{value:.3f} ({interval.low:.2f}-{interval.high:.2f})"


def _gain(found: PairedResult) -> str:
    chance = f"p {found.p_value:.4f}" if found.p_value >= LEAST_P else f"p < {LEAST_P}"
    return f"{found.difference:+.3f} ({found.interval.low:+.2f} to {found.interval.high:+.2f}), {chance}"


def _judge(row: JudgeRow) -> dict[str, Any]:
    found = row.figures
    return {
        "judge": found.judge,
        "accuracy": _share(found.accuracy),
        "by_subset": {name: _share(one) for name, one in found.by_subset.items()},
        "agreement": found.agreement and _share(found.agreement),
        "first_share": found.first_share and _share(found.first_share),
        "position_bias": found.bias and _share(found.bias),
        "answers": found.answers,
        "missing": found.missing,
        "abstained": found.abstained,
        "read_otherwise": row.read_otherwise,
    }


def _set(found: SetResult) -> dict[str, Any]:
    return {
        "without": list(found.without),
        "judges": found.judges,
        "methods": {one.method: _method(one) for one in found.methods},
        "cascade": found.cascade and _curve(found.cascade),
        "no_cascade": found.no_cascade or None,
    }


def _curve(curve: Curve) -> dict[str, Any]:
    """Costs are shares of the whole panel's; ``points`` are rules that no cheaper one equals."""
    chosen = curve.chosen
    return {
        "budget": curve.budget,
        "repetitions": curve.repetitions,
        "panel": {"accuracy": _rounded(curve.panel), "interval": _interval(curve.panel_interval)},
        "chosen": chosen
        and {
            "accuracy": _rounded(chosen.accuracy),
            "interval": _interval(chosen.interval),
            "cost": _rounded(chosen.cost),
            "last_stage": chosen.rule.last_stage,
            "stop_at": chosen.rule.stop_at,
        },
        "stages": [
            {"judges": len(stage.judges), "cost": _rounded(stage.cost / curve.panel_cost)} for stage in curve.stages
        ],
        "points": [
            {
                "cost": _rounded(point.cost),
                "accuracy": _rounded(point.accuracy),
                "last_stage": point.rule.last_stage,
                "stop_at": point.rule.stop_at,
            }
            for point in curve.points
        ],
    }


def _method(found: MethodResult) -> dict[str, Any]:
    mean = found.left_out_mean
    return {
        **_flat(found.accuracy),
        "repetitions": {
            "least": _rounded(found.least),
            "most": _rounded(found.most),
            "deviation": _rounded(found.deviation),
        },
        "by_subset": {name: _rounded(value) for name, value in found.by_subset.items()},
        "subset_left_out": {
            "mean": None if mean is None else _rounded(mean),
            "by_subset": {name: _accuracy(one) for name, one in found.left_out.items()},
        },
        "over_majority": found.over_baseline and _difference(found.over_baseline),
    }


def _flat(found: Share) -> dict[str, Any]:
    return {"accuracy": _rounded(found.value), "n": found.n, "interval": _interval(found.interval)}


def _share(found: Share) -> dict[str, Any]:
    return {"value": _rounded(found.value), "n": found.n, "interval": _interval(found.interval)}


def _accuracy(found: Accuracy) -> dict[str, Any]:
    return {
        "accuracy": _rounded(found.accuracy),
        "n": found.n,
        "abstained": found.abstained,
        "interval": _interval(found.interval),
    }


def _difference(found: PairedResult) -> dict[str, Any]:
    return {
        "difference": _rounded(found.difference),
        "interval": _interval(found.interval),
        "p_value": _rounded(found.p_value),
    }


def _interval(found: Interval) -> list[float]:
    return [_rounded(found.low), _rounded(found.high)]


def _rounded(value: float) -> float:
    return round(value, DECIMALS)
