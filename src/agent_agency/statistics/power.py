"""How many units a comparison needs to find the least effect worth finding.

All tests are two-sided. ``n`` is per arm, or pairs where units are paired.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from agent_agency.extras import require

MOST = 100_000_000
LEAST_ALPHA = 1e-9
MOST_POWER = 1 - 1e-6
_LEAST = 2
_EXACT_PAIRS = 20_000
"""Pairs up to which McNemar's power is counted out; beyond, the normal approximation is as good."""


def n_for_means(effect: float, sd: float, alpha: float, power: float) -> int:
    """Units per arm for Welch's or Student's t with one ``sd`` in both arms, by the noncentral t distribution.

    Args:
        effect: the least difference of means worth finding, in the metric's units.
        sd: the standard deviation of the metric.
        alpha: the chance of a false alarm.
        power: the chance to find that effect.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: a plan that cannot be, or more units than `MOST`.
    """
    check_plan(effect, alpha, power)
    _check_sd(sd)
    return least_n(lambda n: _t_power(effect / sd * math.sqrt(n / 2), 2 * n - 2, alpha), power)


def n_for_paired_means(effect: float, sd: float, alpha: float, power: float) -> int:
    """Pairs for the paired t test; ``sd`` is that of the differences.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: see `n_for_means`.
    """
    check_plan(effect, alpha, power)
    _check_sd(sd)
    return least_n(lambda n: _t_power(effect / sd * math.sqrt(n), n - 1, alpha), power)


def n_for_proportions(baseline: float, effect: float, alpha: float, power: float) -> int:
    """Units per arm for the score test of two shares (Fleiss, Levin and Paik 2003, formula 4.14).

    Args:
        baseline: the control's share.
        effect: the least difference worth finding, upwards; downwards where there is no room.
        alpha: the chance of a false alarm.
        power: the chance to find that effect.

    Raises:
        ValueError: a plan that cannot be: a share outside 0 to 1, an effect that leads there, or more than `MOST`.
    """
    check_plan(effect, alpha, power)
    other = baseline + effect if baseline + effect <= 1 else baseline - effect
    if not (0 <= baseline <= 1 and 0 <= other <= 1):
        raise ValueError(f"a share of {baseline} cannot change by {effect}")
    middle = (baseline + other) / 2
    spread = baseline * (1 - baseline) + other * (1 - other)
    false_alarm = NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))
    found = NormalDist().inv_cdf(power) * math.sqrt(spread)
    return _bounded(((false_alarm + found) / effect) ** 2)


def n_for_mcnemar(discordant: float, effect: float, alpha: float, power: float) -> int:
    """Pairs for the exact McNemar test, whose power is counted out by the binomial distribution.

    Above `_EXACT_PAIRS` pairs the normal approximation stands in (Connor 1987, Biometrics 43:207-211).

    Args:
        discordant: the share of pairs on which just one of two succeeds.
        effect: the least difference of shares worth finding; no greater than ``discordant``.
        alpha: the chance of a false alarm.
        power: the chance to find that effect.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: a plan that cannot be, or more units than `MOST`.
    """
    check_plan(effect, alpha, power)
    if not effect <= discordant <= 1:
        raise ValueError(f"with {discordant} of pairs discordant the shares cannot differ by {effect}")
    false_alarm = NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt(discordant)
    found = NormalDist().inv_cdf(power) * math.sqrt(discordant - effect**2)
    approximate = _bounded(((false_alarm + found) / effect) ** 2)
    if approximate > _EXACT_PAIRS:
        return approximate
    return least_n(lambda n: mcnemar_power(n, discordant, effect, alpha), power)


def mcnemar_power(n: int, discordant: float, effect: float, alpha: float) -> float:
    """The chance that the exact McNemar test over ``n`` pairs finds the effect.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    binom = require("scipy.stats", extra="stats").binom
    pairs = numpy.arange(n + 1)
    better = 0.5 + effect / discordant / 2
    # the most that the rarer kind may count for p <= alpha, for each number of discordant pairs
    critical = binom.ppf(alpha / 2, pairs, 0.5)
    critical = numpy.where(binom.cdf(critical, pairs, 0.5) <= alpha / 2, critical, critical - 1)
    rejects = binom.cdf(critical, pairs, better) + binom.cdf(critical, pairs, 1 - better)
    return float((binom.pmf(pairs, n, discordant) * rejects).sum())


def least_n(power_at: Callable[[int], float], power: float) -> int:
    """A number of units at which the power is enough and with one fewer is not.

    That is the least one for a power that grows with it; the power of exact tests goes up in a saw-tooth.

    Raises:
        ValueError: more than `MOST` are needed.
    """
    high = _LEAST
    while power_at(high) < power:
        high *= 2
        _bounded(high)
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def check_plan(effect: float, alpha: float, power: float) -> None:
    """Refuse what no sample could do.

    Raises:
        ValueError: no positive effect, or chances outside ``LEAST_ALPHA <= alpha < power <= MOST_POWER``.
    """
    if not (effect > 0 and math.isfinite(effect)):
        raise ValueError(f"an effect of {effect} is not worth finding")
    if not LEAST_ALPHA <= alpha < power <= MOST_POWER:
        raise ValueError(f"a power of {power} at a level of {alpha} cannot be planned")


def _bounded(n: float) -> int:
    if not n <= MOST:
        raise ValueError(f"more than {MOST:,} units are needed")
    return max(_LEAST, math.ceil(n))


def _check_sd(sd: float) -> None:
    if not (sd > 0 and math.isfinite(sd)):
        raise ValueError(f"a standard deviation of {sd} cannot be planned with")


def _t_power(shift: float, freedom: int, alpha: float) -> float:
    scipy = require("scipy.stats", extra="stats")
    critical = scipy.t.ppf(1 - alpha / 2, freedom)
    missed = scipy.nct.cdf(critical, freedom, shift) - scipy.nct.cdf(-critical, freedom, shift)
    return 1.0 - float(missed)
