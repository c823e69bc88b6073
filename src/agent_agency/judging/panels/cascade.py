"""A cascade: cheap judges first, and more of them only while their panel is not sure.

Stages grow by breadth. Each takes so many judges of every model, first of the cheap models alone, then of the dear ones
too, and then again with more of each; a later stage holds all judges of the earlier ones, which are paid only once. A
model's judges come in the order in which their mean stands closest to the mean of all of them, since that is what a
calibrated panel looks at. On each stage stands a calibrated panel of its own. An item stops at the first stage whose
panel gives its likelier output at least the probability ``stop_at``, and at the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from agent_agency.extras import require
from agent_agency.judging.panels.choose import fit_calibrated
from agent_agency.judging.panels.votes import ORDERS, Votes, model_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.calibrated import CalibratedPanel
    from agent_agency.judging.panels.prices import Prices

BREADTHS = (1, 2, 3, 4, 6)
"""Judges per model, stage by stage; the last stage has all."""
DEAR = 5.0
"""A model is dear where its price is more than this many times that of the cheapest."""
_DIGITS = 12

Ask: TypeAlias = "Callable[[tuple[str, ...], tuple[int, ...]], NDArray[np.int8]]"
"""Asks judges about items by their places, and gives items by judges by two orders."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The judges that have spoken by the end of a stage, and what they cost on one item, in the unit of the prices."""

    judges: tuple[str, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Cascade:
    """A fitted cascade: a panel for each stage, and how sure one must be to stop.

    Args:
        stages: the stages that it may reach.
        panels: one for each stage.
        stop_at: the probability of the likelier output at which an item stops.
        whole_cost: what asking every judge would cost on one item, also those that no stage asks.
    """

    method: ClassVar[str] = "cascade"
    stages: tuple[Stage, ...]
    panels: tuple[CalibratedPanel, ...]
    stop_at: float
    whole_cost: float

    @property
    def judges(self) -> tuple[str, ...]:
        """The judges of the last stage, which are those of every stage."""
        return self.stages[-1].judges

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """See `Panel.probabilities`; each item is answered by the stage that it stops at."""
        return self.walk(votes).probabilities

    def parameters(self) -> dict[str, Any]:
        """When to stop, and for each stage its judges, cost and panel."""
        stages = [
            {"judges": list(stage.judges), "cost": stage.cost, **panel.parameters()}
            for stage, panel in zip(self.stages, self.panels, strict=True)
        ]
        return {"stop_at": self.stop_at, "whole_cost": self.whole_cost, "stages": stages}

    def walk(self, votes: Votes) -> Walk:
        """Take each item through the stages."""
        numpy = require("numpy", extra="stats")
        told = numpy.array([panel.probabilities(votes) for panel in self.panels])
        return walk(told, [stage.cost for stage in self.stages], self.stop_at)

    def run(self, items: Sequence[str], ask: Ask) -> Walk:
        """Take each item through the stages with judges that are asked only when their stage comes.

        Args:
            items: names of the items.
            ask: gets the judges of a stage that were not asked before and the places of the items that have not
                stopped, and gives their marks as in `Votes`.

        Raises:
            ValueError: marks of another shape than asked for.
        """
        numpy = require("numpy", extra="stats")
        places = {judge: column for column, judge in enumerate(self.judges)}
        marks = numpy.zeros((len(items), len(places), len(ORDERS)), dtype=numpy.int8)
        told = numpy.full((len(self.stages), len(items)), 0.5)
        left, asked = numpy.arange(len(items)), frozenset[str]()
        for stage, panel, row in zip(self.stages, self.panels, told, strict=True):
            new = tuple(judge for judge in stage.judges if judge not in asked)
            asked |= frozenset(new)
            marks[numpy.ix_(left, [places[judge] for judge in new])] = ask(new, tuple(left.tolist()))
            seen = Votes(tuple(items), ("",) * len(items), self.judges, marks.copy()).of_items(left)
            row[left] = panel.probabilities(seen)
            left = left[numpy.maximum(row[left], 1 - row[left]) < self.stop_at]
            if not len(left):
                break
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


def fit_cascade(
    votes: Votes, labels: NDArray[np.int8], stages: Sequence[Stage], stop_at: float, whole_cost: float | None = None
) -> Cascade:
    """Fit the panel of each stage; without another figure, the last stage costs as much as asking everybody.

    Raises:
        JudgeError: no item has a label.
    """
    panels = tuple(fit_calibrated(votes.of_judges(stage.judges), labels) for stage in stages)
    return Cascade(tuple(stages), panels, stop_at, stages[-1].cost if whole_cost is None else whole_cost)


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
