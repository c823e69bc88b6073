"""Trends: agree with other programs', say nothing of too little, and hold their written rule."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.learning.trends.change_points import PENALTY, change_points
from agent_agency.learning.trends.series import in_order, read_moment
from agent_agency.learning.trends.slope import mann_kendall, theil_sen
from agent_agency.learning.trends.trend import ALPHA, LEAST_POINTS, Direction, trend
from agent_agency.report.trends import trend_lines
from support.experiments import binomial_slack
from support.series import START, series

_NUMPY = require("numpy", extra="stats")
_RUPTURES = pytest.importorskip("ruptures", reason="NOT RUN: ruptures has no build for this Python")
_VALUES = st.lists(st.integers(-20, 20).map(float), min_size=4, max_size=25)


@given(_VALUES)
@settings(deadline=None)
def test_the_slope_is_the_median_of_all_pairs_and_lies_in_its_interval(values: list[float]) -> None:
    slopes = [(y - x) / (later - at) for at, x in enumerate(values) for later, y in enumerate(values) if later > at]
    found = theil_sen(series(values))
    assert found.per_day == pytest.approx(float(_NUMPY.median(slopes)))
    assert found.interval.low <= found.per_day <= found.interval.high


@given(_VALUES)
@settings(deadline=None)
def test_mann_kendall_is_the_published_test_with_its_correction_for_ties(values: list[float]) -> None:
    n = len(values)
    score = sum(_NUMPY.sign(y - x) for at, x in enumerate(values) for y in values[at + 1 :])
    ties = [values.count(value) for value in {*values}]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    found = mann_kendall(series(values))
    assert _NUMPY.sign(found.tau) == _NUMPY.sign(score)
    if variance == 0:
        assert found.p_value == 1
    elif len({*values}) < n:  # without ties the p-value of so few points is exact
        normal = require("statistics", extra="stats").NormalDist()
        assert found.p_value == pytest.approx(2 * normal.cdf(-abs(float(score)) / variance**0.5), rel=1e-6, abs=1e-12)


@given(_VALUES.filter(lambda values: len(values) >= LEAST_POINTS))
@settings(deadline=None)
def test_the_other_way_round_is_the_other_verdict(values: list[float]) -> None:
    other = {
        Direction.IMPROVING: Direction.DECLINING,
        Direction.DECLINING: Direction.IMPROVING,
        Direction.STABLE: Direction.STABLE,
    }
    found = trend(series(values)).verdict
    assert trend(series([-value for value in values])).verdict is other[found]
    assert trend(replace(series(values), lower_is_better=True)).verdict is other[found]


def test_a_plain_trend_is_found() -> None:
    found = trend(series([0.5 + 0.01 * day for day in range(20)]))
    assert found.verdict is Direction.IMPROVING
    assert found.change == pytest.approx(0.19)
    assert found.slope is not None
    assert (found.slope.at_start, found.slope.per_day) == pytest.approx((0.5, 0.01))


def test_equal_values_are_stable_and_few_are_not_enough() -> None:
    assert trend(series([0.9] * 8)).verdict is Direction.STABLE
    assert trend(series([0.9, 0.1] * 3)).verdict is Direction.INSUFFICIENT
    assert trend(series([])).verdict is Direction.INSUFFICIENT
    at_once = replace(series([0.1] * 9), points=tuple(replace(p, at=START) for p in series([0.1] * 9).points))
    assert trend(at_once).verdict is Direction.INSUFFICIENT


def test_a_change_that_does_not_matter_is_stable_however_sure() -> None:
    small = series([0.9 + 0.0001 * day for day in range(30)])
    assert trend(small).verdict is Direction.STABLE
    assert trend(small, least_change=0.001).verdict is Direction.IMPROVING


def test_one_wild_value_turns_nothing() -> None:
    values = [0.5 + 0.01 * day for day in range(20)]
    assert trend(series([*values[:-1], -50.0])).verdict is Direction.IMPROVING


def test_a_series_without_a_trend_is_rarely_given_one() -> None:
    rng = _NUMPY.random.default_rng(8)
    found = [trend(series(rng.normal(size=20))).verdict for _ in range(300)]
    assert sum(one is not Direction.STABLE for one in found) / 300 <= ALPHA + binomial_slack(ALPHA, 300)


def test_a_jump_is_placed_where_it_is_and_noise_has_none() -> None:
    rng = _NUMPY.random.default_rng(8)
    noise = rng.normal(size=(200, 30)) * 0.02
    jump = _NUMPY.where(_NUMPY.arange(30) < 18, 0.9, 0.7)
    assert change_points(series(jump + noise[0])) == (18,)
    assert sum(change_points(series(one)) != () for one in noise) / 200 <= 0.03 + binomial_slack(0.03, 200)
    assert change_points(series([0.5] * 30)) == ()
    assert change_points(series([0.1, 0.9])) == ()


@given(st.integers(0, 2**32 - 1), st.integers(6, 30))
@settings(max_examples=30, deadline=None)
def test_change_points_are_those_of_pelt(seed: int, n: int) -> None:
    values = _NUMPY.random.default_rng(seed).normal(size=n)
    values[n // 2 :] += 2
    noise = _NUMPY.sqrt(_NUMPY.mean(_NUMPY.diff(values) ** 2) / 2)
    signal = ((values - values.mean()) / noise).reshape(-1, 1)
    pelt = _RUPTURES.Pelt(model="l2", min_size=3, jump=1).fit(signal)
    assert list(change_points(series(values))) == pelt.predict(pen=PENALTY * _NUMPY.log(n))[:-1]


def test_points_come_in_the_order_of_their_times() -> None:
    points = series([1, 2, 3]).points
    assert in_order(points[::-1]) == points


def test_moments_are_read_with_their_zone() -> None:
    assert read_moment("2026-01-01") == START
    assert read_moment("2026-01-02T01:00:00+01:00") == START + timedelta(days=1)
    for text in ("2026-01-01T08:00:00", "yesterday", "2026-13-01", ""):
        with pytest.raises(ValueError, match=r"zone|format|month|isoformat"):
            read_moment(text)


def test_without_ruptures_the_verdict_stands_and_says_what_was_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    points = series([0.5 + 0.02 * n for n in range(20)])
    whole = trend(points)
    monkeypatch.setitem(sys.modules, "ruptures", None)
    without = trend(points)
    assert replace(without, change_points=whole.change_points) == whole
    assert without.change_points is None
    assert "ruptures is not installed" in "\n".join(trend_lines(without, 0.02))
