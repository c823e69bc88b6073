"""Planned samples give the power that was planned, by another program's count and by simulation."""

from __future__ import annotations

import pytest

from agent_agency.extras import require
from agent_agency.statistics.power import (
    mcnemar_power,
    n_for_mcnemar,
    n_for_means,
    n_for_paired_means,
    n_for_proportions,
)
from agent_agency.statistics.two_proportions import score_test_p

_POWER = require("statsmodels.stats.power", extra="stats")
_NUMPY = require("numpy", extra="stats")
_SCIPY = require("scipy.stats", extra="stats")


@pytest.mark.parametrize(("effect", "sd"), [(0.05, 0.2), (1.0, 1.0), (0.3, 1.0)])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_means_agree_with_statsmodels(effect: float, sd: float, power: float) -> None:
    two = _POWER.TTestIndPower().solve_power(effect / sd, alpha=0.05, power=power)
    one = _POWER.TTestPower().solve_power(effect / sd, alpha=0.05, power=power)
    assert n_for_means(effect, sd, 0.05, power) - two == pytest.approx(0.5, abs=0.51)
    assert n_for_paired_means(effect, sd, 0.05, power) - one == pytest.approx(0.5, abs=0.51)


@pytest.mark.parametrize(("baseline", "effect"), [(0.5, 0.1), (0.1, 0.05), (0.95, 0.1)])
def test_proportions_reach_the_planned_power(baseline: float, effect: float) -> None:
    n = n_for_proportions(baseline, effect, 0.05, 0.8)
    other = baseline + effect if baseline + effect <= 1 else baseline - effect
    rng = _NUMPY.random.default_rng(5)
    drawn = zip(rng.binomial(n, baseline, 1500), rng.binomial(n, other, 1500), strict=True)
    found = sum(score_test_p(int(a), n, int(b), n) <= 0.05 for a, b in drawn)
    assert found / 1500 == pytest.approx(0.8, abs=0.05)


def test_mcnemar_reaches_the_planned_power_and_needs_no_more() -> None:
    n = n_for_mcnemar(0.2, 0.05, 0.05, 0.8)
    assert 0.8 <= mcnemar_power(n, 0.2, 0.05, 0.05) < 0.81
    rng = _NUMPY.random.default_rng(5)
    drawn = rng.multinomial(n, [0.125, 0.075, 0.8], 1500)
    found = sum(_SCIPY.binomtest(int(b), int(b + c)).pvalue <= 0.05 for b, c, _ in drawn)
    assert found / 1500 == pytest.approx(0.8, abs=0.05)


def test_very_many_pairs_are_planned_by_the_normal_approximation() -> None:
    assert n_for_mcnemar(0.2, 0.005, 0.05, 0.8) == pytest.approx(0.2 * (1.96 + 0.8416) ** 2 / 0.005**2, rel=0.01)


@pytest.mark.parametrize(("effect", "alpha", "power"), [(0, 0.05, 0.8), (0.1, 0, 0.8), (0.1, 0.05, 1), (0.1, 0.9, 0.8)])
def test_a_plan_that_cannot_be_is_refused(effect: float, alpha: float, power: float) -> None:
    for plan in (n_for_means, n_for_paired_means, n_for_proportions):
        with pytest.raises(ValueError, match=r"worth|planned"):
            plan(0.5, effect, alpha, power) if plan is n_for_proportions else plan(effect, 1.0, alpha, power)
    with pytest.raises(ValueError, match=r"worth|planned"):
        n_for_mcnemar(0.3, effect, alpha, power)


def test_impossible_shares_and_spreads_are_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        n_for_proportions(0.5, 0.6, 0.05, 0.8)
    with pytest.raises(ValueError, match="discordant"):
        n_for_mcnemar(0.1, 0.2, 0.05, 0.8)
    with pytest.raises(ValueError, match="deviation"):
        n_for_means(0.1, 0.0, 0.05, 0.8)
    for plan in (n_for_means, n_for_proportions, n_for_mcnemar):
        first, second = (1e-9, 1.0) if plan is n_for_means else (0.5, 1e-9)
        with pytest.raises(ValueError, match="units are needed"):
            plan(first, second, 0.05, 0.8)
