"""Experiments for tests, and simulated units for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent_agency.extras import require
from agent_agency.learning.experiments.model import Experiment, Kind, Metric, Plan
from agent_agency.learning.experiments.planned import planned
from agent_agency.learning.experiments.progress import Values

NOW = "2026-01-31T08:00:00.000Z"

Draw = Callable[[Any, Any], Any]
"""Values of so many units: from a generator of chance, and the mask of those in treatment."""


def experiment(kind: Kind, plan: Plan, *guardrails: Metric, lower_is_better: bool = False) -> Experiment:
    """An experiment with a planned n, control ``a`` and treatment ``b``."""
    metric = Metric("m", kind, lower_is_better)
    return Experiment("x", "a", "b", (1, 1), metric, guardrails, planned(kind, plan), "salt", NOW)


def with_n(made: Experiment, n: int) -> Experiment:
    """The same experiment with another planned n."""
    return replace(made, plan=replace(made.plan, n=n))


def simulate(made: Experiment, draw: Draw, rng: Any, *, share: float = 0.5, n: int | None = None) -> Values:
    """The values of one run: units arrive one by one, with chance ``share`` in treatment, until the n is reached."""
    numpy = require("numpy", extra="stats")
    wanted = n or made.plan.n
    if made.paired:
        value = draw(rng, numpy.ones(wanted, dtype=bool))
        return Values(made.metric, numpy.ones(wanted, dtype=bool), value, ((0.0, 0.0),) * wanted)
    treated = rng.random(int(wanted / (2 * share * (1 - share)) * 1.1) + 200) < share
    b, a = treated.cumsum(), (~treated).cumsum()
    end = int(numpy.argmax(2 * a * b >= wanted * (a + b))) + 1
    treated = treated[:end]
    return Values(made.metric, treated, draw(rng, treated))


def binomial_slack(chance: float, runs: int) -> float:
    """How far a simulated share may lie above its true value before it is more than chance: 3.3 standard errors."""
    return float(3.3 * (chance * (1 - chance) / runs) ** 0.5)
