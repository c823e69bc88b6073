"""Logistic regression without an intercept that leans towards the subset on which it does worst.

What is minimised is a soft maximum over subsets of the mean loss of each, which is tilted empirical risk at the level
of groups (Li, Beirami, Sanjabi and Smith 2021, ICLR), the smooth kin of the worst-group loss of Sagawa, Koh, Hashimoto
and Liang (2020, ICLR). A model that is tolerable on every kind of item it knows is a better bet on a kind that it does
not know than one that is best on their mean. The problem is convex, and Newton's method finds its one answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.panel import logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

MOST_STEPS = 200
NEAR = 1e-9
"""The largest slope that still counts as level, and the shortest share of a step that is tried."""
WHOLE_SUBSET = 20
"""Items from which on a subset counts in full; one with fewer counts in proportion, as its loss is mostly chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted.

    Args:
        features: rows by columns.
        signs: 1 or -1 per row.
        subsets: the places of the rows of each subset; every row is in one.
        penalties: the ridge of each column, above zero, against the sum of losses over all rows.
        emphasis: how much the subset with the largest loss leads, per nat of difference: 0 weighs subsets alike.
    """

    features: NDArray[np.float64]
    signs: NDArray[np.float64]
    subsets: Sequence[NDArray[np.intp]]
    penalties: NDArray[np.float64]
    emphasis: float

    def shares(self) -> NDArray[np.float64]:
        """How much each subset counts where all have the same loss."""
        numpy = require("numpy", extra="stats")
        sizes = numpy.array([min(len(rows), WHOLE_SUBSET) for rows in self.subsets], dtype=float)
        shares: NDArray[np.float64] = sizes / sizes.sum()
        return shares

    def losses(self, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean logistic loss of each subset, in nats."""
        numpy = require("numpy", extra="stats")
        each = numpy.logaddexp(0.0, -self.signs * (self.features @ chosen))
        means: NDArray[np.float64] = numpy.array([each[rows].mean() for rows in self.subsets])
        return means

    def objective(self, chosen: NDArray[np.float64]) -> float:
        """The soft maximum of the subsets' losses, and the penalty."""
        numpy = require("numpy", extra="stats")
        losses, shares = self.losses(chosen), self.shares()
        most = losses.max()
        if self.emphasis > 0:
            soft = most + numpy.log(shares @ numpy.exp(self.emphasis * (losses - most))) / self.emphasis
        else:
            soft = shares @ losses
        return float(soft + self.penalties @ (chosen * chosen) / (2 * len(self.signs)))

    def lead(self, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much each subset counts at these weights; the sum is 1."""
        numpy = require("numpy", extra="stats")
        losses = self.losses(chosen)
        leads = self.shares() * numpy.exp(self.emphasis * (losses - losses.max()))
        share: NDArray[np.float64] = leads / leads.sum()
        return share


def fit_tilted(problem: Problem) -> NDArray[np.float64]:
    """The weights of the columns at the minimum.

    Without an intercept the model is odd: features of the opposite sign give the opposite log-odds. The penalty gives
    one minimum also where the labels can be separated.

    Raises:
        JudgeError: no minimum was reached.
        ValueError: a feature is no finite number.
    """
    numpy = require("numpy", extra="stats")
    if not numpy.isfinite(problem.features).all():
        raise ValueError("features are finite numbers")
    chosen = numpy.zeros(problem.features.shape[1])
    for _ in range(MOST_STEPS):
        slope, curvature = _slope_and_curvature(problem, chosen)
        if numpy.abs(slope).max(initial=0.0) <= NEAR:
            return chosen  # type: ignore[no-any-return]
        moved = _shortened(problem, chosen, numpy.linalg.solve(curvature, slope))
        if moved is None:
            return chosen  # type: ignore[no-any-return] # no shorter step is lower: this is the least that doubles show
        chosen = moved
    raise JudgeError(
        "The panel's weights were not found",
        fix="Fit by weighted, and report this.",
        code="judge.not_fitted",
    )


def _slope_and_curvature(
    problem: Problem, chosen: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and second derivatives of the objective; the lead of a subset changes with the weights, too."""
    numpy = require("numpy", extra="stats")
    features, signs, rows_in_all = problem.features, problem.signs, len(problem.signs)
    wrong = logistic(-signs * (features @ chosen))
    lead = problem.lead(chosen)
    slopes = numpy.array([-(signs[rows] * wrong[rows]) @ features[rows] / len(rows) for rows in problem.subsets])
    weights = numpy.zeros(rows_in_all)
    for share, rows in zip(lead, problem.subsets, strict=True):
        weights[rows] = share / len(rows)
    mean = lead @ slopes
    apart = slopes - mean
    curvature = (features.T * (weights * wrong * (1 - wrong))) @ features
    curvature = curvature + problem.emphasis * (apart.T * lead) @ apart + numpy.diag(problem.penalties) / rows_in_all
    return mean + problem.penalties * chosen / rows_in_all, curvature


def _shortened(problem: Problem, start: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Take Newton's step, halved until the objective falls, as a full step may leap over the minimum."""
    here, share = problem.objective(start), 1.0
    while share > NEAR:
        there: NDArray[np.float64] = start - share * step
        if problem.objective(there) < here:
            return there
        share /= 2
    return None
