"""Alerts: a drop that matters and is more than chance, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.extras import require
from agent_agency.learning.trends.alerts import Alarm, Rule, watch
from support.experiments import binomial_slack
from support.series import series

_NUMPY = require("numpy", extra="stats")


def test_a_real_drop_is_told_with_its_interval() -> None:
    found = watch([series([0.9] * 14 + [0.7] * 3, n=50)])[0]
    assert found.alarm is Alarm.DEGRADED
    assert (found.newest, found.reference, found.drop) == pytest.approx((0.7, 0.9, 0.2))
    assert found.interval is not None
    assert found.interval.low > 0


def test_the_same_drop_over_few_items_is_not_enough() -> None:
    assert watch([series([0.9] * 14 + [0.7] * 3, n=5)])[0].alarm is Alarm.INSUFFICIENT
    assert watch([series([0.9] * 3, n=50)])[0].alarm is Alarm.INSUFFICIENT
    assert watch([series([])])[0].alarm is Alarm.INSUFFICIENT


def test_a_sure_drop_that_does_not_matter_is_quiet() -> None:
    found = watch([series([0.9] * 14 + [0.88] * 3, n=100_000)])[0]
    assert found.alarm is Alarm.QUIET
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_a_slow_decline_is_told_though_no_window_is_much_worse_than_the_one_before() -> None:
    down = series([0.9 - 0.01 * day + 0.02 * (-1) ** day for day in range(31)], n=50)
    assert watch([down])[0].alarm is Alarm.DECLINING
    assert watch([replace(down, lower_is_better=True)])[0].alarm is Alarm.QUIET
    over = series([0.9 - 0.01 * day for day in range(31)] + [0.6] * 31, n=50)
    assert watch([over])[0].alarm is Alarm.QUIET


def test_an_improvement_is_no_alert_and_lower_may_be_better() -> None:
    rising = series([0.5] * 14 + [0.9] * 3, n=50)
    assert watch([rising])[0].alarm is Alarm.QUIET
    found = watch([replace(rising, lower_is_better=True)])[0]
    assert found.alarm is Alarm.DEGRADED
    assert found.drop == pytest.approx(0.4)
    assert found.interval is not None
    assert found.interval.holds(0.4)


def test_values_without_counts_are_compared_by_their_spread() -> None:
    rng = _NUMPY.random.default_rng(3)
    before, after = rng.normal(0.9, 0.02, 14), rng.normal(0.7, 0.02, 3)
    found = watch([series([*before, *after])])[0]
    assert found.alarm is Alarm.DEGRADED
    assert found.newest == pytest.approx(float(after.mean()))
    assert watch([series([*rng.normal(0.9, 0.2, 14), *rng.normal(0.8, 0.2, 3)])])[0].alarm is Alarm.QUIET
    assert watch([series([0.9] * 14 + [0.7] * 3)])[0].alarm is Alarm.INSUFFICIENT


def test_more_judges_do_not_mean_more_false_alarms() -> None:
    rng = _NUMPY.random.default_rng(3)
    rule = Rule(least_drop=0.0, alpha=0.05)
    alarmed = 0
    for _ in range(100):
        many = [series(rng.binomial(40, 0.8, 17) / 40, n=40, judge=str(judge)) for judge in range(5)]
        alarmed += any(one.alarm is Alarm.DEGRADED for one in watch(many, rule))
    assert alarmed / 100 <= 0.05 + binomial_slack(0.05, 100)
