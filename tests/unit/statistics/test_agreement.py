"""Kappa and the calibration error agree with other programs or with what is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.statistics.calibration_error import expected_calibration_error
from agent_agency.statistics.kappa import cohens_kappa

_NUMPY = require("numpy", extra="stats")
_RATERS = require("statsmodels.stats.inter_rater", extra="stats")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
@settings(deadline=None)
def test_kappa_agrees_with_statsmodels(pairs: list[tuple[int, int]]) -> None:
    found = cohens_kappa([x for x, _ in pairs], [y for _, y in pairs])
    table = [[sum(1 for pair in pairs if pair == (x, y)) for y in range(3)] for x in range(3)]
    if found is None:
        assert len({*pairs}) == 1
        return
    with _NUMPY.errstate(all="ignore"):
        expected = _RATERS.cohens_kappa(table)
    assert found.value == pytest.approx(expected.kappa, abs=1e-9)
    if expected.var_kappa > 1e-12:
        assert found.interval.low == pytest.approx(max(-1, expected.kappa_low), abs=1e-6)
        assert found.interval.high == pytest.approx(min(1, expected.kappa_upp), abs=1e-6)


def test_agreeing_by_always_giving_one_answer_is_no_agreement() -> None:
    assert cohens_kappa(["pass"] * 9, ["pass"] * 9) is None


def test_agreeing_on_few_items_is_not_certain() -> None:
    found = cohens_kappa([1, 0, 1, 0], [1, 0, 1, 0])
    assert found is not None
    assert (found.value, found.interval.high) == (1, 1)
    assert 0 < found.interval.low < 0.5


def test_nothing_to_agree_about_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        cohens_kappa([], [])


def test_honest_probabilities_have_a_small_error_and_overconfident_ones_a_great_one() -> None:
    chance = random.Random(3)
    honest = [chance.random() for _ in range(2000)]
    came_true = [float(chance.random() < p) for p in honest]
    good = expected_calibration_error(honest, came_true, seed=1, resamples=300)
    bad = expected_calibration_error([1.0 if p > 0.5 else 0.0 for p in honest], came_true, seed=1, resamples=300)
    assert good.value < 0.04
    assert good.interval.low < 0.02
    assert bad.value == pytest.approx(0.25, abs=0.03)
    assert bad.interval.holds(0.25)
    assert bad.interval.low > good.interval.high


def test_few_items_form_few_bins() -> None:
    assert expected_calibration_error([0.5, 0.5], [1, 0.5], seed=1, resamples=10).bins == 2


@pytest.mark.parametrize(("stated", "seen"), [([], []), ([1.2], [1]), ([0.5], [2]), ([float("nan")], [1])])
def test_what_is_no_probability_is_refused(stated: list[float], seen: list[float]) -> None:
    with pytest.raises(ValueError, match="calibrate|probability"):  # noqa: RUF043 - one of two words
        expected_calibration_error(stated, seen, seed=1)
