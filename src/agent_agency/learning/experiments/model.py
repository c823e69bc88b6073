"""What an experiment is: two arms, what is measured, and what was planned before the first observation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a metric's values are, and so how arms are compared.

    ``mean``: any number per unit, arms are different units; ``proportion``: 0 or 1 per unit, likewise; ``paired``: a
    number per unit and arm, as every unit gets both arms.
    """

    MEAN = "mean"
    PROPORTION = "proportion"
    PAIRED = "paired"


class Method(StrEnum):
    """How the question is answered: once at the planned n, or at any time by the always-valid test."""

    ALWAYS_VALID = "always-valid"
    WELCH = "welch"
    PERMUTATION = "permutation"
    NEWCOMBE = "newcombe"
    MCNEMAR = "mcnemar"
    SIGN_FLIP = "sign-flip"


METHODS_OF: Mapping[Kind, tuple[Method, ...]] = {
    Kind.MEAN: (Method.ALWAYS_VALID, Method.WELCH, Method.PERMUTATION),
    Kind.PROPORTION: (Method.ALWAYS_VALID, Method.NEWCOMBE),
    Kind.PAIRED: (Method.ALWAYS_VALID, Method.MCNEMAR, Method.SIGN_FLIP),
}
"""Which tests fit which kind."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something measured of each unit; ``margin`` is how much worse a guardrail may get, in its own units."""

    name: str
    kind: Kind
    lower_is_better: bool = False
    margin: float | None = None

    @property
    def sign(self) -> int:
        """What makes an improvement positive."""
        return -1 if self.lower_is_better else 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What was fixed beforehand.

    Args:
        least_effect: the least difference worth finding, in the metric's units.
        test: how the question is answered.
        alpha: the chance of a false alarm over the whole experiment.
        power: the chance to find the least effect.
        n: units per arm where shares are equal, or complete pairs.
        baseline: the control's expected share (proportion).
        sd: the expected standard deviation: of the values (mean) or of the differences (paired).
        discordant: the expected share of units at which only one arm succeeds (paired, values 0 and 1).
    """

    least_effect: float
    test: Method = Method.ALWAYS_VALID
    alpha: float = 0.05
    power: float = 0.8
    n: int = 0
    baseline: float | None = None
    sd: float | None = None
    discordant: float | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """One question between two arms; ``weights`` are control's and treatment's, ``salt`` sets its assignment apart."""

    name: str
    control: str
    treatment: str
    weights: tuple[int, int]
    metric: Metric
    guardrails: tuple[Metric, ...]
    plan: Plan
    salt: str
    created_at: str

    @property
    def arms(self) -> tuple[str, str]:
        """Control and treatment."""
        return (self.control, self.treatment)

    @property
    def paired(self) -> bool:
        """Whether every unit gets both arms."""
        return self.metric.kind is Kind.PAIRED

    @property
    def share(self) -> float:
        """The treatment's share of new units."""
        return self.weights[1] / sum(self.weights)

    def metric_named(self, name: str) -> Metric | None:
        """One of the metrics, the guardrails included."""
        return next((one for one in (self.metric, *self.guardrails) if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a unit belongs since it was first seen, and the treatment's share at that time."""

    unit: str
    arm: str
    share: float
    at: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one metric of one unit in one arm."""

    unit: str
    arm: str
    metric: str
    value: float
    at: str


def as_dict(experiment: Experiment) -> dict[str, Any]:
    """JSON-ready; `definition.read_definition` reads it back."""
    plan = experiment.plan
    return {
        "name": experiment.name,
        "control": experiment.control,
        "treatment": experiment.treatment,
        "weights": list(experiment.weights),
        "metric": _metric_dict(experiment.metric),
        "guardrails": [_metric_dict(one) for one in experiment.guardrails],
        "plan": {
            "alpha": plan.alpha,
            "power": plan.power,
            "least_effect": plan.least_effect,
            "test": str(plan.test),
            "n": plan.n,
            "baseline": plan.baseline,
            "sd": plan.sd,
            "discordant": plan.discordant,
        },
        "salt": experiment.salt,
        "created_at": experiment.created_at,
    }


def _metric_dict(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "kind": str(metric.kind),
        "lower_is_better": metric.lower_is_better,
        "margin": metric.margin,
    }
