"""Whether units went to the arms in the shares that were set; if not, something is wrong with the assignment.

The test may be looked at all the time: it is the sequential multinomial test of Lindon and Malek (2022, NeurIPS 35), a
mixture over a beta distribution around the set share. Pearson's chi-square is told beside it, valid for one look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.extras import require
from agent_agency.learning.experiments.model import Assignment

ALPHA = 0.001
_CONCENTRATION = 100.0
"""How close to the set share the mixture looks, as a count of units."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Units in both arms, how many were expected in treatment, and the evidence that this was not chance.

    ``p_value`` is always valid; ``chi_square_p`` is that of one look.
    """

    control: int
    treatment: int
    expected_treatment: float
    p_value: float
    chi_square_p: float

    @property
    def mismatch(self) -> bool:
        """Whether the assignment cannot be trusted."""
        return self.p_value <= ALPHA


def sample_ratio(assignments: Sequence[Assignment], treatment: str) -> SampleRatio:
    """Hold the assignment against the shares under which each unit was assigned.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    treated = numpy.array([one.arm == treatment for one in assignments], dtype=bool)
    shares = numpy.array([one.share for one in assignments], dtype=float)
    log_e = numpy.zeros(len(treated))
    for share in numpy.unique(shares):
        log_e = log_e + _log_e(treated & (shares == share), ~treated & (shares == share), float(share))
    p_value = float(numpy.exp(-max(0.0, float(log_e.max())))) if len(treated) else 1.0
    count, expected = int(treated.sum()), float(shares.sum())
    return SampleRatio(len(treated) - count, count, expected, p_value, _chi_square(count, expected, len(treated)))


def now_mismatched(before: Sequence[tuple[float, str, int]], new: Sequence[Assignment], treatment: str) -> bool:
    """Whether the shares are no longer believable after one of these units, where they were so far.

    It finds what `sample_ratio` finds in all assignments, without reading those before one by one.

    Args:
        before: share, arm and count of those.
        new: units that came after them, all under one share.
        treatment: the treatment's name.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    counts: dict[float, list[int]] = {new[0].share: [0, 0]}
    for share, arm, count in before:
        counts.setdefault(share, [0, 0])[arm == treatment] += count
    y, x = counts.pop(new[0].share)
    treated = numpy.array([one.arm == treatment for one in new], dtype=bool)
    log_e = _log_e_at(x + treated.cumsum(), y + (~treated).cumsum(), new[0].share)
    others = sum(float(_log_e_at(x, y, share)) for share, (y, x) in counts.items())
    return bool(numpy.exp(-max(0.0, float(log_e.max()) + others)) <= ALPHA)


def _log_e(treatment: Any, control: Any, share: float) -> Any:
    """Log evidence of the units of one share, after each unit of any."""
    return _log_e_at(treatment.cumsum(), control.cumsum(), share)


def _log_e_at(x: Any, y: Any, share: float) -> Any:
    """Log evidence of so many units in treatment and in control."""
    numpy = require("numpy", extra="stats")
    betaln = require("scipy.special", extra="stats").betaln
    a, b = _CONCENTRATION * share, _CONCENTRATION * (1 - share)
    return betaln(a + x, b + y) - betaln(a, b) - x * numpy.log(share) - y * numpy.log1p(-share)


def _chi_square(treated: int, expected: float, n: int) -> float:
    if not n:
        return 1.0
    statistic = (treated - expected) ** 2 * (1 / expected + 1 / (n - expected))
    return float(require("scipy.special", extra="stats").chdtrc(1, statistic))  # a sixth of the time of scipy.stats
