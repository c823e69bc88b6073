"""Weighted vote: each judge counts by the log-odds of its accuracy on labelled items.

These are the best weights for judges whose errors are independent (Nitzan and Paroush 1982, International Economic
Review 23:289-297). Errors of judges that run on one model are not, so the probabilities are far too sure; see
`calibrated`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent_agency.extras import require
from agent_agency.judging.panels.panel import logistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes

DIGITS = 10
"""Decimals that parameters keep, so that the last bits of a sum do not change a panel's file."""


@dataclass(frozen=True, slots=True)
class WeightedPanel:
    """One weight per judge, in natural log-odds; below zero for a judge that is wrong more often than right."""

    method: ClassVar[str] = "weighted"
    judges: tuple[str, ...]
    weights: tuple[float, ...]

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """See `Panel.probabilities`."""
        numpy = require("numpy", extra="stats")
        return logistic(votes.of_judges(self.judges).signals() @ numpy.array(self.weights))

    def parameters(self) -> dict[str, Any]:
        """The weight of each judge."""
        return {"weights": dict(zip(self.judges, self.weights, strict=True))}


def fit_weighted(votes: Votes, labels: NDArray[np.int8]) -> WeightedPanel:
    """Learn the accuracies, each smoothed by one right and one wrong answer.

    Args:
        votes: the votes.
        labels: 1, -1, or 0 for an item that teaches nothing.
    """
    numpy = require("numpy", extra="stats")
    agreeing = votes.marks * labels[:, None, None]
    right, wrong = (numpy.count_nonzero(agreeing == sign, axis=(0, 2)) for sign in (1, -1))
    weights = numpy.log((right + 1) / (wrong + 1))
    return WeightedPanel(votes.judges, tuple(round(float(weight), DIGITS) for weight in weights))
