"""Two means of different units: Student's and Welch's t tests, and a permutation test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agent_agency.extras import require
from agent_agency.statistics.intervals import LEVEL, Interval, check_level

RESAMPLES = 9999
_CELLS = 4_000_000
_LEAST = 2


@dataclass(frozen=True, slots=True)
class MeansResult:
    """The mean of ``b`` less the mean of ``a``, its interval, and a two-sided p-value."""

    difference: float
    interval: Interval
    p_value: float
    n_a: int
    n_b: int


def welch_t(a: Sequence[float], b: Sequence[float], level: float = LEVEL) -> MeansResult:
    """Compare means whose variances may differ (Welch 1947, Biometrika 34:28-35).

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: fewer than two values on a side, or one that is no finite number.
    """
    return _t_test(a, b, level, equal_var=False)


def student_t(a: Sequence[float], b: Sequence[float], level: float = LEVEL) -> MeansResult:
    """Compare means of one variance (Student 1908); where variances differ, `welch_t` is right.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: see `welch_t`.
    """
    return _t_test(a, b, level, equal_var=True)


def permutation_p(a: Sequence[float], b: Sequence[float], seed: int, resamples: int = RESAMPLES) -> float:
    """The two-sided p-value of the difference of means over relabellings (Pitman 1937); exact where all can be tried.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
        ValueError: see `welch_t`.
    """
    _check(a, b)
    numpy = require("numpy", extra="stats")
    found = require("scipy.stats", extra="stats").permutation_test(
        (numpy.asarray(a, dtype=float), numpy.asarray(b, dtype=float)),
        lambda x, y, axis: y.mean(axis=axis) - x.mean(axis=axis),
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, _CELLS // (len(a) + len(b))),
        rng=numpy.random.default_rng(seed),
    )
    return float(found.pvalue)


def _t_test(a: Sequence[float], b: Sequence[float], level: float, *, equal_var: bool) -> MeansResult:
    _check(a, b)
    check_level(level)
    difference = math.fsum(b) / len(b) - math.fsum(a) / len(a)
    method = "student t" if equal_var else "welch t"
    if len({*a}) == 1 == len({*b}):  # no spread to measure by: nothing is bounded, and nothing shown
        unbounded = Interval(-math.inf, math.inf, level, method)
        return MeansResult(difference, unbounded, 1.0, len(a), len(b))
    found = require("scipy.stats", extra="stats").ttest_ind(b, a, equal_var=equal_var)
    bounds = found.confidence_interval(confidence_level=level)
    interval = Interval(float(bounds.low), float(bounds.high), level, method)
    return MeansResult(difference, interval, float(found.pvalue), len(a), len(b))


def _check(a: Sequence[float], b: Sequence[float]) -> None:
    if len(a) < _LEAST or len(b) < _LEAST:
        raise ValueError(f"{len(a)} and {len(b)} values are too few to compare")
    for value in (*a, *b):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be compared")
