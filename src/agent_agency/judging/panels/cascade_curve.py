"""Accuracy of cascades against their cost, on items that no stage was fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.extras import require
from agent_agency.judging.panels.cascade import Stage, fit_cascade, ladder, walk
from agent_agency.judging.panels.panel import decisions
from agent_agency.judging.panels.score import credit
from agent_agency.judging.panels.validation import TIES_ONLY
from agent_agency.statistics.intervals import Interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.prices import Prices
    from agent_agency.judging.panels.votes import Votes

STOPS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
NEVER = 1.0
"""As sure as no panel is: nothing stops early, and the last stage answers."""
FOLDS = 10
REPETITIONS = 5
BUDGET = 0.2
"""The share of the whole panel's cost that a cascade is meant to keep within."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A cascade: the last stage that it may reach, counted from 1, and how sure a panel must be to stop."""

    last_stage: int
    stop_at: float


@dataclass(frozen=True, slots=True)
class Point:
    """How a rule does: mean accuracy, and mean cost as a share of the whole panel's."""

    rule: Rule
    accuracy: float
    cost: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """How the choice of a rule within the budget does on items that it was not chosen on."""

    rule: Rule
    accuracy: float
    cost: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Curve:
    """A cascade's accuracy against its cost.

    Args:
        items: how many there are.
        repetitions: of the cross-validation.
        budget: the share of the panel's cost that the choice keeps within.
        panel: accuracy of the whole panel on unseen items, and its interval.
        panel_interval: Wilson's interval of that accuracy.
        panel_cost: what the whole panel costs on one item, in the unit of the prices.
        stages: the ladder.
        points: the rules that no cheaper rule equals in accuracy, the cheapest first.
        chosen: the choice within the budget; its rule is the one chosen on all items.
    """

    items: int
    repetitions: int
    budget: float
    panel: float
    panel_interval: Interval
    panel_cost: float
    stages: tuple[Stage, ...]
    points: tuple[Point, ...]
    chosen: Chosen | None


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """Credits and cost shares of every rule on every item: rules by repetitions by items; the folds of each item."""

    rules: tuple[Rule, ...]
    credits: NDArray[np.float64]
    costs: NDArray[np.float64]
    folds: NDArray[np.intp]


def cascade_curve(
    votes: Votes,
    labels: NDArray[np.int8],
    prices: Prices,
    *,
    repetitions: int = REPETITIONS,
    seed: int = 0,
    budget: float = BUDGET,
) -> Curve:
    """Cross-validate every rule, and the choice among them.

    A rule is chosen for each fold on the out-of-fold answers of the other folds: the most accurate one within the
    budget, the cheaper of equals. So the chosen accuracy is not that of the luckiest rule.

    Raises:
        JudgeError: a judge has no price, or no item has a label.
    """
    stages = ladder(votes, prices)
    tried = _try_rules(votes, labels, stages, repetitions, seed)
    whole = tried.credits[-1]
    items = len(labels)
    return Curve(
        items=items,
        repetitions=repetitions,
        budget=budget,
        panel=float(whole.mean()),
        panel_interval=wilson(float(whole.mean()) * items, items),
        panel_cost=stages[-1].cost,
        stages=stages,
        points=_frontier(tried),
        chosen=_cross_chosen(tried, budget),
    )


def _try_rules(
    votes: Votes, labels: NDArray[np.int8], stages: tuple[Stage, ...], repetitions: int, seed: int
) -> _Tried:
    numpy = require("numpy", extra="stats")
    shares = [stage.cost / stages[-1].cost for stage in stages]
    rules = [Rule(last, stop) for last in range(1, len(stages)) for stop in (STOPS if last > 1 else STOPS[:1])]
    rules += [Rule(len(stages), stop) for stop in STOPS if len(stages) > 1]
    rules.append(Rule(len(stages), NEVER))
    earned, paid, folds = [], [], []
    for repetition in range(repetitions):
        dealt = _deal(len(labels), seed, repetition)
        told = _out_of_fold(votes, labels, stages, dealt)
        walks = [walk(told[: rule.last_stage].copy(), shares[: rule.last_stage], rule.stop_at) for rule in rules]
        earned.append([credit(decisions(one.probabilities, TIES_ONLY), labels) for one in walks])
        paid.append([one.costs for one in walks])
        folds.append(dealt)
    credits_, costs = (numpy.array(one).transpose(1, 0, 2) for one in (earned, paid))
    return _Tried(tuple(rules), credits_, costs, numpy.array(folds))


def _deal(items: int, seed: int, repetition: int) -> NDArray[np.intp]:
    """The fold of each item."""
    numpy = require("numpy", extra="stats")
    order = numpy.random.default_rng([seed, repetition]).permutation(items)
    folds: NDArray[np.intp] = numpy.empty(items, dtype=numpy.intp)
    folds[order] = numpy.arange(items) % FOLDS
    return folds


def _out_of_fold(
    votes: Votes, labels: NDArray[np.int8], stages: tuple[Stage, ...], folds: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Stages by items: probabilities by panels that were fitted without the item's fold."""
    numpy = require("numpy", extra="stats")
    told: NDArray[np.float64] = numpy.full((len(stages), len(labels)), 0.5)
    for fold in sorted(set(folds.tolist())):
        test, learn = numpy.flatnonzero(folds == fold), numpy.flatnonzero(folds != fold)
        fitted = fit_cascade(votes.of_items(learn), labels[learn], stages, 1.0)
        left = votes.of_items(test)
        told[:, test] = [panel.probabilities(left) for panel in fitted.panels]
    return told


def _frontier(tried: _Tried) -> tuple[Point, ...]:
    means = zip(tried.rules, tried.credits.mean(axis=(1, 2)), tried.costs.mean(axis=(1, 2)), strict=True)
    points = sorted((Point(rule, float(right), float(cost)) for rule, right, cost in means), key=_by_cost)
    kept: list[Point] = []
    for point in points:
        if not kept or point.accuracy > kept[-1].accuracy:
            kept.append(point)
    return tuple(kept)


def _by_cost(point: Point) -> tuple[float, float]:
    return point.cost, -point.accuracy


def _cross_chosen(tried: _Tried, budget: float) -> Chosen | None:
    """Choose on nine folds, count on the tenth; ``None`` where no rule keeps within the budget."""
    numpy = require("numpy", extra="stats")
    right, paid, items = [], [], tried.folds.shape[1]
    for repetition, folds in enumerate(tried.folds):
        for fold in sorted(set(folds.tolist())):
            here = folds == fold
            best = _best(tried.credits[:, repetition, ~here], tried.costs[:, repetition, ~here], budget)
            if best is None:
                return None
            right.extend(tried.credits[best, repetition, here])
            paid.extend(tried.costs[best, repetition, here])
    final = _best(tried.credits.reshape(len(tried.rules), -1), tried.costs.reshape(len(tried.rules), -1), budget)
    if final is None:
        return None
    accuracy = float(numpy.mean(right))
    return Chosen(tried.rules[final], accuracy, float(numpy.mean(paid)), wilson(accuracy * items, items))


def _best(earned: NDArray[np.float64], costs: NDArray[np.float64], budget: float) -> int | None:
    """The place of the most accurate rule within the budget."""
    spent = costs.mean(axis=1)
    within = [place for place in range(len(spent)) if spent[place] <= budget]
    return max(within, key=lambda place: (float(earned[place].mean()), -float(spent[place])), default=None)
