"""Logistic regression without an intercept, with a ridge penalty: Newton's method, a convex problem with one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.panel import logistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_STEPS = 200
NEAR = 1e-10
"""The largest slope that still counts as level, per unit of total weight."""


def fit_logistic(
    features: NDArray[np.float64], signs: NDArray[np.float64], weights: NDArray[np.float64], ridge: float
) -> NDArray[np.float64]:
    """Minimise ``sum_i weights_i * log(1 + exp(-signs_i * features_i . b)) + ridge / 2 * |b|^2`` over ``b``.

    Without an intercept the model is odd: features of the opposite sign give the opposite log-odds. With a ridge above
    zero there is one minimum, also where the labels can be separated.

    Args:
        features: rows by columns.
        signs: 1 or -1 per row.
        weights: how much each row counts, above zero.
        ridge: the penalty, above zero.

    Raises:
        JudgeError: no minimum was reached, as with features that are no finite numbers.
    """
    numpy = require("numpy", extra="stats")
    chosen = numpy.zeros(features.shape[1])
    enough = NEAR * max(float(weights.sum()), 1.0)
    loss = _loss(chosen, features, signs, weights, ridge)
    for _ in range(MOST_STEPS):
        wrong = logistic(-signs * (features @ chosen))
        slope = ridge * chosen - features.T @ (weights * signs * wrong)
        if numpy.abs(slope).max(initial=0.0) <= enough:
            return chosen  # type: ignore[no-any-return]
        curvature = (features.T * (weights * wrong * (1 - wrong))) @ features + ridge * numpy.eye(len(chosen))
        step = numpy.linalg.solve(curvature, slope)
        moved = _shortened(chosen, step, loss, (features, signs, weights, ridge))
        if moved is None:
            return chosen  # type: ignore[no-any-return] # no shorter step is lower: this is the least that doubles show
        chosen, loss = moved
    raise JudgeError(
        "The weights of the panel were not found",
        fix="Check that the votes are finite numbers.",
        code="judge.not_fitted",
    )


def _shortened(
    start: NDArray[np.float64],
    step: NDArray[np.float64],
    loss: float,
    problem: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float],
) -> tuple[NDArray[np.float64], float] | None:
    """Take Newton's step, halved until the loss falls, as full steps may leap over the minimum."""
    share = 1.0
    while share > NEAR:
        there = start - share * step
        reached = _loss(there, *problem)
        if reached < loss:
            return there, reached
        share /= 2
    return None


def _loss(
    chosen: NDArray[np.float64],
    features: NDArray[np.float64],
    signs: NDArray[np.float64],
    weights: NDArray[np.float64],
    ridge: float,
) -> float:
    numpy = require("numpy", extra="stats")
    losses = numpy.logaddexp(0.0, -signs * (features @ chosen))
    return float(weights @ losses + ridge / 2 * chosen @ chosen)
