"""Comparisons of different units agree with other programs', and say nothing where nothing can be said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.statistics.two_means import permutation_p, student_t, welch_t
from agent_agency.statistics.two_proportions import newcombe, score_test_p

_PROPORTION = require("statsmodels.stats.proportion", extra="stats")
_WEIGHTS = require("statsmodels.stats.weightstats", extra="stats")
_VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=12)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
@settings(deadline=None)
def test_newcombe_and_the_score_test_agree_with_statsmodels(n_a: int, n_b: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_b))
    low, high = _PROPORTION.confint_proportions_2indep(b, n_b, a, n_a, method="newcomb", compare="diff")
    found = newcombe(a, n_a, b, n_b)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    if 0 < a + b < n_a + n_b:
        assert score_test_p(a, n_a, b, n_b) == pytest.approx(_PROPORTION.proportions_ztest([a, b], [n_a, n_b])[1])


def test_newcombe_takes_undecided_items_as_halves() -> None:
    assert newcombe(6, 10, 7, 10).low < newcombe(6, 10, 7.5, 10).low < newcombe(6, 10, 8, 10).low


def test_shares_of_all_or_nothing_are_no_evidence() -> None:
    assert score_test_p(0, 5, 0, 7) == 1.0
    assert score_test_p(5, 5, 7, 7) == 1.0


@given(_VALUES, _VALUES)
@settings(deadline=None)
def test_t_tests_agree_with_statsmodels(a: list[float], b: list[float]) -> None:
    if min(max(a) - min(a), max(b) - min(b)) < 1e-3:
        return
    compared = _WEIGHTS.CompareMeans(_WEIGHTS.DescrStatsW(b), _WEIGHTS.DescrStatsW(a))
    for test, word in ((welch_t, "unequal"), (student_t, "pooled")):
        found = test(a, b)
        low, high = compared.tconfint_diff(usevar=word)
        assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-6, abs=1e-9)
        assert found.p_value == pytest.approx(compared.ttest_ind(usevar=word)[1], rel=1e-6, abs=1e-12)


def test_without_any_spread_nothing_is_shown() -> None:
    found = welch_t([1, 1, 1], [2, 2, 2])
    assert (found.difference, found.p_value, found.interval.low) == (1, 1, -math.inf)
    assert found.interval.as_dict()["low"] is None


def test_a_permutation_of_few_values_is_exact() -> None:
    assert permutation_p([1, 2, 3], [4, 5, 6], seed=1) == pytest.approx(2 / 20)


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([1.0, math.nan], [1.0, 2.0]), ([1.0, 2.0], [math.inf, 1])])
def test_too_little_or_no_number_is_refused(a: list[float], b: list[float]) -> None:
    for test in (welch_t, student_t):
        with pytest.raises(ValueError, match="compare"):
            test(a, b)
    with pytest.raises(ValueError, match="compare"):
        permutation_p(a, b, seed=1)
