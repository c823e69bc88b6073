"""Tests and intervals that stay valid however often, and whenever, somebody looks.

The method is the mixture sequential probability ratio test with a normal mixture (Robbins 1970, Ann. Math. Statist.
41:1397-1409), as Johari, Koomen, Pekelis and Walsh use it for two arms (2022, Oper. Res. 70:1806-1821). The variance is
estimated, so that validity is that of an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and
Ramdas 2024, Ann. Statist. 52:2613-2640): it needs a start-up sample, before which nothing is decided.

``estimate`` and ``variance`` are arrays of one shape or numbers: the estimated difference and the variance of that
estimate, in the metric's units and their square, after each observation.
"""

from __future__ import annotations

import math
from typing import Any

from agent_agency.extras import require
from agent_agency.statistics.intervals import Interval, check_level

METHOD = "normal-mixture confidence sequence"


def log_e_values(estimate: Any, variance: Any, spread: float) -> Any:
    """Log evidence against no difference after each observation; it ever passes ``log(1/alpha)`` with chance ``alpha``.

    Args:
        estimate: see the module.
        variance: see the module; positive.
        spread: the standard deviation of the normal mixture, in the metric's units. It must be fixed beforehand; the
            least effect worth finding makes the test tightest about the planned sample.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    estimate, variance = numpy.asarray(estimate, dtype=float), numpy.asarray(variance, dtype=float)
    whole = variance + spread * spread
    with numpy.errstate(over="ignore"):  # beyond all numbers is evidence enough
        return 0.5 * numpy.log(variance / whole) + 0.5 * estimate**2 / variance * (spread * spread / whole)


def running_p_values(log_e: Any) -> Any:
    """The always-valid p-value after each observation: the least that the evidence has allowed so far.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    highest = numpy.maximum.accumulate(numpy.asarray(log_e, dtype=float), axis=-1)
    return numpy.exp(-numpy.maximum(highest, 0.0))


def half_width(variance: float, spread: float, level: float) -> float:
    """Half the width of the confidence sequence at one moment, in the metric's units.

    Raises:
        ValueError: a level outside 0 to 1.
    """
    check_level(level)
    whole = variance + spread * spread
    return math.sqrt(variance * whole / spread**2 * (2 * math.log(1 / (1 - level)) + math.log(whole / variance)))


def interval_at(estimate: float, variance: float, spread: float, level: float) -> Interval:
    """The range that holds the true difference at this and every other moment, with chance ``level`` in all.

    Raises:
        ValueError: a level outside 0 to 1.
    """
    half = half_width(variance, spread, level)
    return Interval(estimate - half, estimate + half, level, METHOD)
