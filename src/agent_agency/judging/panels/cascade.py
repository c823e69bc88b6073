"""A cascade: cheap judges first, and more of them only while their panel is not sure.

Stages grow by breadth. Each takes so many judges of every model, first of the cheap models alone, then of the dear ones
too, and then again with more of each; a later stage holds all judges of the earlier ones, which are paid only once. A
model's judges come in the order in which their mean stands closest to the mean of all of them, since that is what a
calibrated panel looks at. On each stage stands a calibrated panel of its own. An item stops at the first stage whose
panel gives its likelier output at least the probability ``stop_at``, and at the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.extras import require
from agent_agency.judging.panels.choose import fit_calibrated
from agent_agency.judging.panels.votes import model_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.calibrated import CalibratedPanel
    from agent_agency.judging.panels.prices import Prices
    from agent_agency.judging.panels.votes import Votes

BREADTHS = (1, 2, 3, 4, 6)
"""Judges per model, stage by stage; the last stage has all."""
DEAR = 5.0
"""A model is dear where its price is more than this many times that of the cheapest."""
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Stage:
    """The judges that have spoken by the end of a stage, and what they cost on one item, in the unit of the prices."""

    judges: tuple[str, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Cascade:
    """A fitted cascade: a panel for each stage, and how sure one must be to stop."""

    stages: tuple[Stage, ...]
    panels: tuple[CalibratedPanel, ...]
    stop_at: float

    def walk(self, votes: Votes) -> Walk:
        """Take each item through the stages."""
        numpy = require("numpy", extra="stats")
        told = numpy.array([panel.probabilities(votes) for panel in self.panels])
        return walk(told, [stage.cost for stage in self.stages], self.stop_at)


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Where each item stopped.

    Args:
        probabilities: that output 1 is better, by the panel of the last stage that the item reached.
        stages: the number of that stage, from 0.
        costs: what was paid for each item, in the unit of the prices.
    """

    probabilities: NDArray[np.float64]
    stages: NDArray[np.intp]
    costs: NDArray[np.float64]


def ladder(votes: Votes, prices: Prices) -> tuple[Stage, ...]:
    """The stages for the judges of these votes, each with more judges than the one before; the last has all.

    The votes give the order of a model's judges; labels are not looked at.

    Raises:
        JudgeError: a judge has no price.
    """
    judges = votes.judges
    costs = {judge: prices.cost(judge) for judge in judges}
    models = sorted({model_of(judge) for judge in judges}, key=lambda model: (prices.models[model], model))
    queues = {model: _queue(votes, [one for one in judges if model_of(one) == model], costs) for model in models}
    least = prices.models[models[0]]
    cheap = [model for model in models if prices.models[model] <= DEAR * least]
    taken = dict.fromkeys(models, 0)
    stages: list[Stage] = []
    for breadth in (*BREADTHS, len(judges)):
        for group in (cheap, [model for model in models if model not in cheap]):
            taken.update({model: min(breadth, len(queues[model])) for model in group})
            chosen = tuple(one for model in models for one in queues[model][: taken[model]])
            if not stages or len(chosen) > len(stages[-1].judges):
                stages.append(Stage(chosen, sum(costs[one] for one in chosen)))
    return tuple(stages)


def _queue(votes: Votes, judges: Sequence[str], costs: Mapping[str, float]) -> list[str]:
    """One model's judges: next comes the one that brings the mean closest to that of all; of equals, the cheaper."""
    numpy = require("numpy", extra="stats")
    signals = dict(zip(judges, votes.of_judges(judges).signals().T, strict=True))
    aim = numpy.mean(list(signals.values()), axis=0)
    left, total = sorted(judges), numpy.zeros(len(votes.items))
    queue: list[str] = []
    while left:
        apart = {
            one: round(float((((total + signals[one]) / (len(queue) + 1) - aim) ** 2).mean()), _DIGITS) for one in left
        }
        chosen = min(left, key=lambda one: (apart[one], costs[one], one))
        left.remove(chosen)
        queue.append(chosen)
        total = total + signals[chosen]
    return queue


def fit_cascade(votes: Votes, labels: NDArray[np.int8], stages: Sequence[Stage], stop_at: float) -> Cascade:
    """Fit the panel of each stage.

    Raises:
        JudgeError: no item has a label.
    """
    panels = tuple(fit_calibrated(votes.of_judges(stage.judges), labels) for stage in stages)
    return Cascade(tuple(stages), panels, stop_at)


def walk(told: NDArray[np.float64], costs: Sequence[float], stop_at: float) -> Walk:
    """Stop each item at the first stage that is sure enough.

    Args:
        told: stages by items: the probability that output 1 is better.
        costs: what each stage costs altogether.
        stop_at: the probability of the likelier output at which to stop; above 1 no item stops early.
    """
    numpy = require("numpy", extra="stats")
    sure = numpy.maximum(told, 1 - told) >= stop_at
    sure[-1] = True
    reached = sure.argmax(axis=0)
    return Walk(told[reached, numpy.arange(told.shape[1])], reached, numpy.array(costs)[reached])
