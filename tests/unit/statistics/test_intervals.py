"""Intervals agree with other programs' and hold what they promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.statistics.intervals import clopper_pearson, wilson

_SCIPY = require("scipy.stats", extra="stats")


@given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(n: int, data: st.DataObject, level: float) -> None:
    successes = data.draw(st.integers(0, n))
    expected = _SCIPY.binomtest(successes, n).proportion_ci(level, method="wilson")
    found = wilson(successes, n, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(1, 400), st.data())
def test_clopper_pearson_agrees_with_scipy(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    expected = _SCIPY.binomtest(successes, n).proportion_ci(0.95, method="exact")
    found = clopper_pearson(successes, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_an_undecided_item_counts_one_half() -> None:
    low, half, high = wilson(6, 10), wilson(6.5, 10), wilson(7, 10)
    assert low.low < half.low < high.low
    assert low.high < half.high < high.high
    assert half.holds(0.65)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 3), (4, 3), (float("nan"), 3)])
def test_what_is_no_proportion_has_no_interval(successes: float, n: int) -> None:
    with pytest.raises(ValueError, match="proportion"):
        wilson(successes, n)


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_a_level_is_between_nothing_and_certainty(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level)
