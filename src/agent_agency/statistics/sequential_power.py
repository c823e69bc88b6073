"""How many more observations a test needs that may be looked at all the time."""

from __future__ import annotations

import math
from statistics import NormalDist

from agent_agency.extras import require

LOOKS = 100
_CELLS = 2001
_REACH = 8
_STEPS = 30


def inflation(alpha: float, power: float) -> float:
    """The factor on a fixed sample's size that gives the always-valid test the same power.

    For a mixture as wide as the least effect worth finding, and ``LOOKS`` looks at even distances.

    Raises:
        MissingExtraError: numpy is not installed.
        ValueError: ``alpha`` or ``power`` outside 0 to 1, or a power no greater than ``alpha``.
    """
    if not 0 < alpha < power < 1:
        raise ValueError(f"a power of {power} at a level of {alpha} cannot be planned")
    fixed = (NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)) ** 2
    low, high = 0.5, 4.0
    while sequential_power(fixed * high, alpha) < power:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if sequential_power(fixed * middle, alpha) >= power else (middle, high)
        if high - low < 1e-3:  # noqa: PLR2004 - a thousandth of a sample is less than one unit of a thousand
            break
    return high


def sequential_power(information: float, alpha: float) -> float:
    """The chance to find an effect of one mixture's width by the time that so much is known of it, in `LOOKS` looks.

    Works by recursive numerical integration (Armitage, McPherson and Rowe 1969, J. R. Stat. Soc. A 132:235-244).

    Args:
        information: the squared effect over the variance of its estimate at the last look.
        alpha: the chance of a false alarm over all looks.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    step = information / LOOKS
    known = numpy.arange(1, LOOKS + 1) * step
    # the score is estimate / variance: a random walk whose drift and variance are 1 per unit of information
    bounds = numpy.sqrt((1 + known) * (2 * math.log(1 / alpha) + numpy.log1p(known)))
    places, width = numpy.linspace(-bounds[-1], bounds[-1], _CELLS, retstep=True)
    reach = math.ceil((_REACH * math.sqrt(step) + step) / width) * width
    moves = numpy.arange(-reach, reach + width / 2, width)
    kernel = numpy.exp(-((moves - step) ** 2) / (2 * step))
    kernel /= kernel.sum()
    masses = numpy.zeros(_CELLS)
    masses[_CELLS // 2] = 1.0
    for bound in bounds:
        inside = numpy.clip((bound - numpy.abs(places)) / width + 0.5, 0.0, 1.0)
        masses = numpy.convolve(masses, kernel, mode="same") * inside
    return float(1.0 - masses.sum())
