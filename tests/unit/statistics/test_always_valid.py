"""Looking all the time gives no more false alarms than were allowed, and the planned sample its power."""

from __future__ import annotations

import math

import pytest

from agent_agency.extras import require
from agent_agency.statistics.always_valid import interval_at, log_e_values, running_p_values
from agent_agency.statistics.power import n_for_paired_means
from agent_agency.statistics.sequential_power import inflation, sequential_power

_NUMPY = require("numpy", extra="stats")


def _walks(drift: float, n: int, runs: int) -> object:
    """Always-valid p-values after each of ``n`` draws with variance 1, mixture width 0.2, one row per run."""
    draws = _NUMPY.random.default_rng(11).normal(drift, 1.0, (runs, n))
    at = _NUMPY.arange(1, n + 1)
    return running_p_values(log_e_values(draws.cumsum(axis=1) / at, 1.0 / at, 0.2))


def test_without_an_effect_an_alarm_is_as_rare_as_promised_at_all_looks_together() -> None:
    p_values = _walks(0.0, 2000, 1000)
    assert (p_values[:, -1] <= 0.05).mean() <= 0.05  # type: ignore[index]


def test_the_planned_sample_finds_the_least_effect() -> None:
    n = math.ceil(n_for_paired_means(0.2, 1.0, 0.05, 0.8) * inflation(0.05, 0.8))
    found = (_walks(0.2, n, 1000)[:, -1] <= 0.05).mean()  # type: ignore[index]
    assert found == pytest.approx(0.8, abs=0.05)


def test_the_interval_leaves_out_nothing_exactly_when_the_evidence_is_enough() -> None:
    for estimate in (0.1, 0.3, 0.5, 0.7):
        interval = interval_at(estimate, 0.04, 0.2, 0.95)
        enough = float(log_e_values(estimate, 0.04, 0.2)) >= math.log(20)
        assert interval.holds(0.0) != enough


def test_p_values_never_rise() -> None:
    assert (_NUMPY.diff(_walks(0.1, 300, 50), axis=1) <= 0).all()


def test_more_is_needed_for_the_freedom_to_look() -> None:
    assert 1.6 < inflation(0.05, 0.8) < 1.8
    assert sequential_power(7.849, 0.05) < sequential_power(7.849 * inflation(0.05, 0.8), 0.05)
    with pytest.raises(ValueError, match="planned"):
        inflation(0.8, 0.05)
