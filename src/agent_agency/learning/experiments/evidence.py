"""What the observations of one metric show: the decision's metric, and the guardrails."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent_agency.extras import require
from agent_agency.learning.experiments.model import Experiment, Kind, Method
from agent_agency.learning.experiments.progress import Values, path_of
from agent_agency.statistics.always_valid import interval_at, log_e_values, running_p_values
from agent_agency.statistics.intervals import Interval
from agent_agency.statistics.paired import mcnemar_exact, paired_bootstrap
from agent_agency.statistics.two_means import permutation_p, welch_t
from agent_agency.statistics.two_proportions import newcombe, score_test_p


@dataclass(frozen=True, slots=True)
class Evidence:
    """Treatment less control in the metric's units; ``None`` where nothing may be said yet.

    ``found`` is whether the p-value is within alpha, ``found_better`` whether it was treatment that was better then,
    ``ruled_out`` whether the least effect worth finding was shown to be absent before anything was found.
    """

    estimate: float | None
    interval: Interval | None
    p_value: float | None
    found: bool = False
    found_better: bool = False
    ruled_out: bool = False


class Guard(StrEnum):
    """What is known of a guardrail."""

    OPEN = "open"
    HELD = "held"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class GuardEvidence:
    """A guardrail: treatment less control, its interval, and whether it is worse by more than its margin."""

    guard: Guard
    estimate: float | None
    interval: Interval | None


def plain_estimate(values: Values) -> float | None:
    """Treatment less control as observed; ``None`` while an arm has nothing."""
    control, treatment = values.arms()
    if not control or not treatment:
        return None
    return math.fsum(treatment) / len(treatment) - math.fsum(control) / len(control)


def at_any_time(experiment: Experiment, values: Values) -> Evidence:
    """Judge by the always-valid test; the p-value is the least so far, the interval is that of this moment.

    What comes first counts: an effect that was ruled out is not found later.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    path, plan = path_of(values), experiment.plan
    if not path.started:
        return Evidence(plain_estimate(values), None, None)
    estimate, variance = float(path.estimate[-1]), float(path.variance[-1])
    log_e = log_e_values(path.estimate, path.variance, plan.least_effect)
    benefit = path.estimate * values.metric.sign
    found = _first(log_e >= math.log(1 / plan.alpha))
    absent = log_e_values(benefit - plan.least_effect, path.variance, plan.least_effect) >= math.log(1 / plan.alpha)
    ruled_out = _first(absent & (benefit < plan.least_effect))
    if ruled_out is not None and (found is None or ruled_out < found):
        found, until = None, ruled_out  # one observation at a time, it would have stopped there
    else:
        ruled_out, until = None, len(log_e) - 1
    return Evidence(
        estimate,
        interval_at(estimate, variance, plan.least_effect, 1 - plan.alpha),
        float(running_p_values(log_e)[until]),
        found=found is not None,
        found_better=found is not None and bool(benefit[found] > 0),
        ruled_out=ruled_out is not None,
    )


def at_planned_n(experiment: Experiment, values: Values) -> Evidence:
    """Judge once, by the planned test; before the planned n nothing is told that would tempt to stop.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
    """
    if values.effective_n < experiment.plan.n:
        return Evidence(None, None, None)
    estimate, interval, p_value = _fixed(experiment, values)
    found = p_value <= experiment.plan.alpha
    return Evidence(estimate, interval, p_value, found, found and estimate * values.metric.sign > 0)


def guardrail(experiment: Experiment, values: Values) -> GuardEvidence:
    """Judge a guardrail by the always-valid test against its margin.

    It is broken once it is shown to be worse by more than the margin, at alpha shared among the guardrails; it is held
    once it is shown not to be, each at alpha, as all must hold (intersection-union test, Berger 1982).

    Raises:
        MissingExtraError: numpy is not installed.
    """
    path, margin, alpha = path_of(values), values.metric.margin or math.inf, experiment.plan.alpha
    if not path.started:
        return GuardEvidence(Guard.OPEN, plain_estimate(values), None)
    beyond = -path.estimate * values.metric.sign - margin  # how much worse than allowed
    log_e = log_e_values(beyond, path.variance, margin)
    broken = _first((log_e >= math.log(len(experiment.guardrails) / alpha)) & (beyond > 0))
    held = _first((log_e >= math.log(1 / alpha)) & (beyond < 0))
    guard = Guard.OPEN
    if broken is not None and (held is None or broken < held):
        guard = Guard.BROKEN
    elif held is not None:
        guard = Guard.HELD
    last = float(path.estimate[-1])
    return GuardEvidence(guard, last, interval_at(last, float(path.variance[-1]), margin, 1 - alpha))


def _fixed(experiment: Experiment, values: Values) -> tuple[float, Interval, float]:
    level, test = 1 - experiment.plan.alpha, experiment.plan.test
    control, treatment = values.arms()
    if values.metric.kind is Kind.PROPORTION:
        counts = (int(sum(control)), len(control), int(sum(treatment)), len(treatment))
        estimate = counts[2] / counts[3] - counts[0] / counts[1]
        return estimate, newcombe(*counts, level), score_test_p(*counts)
    if values.metric.kind is Kind.MEAN:
        compared = welch_t(control, treatment, level)
        p_value = compared.p_value
        if test is Method.PERMUTATION:
            p_value = permutation_p(control, treatment, _seed(experiment))
        return compared.difference, compared.interval, p_value
    paired = paired_bootstrap(control, treatment, _seed(experiment), level=level)
    p_value = paired.p_value
    if test is Method.MCNEMAR:
        p_value = mcnemar_exact([x > 0 for x in control], [x > 0 for x in treatment]).p_value
    return paired.difference, paired.interval, p_value


def _seed(experiment: Experiment) -> int:
    """The same experiment resamples alike, whenever it is asked."""
    return int.from_bytes(hashlib.sha256(experiment.salt.encode()).digest()[:4], "big")


def _first(happened: Any) -> int | None:
    """The first moment at which something happened."""
    numpy = require("numpy", extra="stats")
    return int(numpy.argmax(happened)) if bool(happened.any()) else None
