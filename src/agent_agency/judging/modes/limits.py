"""Where labels alone decide: limits of the probability of ``pass``, and how they are chosen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

from agent_agency.judging.answer import Verdict
from agent_agency.statistics.intervals import wilson

LOWEST_SURE = 0.5
"""``pass`` is taken only from a probability above this."""
HIGHEST_SURE = 1 / 3
"""Something else is taken only where ``pass`` is less likely than this, so that it cannot be the likeliest of three."""
NEVER_HIGH, NEVER_LOW = 2.0, -1.0
"""A limit that no probability reaches: on this side a whole answer is always asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A label's verdict stands where ``pass`` is at most ``low`` likely, or at least ``high``; else it is left open."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse limits that leave no order.

        Raises:
            ValueError: they are none.
        """
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError("a limit is no number")
        if self.low >= HIGHEST_SURE or self.high <= LOWEST_SURE:
            raise ValueError(f"limits lie below {HIGHEST_SURE:.2f} and above {LOWEST_SURE:g}")

    def decides(self, passing: float) -> bool:
        """Whether a probability of ``pass`` is sure enough."""
        return passing <= self.low or passing >= self.high

    def as_dict(self) -> dict[str, float]:
        """JSON-ready."""
        return {"low": self.low, "high": self.high}

    @classmethod
    def read(cls, value: Any) -> Self:
        """Read what `as_dict` wrote.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(value, Mapping) or set(value) != {"low", "high"}:
            raise ValueError("'limits' has other members than low and high")
        if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in value.values()):
            raise ValueError("'limits' holds what is no number")
        return cls(float(value["low"]), float(value["high"]))


DEFAULT_LIMITS = Limits(0.05, 0.95)
"""Where none were chosen on data."""
WANTED = 0.9
"""The agreement with whole answers that limits are chosen for, unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One subject: the calibrated probability of ``pass``, and the verdicts of the label and of the whole answer."""

    passing: float
    label: Verdict
    full: Verdict

    @property
    def agrees(self) -> bool:
        """Whether the label says what the whole answer says."""
        return self.label == self.full


def least_items(wanted: float) -> int:
    """How many subjects a side must decide before an agreement can be shown, even where all of them agree.

    Args:
        wanted: the agreement, 0 to 1, both ends excluded.
    """
    return next(n for n in count(1) if wilson(n, n).low >= wanted)


def choose_limits(compared: Sequence[Compared], wanted: float = WANTED) -> Limits:
    """The widest limits at which labels agree with whole answers often enough, each side for itself.

    Enough means that the lower end of Wilson's interval of the agreement, over the subjects that a side decides, is not
    below what is wanted: a few lucky subjects open no side. A side on which that is nowhere so decides nothing. As a
    limit is the best of many that were tried, its own agreement flatters it a little.

    Args:
        compared: subjects that the calibration was not fitted on; those whose label abstains decide nothing.
        wanted: the agreement, 0 to 1.
    """
    decided = [one for one in compared if one.label != "abstain"]
    above = sorted({one.passing for one in decided if one.passing > LOWEST_SURE})
    below = sorted({one.passing for one in decided if one.passing < HIGHEST_SURE}, reverse=True)
    high = _first(above, lambda limit: (one for one in decided if one.passing >= limit), wanted)
    low = _first(below, lambda limit: (one for one in decided if one.passing <= limit), wanted)
    return Limits(NEVER_LOW if low is None else low, NEVER_HIGH if high is None else high)


def _first(limits: Iterable[float], side: Callable[[float], Iterable[Compared]], wanted: float) -> float | None:
    for limit in limits:
        taken = [one.agrees for one in side(limit)]
        if wilson(sum(taken), len(taken)).low >= wanted:
            return limit
    return None
