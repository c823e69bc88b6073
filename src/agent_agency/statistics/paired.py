"""Two conditions on the same items: how much they differ, and whether that could be chance."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent_agency.extras import require
from agent_agency.statistics.intervals import LEVEL, Interval, check_level

RESAMPLES = 9999
EXACT = 17
"""So many items or groups have 131,072 flips, which are tried in less than a second."""
_CELLS = 4_000_000
"""Numbers held at once while resampling: 32 MB."""

Method = Literal["percentile", "BCa"]


@dataclass(frozen=True, slots=True)
class PairedResult:
    """The mean of ``b - a``, its bootstrap interval, and a two-sided p-value.

    ``n`` counts items and ``groups`` what was resampled (items, or the groups that they come in).
    """

    difference: float
    interval: Interval
    p_value: float
    n: int
    groups: int


@dataclass(frozen=True, slots=True)
class McNemarResult:
    """How many items only one of two succeeded at, and the exact two-sided p-value."""

    only_a: int
    only_b: int
    p_value: float


def paired_bootstrap(
    a: Sequence[float],
    b: Sequence[float],
    seed: int,
    resamples: int = RESAMPLES,
    *,
    level: float = LEVEL,
    method: Method = "BCa",
    groups: Sequence[Hashable] | None = None,
) -> PairedResult:
    """Compare two conditions on the same items; the difference is the mean of ``b`` less the mean of ``a``.

    The interval is a bootstrap over items (Efron and Tibshirani 1993, chapters 13 and 14). The p-value is that of the
    sign-flip randomisation test (Pitman 1937), which stays valid with few items: every flip is tried where there are no
    more than ``resamples``, or `EXACT` items or groups. With ``groups``, as several items of one program, whole groups
    are resampled and flipped. Differences that are all alike give an interval of no width; trust the p-value there.

    Args:
        a: one score per item.
        b: one score per item, in the same order.
        seed: of the resampling; the same seed gives the same answer.
        resamples: how many.
        level: the coverage wanted of the interval.
        method: ``BCa`` (corrected for bias and skew) or ``percentile``.
        groups: the group of each item; without, each item is its own.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
        ValueError: nothing to compare, lengths that differ, or a score that is no finite number.
    """
    check_level(level)
    sums, counts = _per_group(a, b, groups)
    numpy = require("numpy", extra="stats")
    total = int(counts.sum())
    difference = float(sums.sum() / total)
    shares = _bootstrap_interval(sums, counts, seed, resamples, level, method)
    p_value = _sign_flip(sums, seed, resamples) if bool(numpy.any(sums != 0)) else 1.0
    return PairedResult(difference, shares, p_value, total, len(sums))


def mcnemar_exact(a: Sequence[bool], b: Sequence[bool]) -> McNemarResult:
    """Compare two conditions that each succeed or fail at the same items (McNemar 1947, exact by the binomial).

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: lengths that differ.
    """
    only_a = sum(1 for x, y in zip(a, b, strict=True) if x and not y)
    only_b = sum(1 for x, y in zip(a, b, strict=True) if y and not x)
    return McNemarResult(only_a, only_b, mcnemar_p(only_a, only_b))


def mcnemar_p(only_a: int, only_b: int) -> float:
    """The exact two-sided p-value for that many items on which just one succeeded.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    if only_a + only_b == 0:
        return 1.0
    return float(require("scipy.stats", extra="stats").binomtest(only_b, only_a + only_b, 0.5).pvalue)


def _per_group(a: Sequence[float], b: Sequence[float], groups: Sequence[Hashable] | None) -> tuple[Any, Any]:
    """Sums of ``b - a`` and counts of items, per group in order of appearance."""
    numpy = require("numpy", extra="stats")
    if not a:
        raise ValueError("there is nothing to compare")
    sums: dict[Hashable, float] = {}
    counts: dict[Hashable, int] = {}
    for name, x, y in zip(range(len(a)) if groups is None else groups, a, b, strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError(f"scores {x} and {y} cannot be compared")
        sums[name] = sums.get(name, 0.0) + (y - x)
        counts[name] = counts.get(name, 0) + 1
    return numpy.array(list(sums.values()), dtype=float), numpy.array(list(counts.values()), dtype=float)


def _bootstrap_interval(sums: Any, counts: Any, seed: int, resamples: int, level: float, method: Method) -> Interval:
    numpy = require("numpy", extra="stats")
    shares = sums / counts
    if bool(numpy.all(shares == shares[0])):
        return Interval(float(shares[0]), float(shares[0]), level, f"bootstrap {method}")
    found = require("scipy.stats", extra="stats").bootstrap(
        (sums, counts),
        lambda s, c, axis: s.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        vectorized=True,
        confidence_level=level,
        n_resamples=resamples,
        batch=max(1, _CELLS // len(sums)),
        method=method,
        rng=numpy.random.default_rng(seed),
    )
    bounds = found.confidence_interval
    return Interval(float(bounds.low), float(bounds.high), level, f"bootstrap {method}")


def _sign_flip(sums: Any, seed: int, resamples: int) -> float:
    numpy = require("numpy", extra="stats")
    found = require("scipy.stats", extra="stats").permutation_test(
        (sums,),
        lambda s, axis: s.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=max(resamples, 2 ** len(sums) if len(sums) <= EXACT else 0),
        batch=max(1, _CELLS // len(sums)),
        rng=numpy.random.default_rng(seed),
    )
    return float(found.pvalue)
