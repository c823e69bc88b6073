"""Fits and scores panels of judges on recorded judgements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import JudgeError, UsageError
from agent_agency.judging.panels.cascade import Cascade, fit_cascade
from agent_agency.judging.panels.cascade_curve import BUDGET, Curve, cascade_curve
from agent_agency.judging.panels.collect import Collected, collect_files
from agent_agency.judging.panels.completion import winner_of
from agent_agency.judging.panels.methods import fit_panel
from agent_agency.judging.panels.panel import Panel
from agent_agency.judging.panels.panel_file import LEAST_SURE, PanelFile, load_panel, training_of
from agent_agency.judging.panels.prices import load_prices, shipped_prices
from agent_agency.judging.panels.score import Score, require_labels, score
from agent_agency.judging.panels.validation import TIES_ONLY
from agent_agency.workflows.whole_file import spare, write_whole


@dataclass(frozen=True, slots=True)
class Scored:
    """A panel's score, and which rows it rests on.

    Args:
        file: the panel.
        abstain_below: the threshold that was used.
        score: how it did.
        rows: judgements that counted.
        silent: judges of the panel of which the file has no judgement of these items.
        other_judges: judgements of judges outside the panel.
        other_items: judgements of items that are not among those scored.
        cost: of a cascade, the mean cost of an item as a share of asking every judge; of another panel nothing.
    """

    file: PanelFile
    abstain_below: float
    score: Score
    rows: int
    silent: tuple[str, ...]
    other_judges: int
    other_items: int
    cost: float | None


def read_votes(items: Path, judgments: Path, without: tuple[str, ...] = ()) -> Collected:
    """Read recorded votes: completions by our parser, winners as recorded where there is none.

    Raises:
        JudgeError: a bad row, or a model to leave out that is not there.
        FileUnreadableError: a file cannot be read.
        MissingExtraError: NumPy is not installed.
    """
    found = collect_files(items, judgments, winner_of)
    if not without:
        return found
    left = found.votes.without(without)
    rows = sum(found.rows_by_judge[judge] for judge in left.judges)
    return Collected(left, found.labels, found.rows_by_judge, rows, found.rows - rows, found.other_items)


def fit_file(
    items: Path, judgments: Path, method: str, out: Path, without: tuple[str, ...] = (), abstain_below: float = 0.5
) -> PanelFile:
    """Fit a panel and write it, whole or not at all.

    Raises:
        AgencyError: a file cannot be read or written, or the panel cannot be fitted.
    """
    _check_share(abstain_below, LEAST_SURE, "--abstain-below")
    spare(out, items, judgments)
    read = read_votes(items, judgments, without)
    with _of_file(items):
        panel = fit_panel(read.votes, read.labels, method)
    made = PanelFile(panel, abstain_below, training_of(read, without))
    write_whole(out, made.content())
    return made


def measure_cascade(
    items: Path,
    judgments: Path,
    prices: Path | None,
    without: tuple[str, ...] = (),
    budget: float = BUDGET,
    out: Path | None = None,
) -> Curve:
    """Measure cascades on recorded votes, by the shipped prices or a table of your own.

    With ``out``, the cascade that is chosen within the budget is fitted on every item and written as a panel.

    Raises:
        AgencyError: a file cannot be read or written, an item has no label, a judge has no price, or a cascade is to
            be written and none keeps within the budget.
    """
    _check_share(budget, 0.0, "--budget")
    if out is not None:
        spare(out, items, judgments, *filter(None, (prices,)))
    table = shipped_prices() if prices is None else load_prices(prices)
    read = read_votes(items, judgments, without)
    with _of_file(items):
        require_labels(read.votes, read.labels)
    curve = cascade_curve(read.votes, read.labels, table, budget=budget)
    if out is not None:
        write_whole(out, PanelFile(_chosen_cascade(curve, read), TIES_ONLY, training_of(read, without)).content())
    return curve


def _chosen_cascade(curve: Curve, read: Collected) -> Cascade:
    if curve.chosen is None:
        raise JudgeError(
            f"No cascade keeps within {curve.budget:g} of the panel's cost",
            fix="Give a larger --budget.",
            code="judge.no_cascade",
        )
    rule = curve.chosen.rule
    return fit_cascade(
        read.votes, read.labels, curve.stages[: rule.last_stage], rule.stop_at, whole_cost=curve.panel_cost
    )


def score_file(panel: Path, items: Path, judgments: Path, abstain_below: float | None = None) -> Scored:
    """Score a written panel on labelled items.

    Raises:
        AgencyError: a file cannot be read, or an item has no label.
    """
    file = load_panel(panel)
    _check_share(file.abstain_below if abstain_below is None else abstain_below, LEAST_SURE, "--abstain-below")
    read = collect_files(items, judgments, winner_of, judges=file.panel.judges)
    threshold = file.abstain_below if abstain_below is None else abstain_below
    with _of_file(items):
        found = score(read.votes, read.labels, file.panel.probabilities(read.votes), threshold)
    here = frozenset(read.votes.judges)
    silent = tuple(judge for judge in file.panel.judges if judge not in here)
    return Scored(
        file, threshold, found, read.rows, silent, read.other_judges, read.other_items, _cost(file.panel, read)
    )


def _cost(panel: Panel, read: Collected) -> float | None:
    if not isinstance(panel, Cascade):
        return None
    return float(panel.walk(read.votes).costs.mean()) / panel.whole_cost


@contextmanager
def _of_file(items: Path) -> Iterator[None]:
    """Name the file of items in an error about its labels."""
    try:
        yield
    except JudgeError as error:
        raise JudgeError(error.message, fix=error.fix, path=str(items), code=error.stable_code) from error


def _check_share(value: float, least: float, option: str) -> None:
    """Hold a share within its bounds; what is no number is within none."""
    if not least <= value <= 1:
        raise UsageError(f"{option} is {value}", fix=f"Give a number from {least:g} to 1.")
