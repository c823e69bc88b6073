"""How far stated probabilities are from what came true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.extras import require
from agent_agency.statistics.intervals import LEVEL, Interval, check_level

BINS = 10
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The expected calibration error, 0 to 1, with its interval; ``bins`` is how many were formed."""

    value: float
    interval: Interval
    n: int
    bins: int


def expected_calibration_error(
    probabilities: Sequence[float],
    came_true: Sequence[float],
    seed: int,
    *,
    bins: int = BINS,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> CalibrationError:
    """The mean distance of stated probability and observed share, over bins with equally many items.

    Naeini, Cooper and Hauskrecht (2015, AAAI) define it; bins of equal mass are those of Nguyen and O'Connor (2015,
    EMNLP). Few items make it too large, and resampling them again as much: the interval is the basic bootstrap's, which
    turns that round (Davison and Hinkley 1997, section 5.2), cut at 0 and 1.

    Args:
        probabilities: of the event, one per item, 0 to 1.
        came_true: 1 where it came true, 0 where not; an undecided item may count one half.
        seed: of the resampling.
        bins: how many at most; there are never more than items.
        resamples: how many.
        level: the coverage wanted.

    Raises:
        MissingExtraError: numpy is not installed.
        ValueError: no items, lengths that differ, or values outside 0 to 1.
    """
    check_level(level)
    _check(probabilities, came_true)
    numpy = require("numpy", extra="stats")
    stated, seen = numpy.asarray(probabilities, dtype=float), numpy.asarray(came_true, dtype=float)
    formed = min(bins, len(stated))
    value = _error(stated, seen, formed)
    rng = numpy.random.default_rng(seed)
    drawn = [_resampled(rng, stated, seen, formed) for _ in range(resamples)]
    low, high = numpy.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    bounds = sorted(min(1.0, max(0.0, 2 * value - end)) for end in (float(low), float(high)))
    return CalibrationError(value, Interval(bounds[0], bounds[1], level, "basic bootstrap"), len(stated), formed)


def _check(probabilities: Sequence[float], came_true: Sequence[float]) -> None:
    if not probabilities:
        raise ValueError("there is nothing to calibrate")
    for stated, seen in zip(probabilities, came_true, strict=True):
        if not (0 <= stated <= 1 and 0 <= seen <= 1 and math.isfinite(stated)):
            raise ValueError(f"{stated} and {seen} are no probability and outcome")


def _resampled(rng: Any, stated: Any, seen: Any, bins: int) -> float:
    at = rng.integers(0, len(stated), len(stated))
    return _error(stated[at], seen[at], bins)


def _error(stated: Any, seen: Any, bins: int) -> float:
    """Equal probabilities may fall into two bins; which of them goes where is settled by the order of the items."""
    numpy = require("numpy", extra="stats")
    order = numpy.argsort(stated, kind="stable")
    gaps = (stated - seen)[order]
    edges = numpy.linspace(0, len(gaps), bins + 1).astype(int)[:-1]
    return float(numpy.abs(numpy.add.reduceat(gaps, edges)).sum() / len(gaps))
