"""What is known of a metric after each observation: the estimated difference of arms and its variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.extras import require
from agent_agency.learning.experiments.model import Experiment, Kind, Metric, Observation

STARTUP = 30
"""Units per arm (see `Values.effective_n`), or complete pairs, before which the always-valid test decides nothing.

Its variance is an estimate, which few units make too unsure.
"""

LEAST_CHANGES = 10
"""Likewise units that tell something: successes and failures of a proportion, or pairs that differ."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one metric, in the order of their arrival.

    ``is_treatment`` and ``value`` are arrays of one length. For a paired metric ``value`` is treatment less control of
    each complete pair, ``pairs`` has both, and ``is_treatment`` is not used.
    """

    metric: Metric
    is_treatment: Any
    value: Any
    pairs: tuple[tuple[float, float], ...] = ()

    @property
    def n(self) -> tuple[int, int]:
        """Units in control and in treatment; complete pairs twice."""
        if self.metric.kind is Kind.PAIRED:
            return len(self.pairs), len(self.pairs)
        treated = int(self.is_treatment.sum())
        return len(self.value) - treated, treated

    @property
    def effective_n(self) -> int:
        """Units per arm that equal shares would need to know as much: the harmonic mean; or complete pairs."""
        control, treatment = self.n
        return 2 * control * treatment // (control + treatment) if control and treatment else 0

    def arms(self) -> tuple[list[float], list[float]]:
        """The values of control and of treatment."""
        if self.metric.kind is Kind.PAIRED:
            return [x for x, _ in self.pairs], [y for _, y in self.pairs]
        return self.value[~self.is_treatment].tolist(), self.value[self.is_treatment].tolist()


@dataclass(frozen=True, slots=True)
class Path:
    """The estimate of treatment less control and its variance, after each observation from the start-up sample on."""

    estimate: Any
    variance: Any

    @property
    def started(self) -> bool:
        """Whether the start-up sample is complete."""
        return len(self.estimate) > 0


def values_of(experiment: Experiment, metric: Metric, observations: Sequence[Observation]) -> Values:
    """Pick the values of one metric; a unit without one is missing, and never counts as 0.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    numpy = require("numpy", extra="stats")
    mine = [one for one in observations if one.metric == metric.name]
    if metric.kind is not Kind.PAIRED:
        treated = numpy.array([one.arm == experiment.treatment for one in mine], dtype=bool)
        return Values(metric, treated, numpy.array([one.value for one in mine], dtype=float))
    waiting: dict[str, Observation] = {}
    pairs: list[tuple[float, float]] = []
    for one in mine:
        other = waiting.pop(one.unit, None)
        if other is None:
            waiting[one.unit] = one
        else:
            first_is_control = other.arm == experiment.control
            pairs.append((other.value, one.value) if first_is_control else (one.value, other.value))
    differences = numpy.array([treatment - control for control, treatment in pairs], dtype=float)
    return Values(metric, numpy.ones(len(pairs), dtype=bool), differences, tuple(pairs))


def path_of(values: Values) -> Path:
    """Follow a metric through its observations.

    The variance of a difference of arms is the greater of what the arms' own variances and a common one give: the small
    arm of unequal shares may have missed the rare large values, and would look too sure.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    if values.metric.kind is Kind.PAIRED:
        return _paired_path(values.value)
    if values.metric.kind is Kind.PROPORTION:
        return _proportion_path(values.is_treatment, values.value)
    return _mean_path(values.is_treatment, values.value)


def _mean_path(treated: Any, value: Any) -> Path:
    numpy = require("numpy", extra="stats")
    centred = value - value[0] if len(value) else value  # so that large values keep their small differences
    estimate, apart, squares_left = 0.0, 0.0, 0.0
    for mask, sign in ((treated, 1), (~treated, -1)):
        n = numpy.maximum(mask.cumsum(), 1)
        mean = numpy.where(mask, centred, 0.0).cumsum() / n
        left = numpy.maximum(numpy.where(mask, centred**2, 0.0).cumsum() - n * mean**2, 0.0)
        estimate, squares_left = estimate + sign * mean, squares_left + left
        apart = apart + left / numpy.maximum(n - 1, 1) / n
    per_arm, whole = _effective(treated), numpy.arange(1, len(value) + 1)
    together = squares_left / numpy.maximum(whole - 2, 1) * 2 / numpy.maximum(per_arm, 1)
    variance = numpy.maximum(apart, together)
    return _from_start(estimate, variance, (per_arm >= STARTUP) & (variance > 0))


def _proportion_path(treated: Any, value: Any) -> Path:
    """One success and one failure are added to each arm in the variance (Agresti and Caffo 2000): it is never zero."""
    numpy = require("numpy", extra="stats")
    estimate, apart, both = 0.0, 0.0, value.cumsum()
    for mask, sign in ((treated, 1), (~treated, -1)):
        n, successes = mask.cumsum(), numpy.where(mask, value, 0.0).cumsum()
        share = (successes + 1) / (n + 2)
        estimate = estimate + sign * successes / numpy.maximum(n, 1)
        apart = apart + share * (1 - share) / numpy.maximum(n, 1)
    per_arm, whole = _effective(treated), numpy.arange(1, len(value) + 1)
    pooled = (both + 2) / (whole + 4)
    together = pooled * (1 - pooled) * 2 / numpy.maximum(per_arm, 1)
    told = numpy.minimum(both, whole - both) >= LEAST_CHANGES
    return _from_start(estimate, numpy.maximum(apart, together), (per_arm >= STARTUP) & told)


def _effective(treated: Any) -> Any:
    """The harmonic mean of the arms' sizes after each observation."""
    numpy = require("numpy", extra="stats")
    treatment, control = treated.cumsum(), (~treated).cumsum()
    return 2 * treatment * control / numpy.maximum(treatment + control, 1)


def _paired_path(difference: Any) -> Path:
    numpy = require("numpy", extra="stats")
    n = numpy.arange(1, len(difference) + 1)
    centred = difference - difference[0] if len(difference) else difference
    mean = centred.cumsum() / n
    spread = numpy.maximum((centred**2).cumsum() / n - mean**2, 0.0) * n / numpy.maximum(n - 1, 1)
    differ = (difference != 0).cumsum() >= LEAST_CHANGES
    estimate = mean + (difference[0] if len(difference) else 0.0)
    return _from_start(estimate, spread / n, (n >= STARTUP) & differ & (spread > 0))


def _from_start(estimate: Any, variance: Any, started: Any) -> Path:
    numpy = require("numpy", extra="stats")
    estimate, variance, started = (numpy.atleast_1d(one) for one in (estimate, variance, started))
    return Path(estimate[started], variance[started])
