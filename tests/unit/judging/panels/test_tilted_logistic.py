"""The regression finds the one minimum of a stated objective, and agrees with others' fits where they overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.judging.panels.tilted_logistic import Problem, fit_tilted


def made(seed: int, *, n: int = 60, columns: int = 3, ridge: float = 0.1, emphasis: float = 10.0) -> Problem:
    rng = np.random.default_rng(seed)
    features = rng.uniform(-1, 1, (n, columns))
    noise = rng.logistic(size=n)
    signs = np.where(features @ rng.normal(0, 2, columns) + noise > 0, 1.0, -1.0)
    kinds = rng.integers(0, 3, n)
    subsets = [np.flatnonzero(kinds == kind) for kind in range(3) if (kinds == kind).any()]
    return Problem(features, signs, subsets, np.full(columns, ridge), emphasis)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1.0, 10.0, 50.0]), st.sampled_from([0.01, 1.0]))
def test_no_other_optimiser_finds_less(seed: int, emphasis: float, ridge: float) -> None:
    problem = made(seed, ridge=ridge, emphasis=emphasis)
    ours = fit_tilted(problem)
    optimize = require("scipy.optimize", extra="stats")
    theirs = optimize.minimize(problem.objective, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    assert problem.objective(ours) <= theirs.fun + 1e-10
    assert np.abs(optimize.approx_fprime(ours, problem.objective, 1e-7)).max() < 1e-5


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_with_one_subset_and_hardly_a_penalty_it_is_the_maximum_likelihood_of_statsmodels(seed: int) -> None:
    made_ = made(seed, n=200, columns=2)
    problem = Problem(made_.features, made_.signs, [np.arange(200)], np.full(2, 1e-9), 10.0)
    theirs = (
        require("statsmodels.api", extra="stats")
        .Logit((made_.signs > 0).astype(float), made_.features)
        .fit(disp=0, method="newton", maxiter=100)
    )
    assert np.allclose(fit_tilted(problem), theirs.params, rtol=1e-4, atol=1e-4)


def worst_of(seed: int, emphasis: float) -> float:
    problem = made(seed, emphasis=emphasis, ridge=1e-6)
    return float(problem.losses(fit_tilted(problem)).max())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_emphasis_makes_the_worst_subset_worse_by_no_more_than_the_soft_maximum_may_stray(seed: int) -> None:
    """The soft maximum lies between the maximum and ``log(1 / least share) / emphasis`` below it."""
    stray = -np.log(made(seed).shares().min()) / 30.0
    assert worst_of(seed, 30.0) <= worst_of(seed, 0.0) + stray + 1e-6


def test_emphasis_helps_the_worst_subset_of_most_problems() -> None:
    helped = [worst_of(seed, 30.0) < worst_of(seed, 0.0) for seed in range(30)]
    assert sum(helped) >= 27


def test_labels_that_can_be_separated_have_an_answer_too() -> None:
    features = np.array([[1.0], [1.0], [-1.0]])
    problem = Problem(features, np.array([1.0, 1.0, -1.0]), [np.arange(3)], np.array([0.01]), 10.0)
    assert 3 < fit_tilted(problem)[0] < 10


def test_a_subset_of_a_few_items_does_not_lead() -> None:
    subsets = [np.arange(100), np.arange(100, 102)]
    problem = Problem(np.ones((102, 1)), np.ones(102), subsets, np.array([1.0]), 10.0)
    assert problem.shares().tolist() == pytest.approx([20 / 22, 2 / 22])


def test_features_that_are_no_numbers_are_refused() -> None:
    features = np.array([[np.nan], [1.0]])
    with pytest.raises(ValueError, match="finite"):
        fit_tilted(Problem(features, np.array([1.0, -1.0]), [np.arange(2)], np.array([0.1]), 1.0))
