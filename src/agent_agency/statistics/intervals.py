"""Intervals for one proportion, from Wilson's score test and from the binomial distribution itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from agent_agency.extras import require

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that holds the true value in at least (or about) ``level`` of all samples.

    Either end may be infinite: then the data do not bound the value on that side.
    """

    low: float
    high: float
    level: float
    method: str

    def holds(self, value: float) -> bool:
        """Whether a value lies inside, ends included."""
        return self.low <= value <= self.high

    def as_dict(self) -> dict[str, float | str | None]:
        """JSON-ready; an end that is not bounded is null."""
        low = self.low if math.isfinite(self.low) else None
        high = self.high if math.isfinite(self.high) else None
        return {"low": low, "high": high, "level": self.level, "method": self.method}


def wilson(successes: float, n: int, level: float = LEVEL) -> Interval:
    """The score interval for a proportion (Wilson 1927, JASA 22:209-212); it needs no optional library.

    Args:
        successes: how many of ``n`` succeeded; an undecided one may count one half.
        n: how many there are.
        level: the coverage wanted, between 0 and 1.

    Raises:
        ValueError: there is nothing to count, more successes than trials, or a level outside 0 to 1.
    """
    check_counts(successes, n)
    z = z_of(level)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return Interval(low, high, level, "wilson")


def clopper_pearson(successes: float, n: int, level: float = LEVEL) -> Interval:
    """The interval whose coverage is never below ``level`` (Clopper and Pearson 1934, Biometrika 26:404-413).

    Args:
        successes: how many of ``n`` succeeded; halves are taken as the beta distribution takes them.
        n: how many there are.
        level: the coverage wanted, between 0 and 1.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: see `wilson`.
    """
    check_counts(successes, n)
    check_level(level)
    beta = require("scipy.stats", extra="stats").beta
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, n - successes)) if successes < n else 1.0
    return Interval(low, high, level, "clopper-pearson")


def z_of(level: float) -> float:
    """The standard normal quantile of a two-sided interval, as 1.96 for 0.95.

    Raises:
        ValueError: a level outside 0 to 1.
    """
    check_level(level)
    return NormalDist().inv_cdf(0.5 + level / 2)


def check_level(level: float) -> None:
    """Refuse what is no coverage.

    Raises:
        ValueError: a level outside 0 to 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level of {level} is not between 0 and 1")


def check_counts(successes: float, n: int) -> None:
    """Refuse counts that make no proportion.

    Raises:
        ValueError: no trials, or successes outside 0 to ``n``.
    """
    if n < 1:
        raise ValueError("a proportion of nothing has no interval")
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion")
