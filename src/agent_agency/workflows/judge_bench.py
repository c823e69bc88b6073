"""Measures recorded judges: each by itself, and joined into panels that are tested on items they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.collect import Collected, collect_files
from agent_agency.judging.panels.completion import winner_of
from agent_agency.judging.panels.position import JudgeFigures, judge_figures
from agent_agency.workflows.judge_bench_panels import Plan, SetResult, measure_set

if TYPE_CHECKING:
    from agent_agency.judging.panels.votes import Votes

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """One judge's figures, and how many of its answers we read otherwise than the record's authors did."""

    figures: JudgeFigures
    read_otherwise: int


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured.

    Args:
        subsets: how many items each subset has.
        judges: every judge, in the order of the names.
        rows: recorded answers that counted.
        other_items: recorded answers about items that are not in the file.
        plan: how panels were tested; ``None`` where they were left out.
        sets: the panels, for each set of judges.
    """

    subsets: dict[str, int]
    judges: tuple[JudgeRow, ...]
    rows: int
    other_items: int
    plan: Plan | None
    sets: tuple[SetResult, ...]


def bench_recorded(
    items: Path, judgments: Path, without: Sequence[tuple[str, ...]], plan: Plan | None, tell: Tell
) -> Bench:
    """Measure the judges of a file of recorded answers.

    Args:
        items: the file of items; each needs its label.
        judgments: the file of recorded answers.
        without: models to leave out, one tuple for each further set of judges whose panels are measured.
        plan: how panels are tested; ``None`` leaves them out.
        tell: told what is being done, in a few words.

    Raises:
        AgencyError: a file cannot be read, or panels cannot be fitted.
        MissingExtraError: NumPy is not installed.
    """
    tell(f"reading {judgments.name}")
    read = collect_files(items, judgments, winner_of)
    _check_labels(read, items)
    _check_prices(read, plan)
    chosen = [read.votes, *(read.votes.without(models) for models in without)]
    judges = _rows(read, collect_files(items, judgments, None))
    sets: list[SetResult] = []
    for models, votes in zip([(), *without], chosen, strict=True):
        if plan is not None:
            sets.append(measure_set(votes, read.labels, tuple(models), plan, tell))
    names = read.votes.subsets
    subsets = {name: names.count(name) for name in sorted(set(names))}
    return Bench(subsets, judges, read.rows, read.other_items, plan, tuple(sets))


def _check_labels(read: Collected, items: Path) -> None:
    missing = [name for name, label in zip(read.votes.items, read.labels, strict=True) if not label]
    if missing:
        raise JudgeError(
            f"{len(missing):,} of {len(read.labels):,} items have no label; the first is {missing[0]!r}",
            fix='Give each item its label, "1" or "2".',
            path=str(items),
            code="judge.no_labels",
        )


def _check_prices(read: Collected, plan: Plan | None) -> None:
    """Refuse a table that lacks a judge before the long work, not after it."""
    if plan is not None and plan.prices is not None:
        for judge in read.votes.judges:
            plan.prices.cost(judge)


def _rows(read: Collected, recorded: Collected) -> tuple[JudgeRow, ...]:
    figures = judge_figures(read.votes, read.labels, read.rows_by_judge)
    otherwise = _differing(read.votes, recorded.votes)
    return tuple(JudgeRow(one, count) for one, count in zip(figures, otherwise, strict=True))


def _differing(ours: Votes, theirs: Votes) -> list[int]:
    numpy = require("numpy", extra="stats")
    return [int(count) for count in numpy.count_nonzero(ours.marks != theirs.of_judges(ours.judges).marks, axis=(0, 2))]
