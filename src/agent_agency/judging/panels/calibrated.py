"""The calibrated panel: reliability learned from labelled items, for items of kinds that it has not seen.

Log-odds are a weighted sum of a few odd features (`features`), fitted by a regression that leans towards the subset on
which it does worst (`tilted_logistic`). A model that is wrong more often than others where they are wrong together gets
a weight below zero: what it adds to the others' answer is a warning. The ridge is the one that does best on a subset
that was left out (`choose`), since items of one kind share their traps, and leaving out single items rewards what is
true of one kind alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.features import Feature, feature_values, features_of
from agent_agency.judging.panels.panel import logistic
from agent_agency.judging.panels.tilted_logistic import Problem, fit_tilted
from agent_agency.judging.panels.weighted import DIGITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes

EMPHASIS = 10.0
"""How much the worst subset leads, per nat of difference in mean loss."""
GATED_RIDGE = 3.0
"""The ridge of gated features: far above that of plain ones, as they are many and only a correction."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a fit is tuned by: the ridge of plain features, that of gated ones, and the lead of the worst subset."""

    ridge: float
    gated_ridge: float = GATED_RIDGE
    emphasis: float = EMPHASIS


@dataclass(frozen=True, slots=True)
class CalibratedPanel:
    """Weights of odd features, in natural log-odds."""

    method: ClassVar[str] = "calibrated"
    judges: tuple[str, ...]
    setting: Setting
    features: tuple[Feature, ...]
    weights: tuple[float, ...]

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """See `Panel.probabilities`."""
        numpy = require("numpy", extra="stats")
        values = feature_values(votes.of_judges(self.judges), self.features)
        return logistic(values @ numpy.array(self.weights))

    def parameters(self) -> dict[str, Any]:
        """The setting, and the weight of each feature."""
        rows = [
            {"model": feature.model, "gated_by": feature.gated_by, "weight": weight}
            for feature, weight in zip(self.features, self.weights, strict=True)
        ]
        return {
            "ridge": self.setting.ridge,
            "gated_ridge": self.setting.gated_ridge,
            "emphasis": self.setting.emphasis,
            "features": rows,
        }


def fit_setting(votes: Votes, labels: NDArray[np.int8], setting: Setting) -> CalibratedPanel:
    """Fit the weights under one setting; items without a label teach nothing.

    Raises:
        JudgeError: no item has a label.
    """
    numpy = require("numpy", extra="stats")
    known = numpy.flatnonzero(labels)
    if not len(known):
        raise JudgeError(
            "No item has a label to learn from", fix="Give items with labels, or fit by majority or dawid-skene."
        )
    learned = votes.of_items(known)
    features = features_of(votes.judges)
    names = numpy.array(learned.subsets)
    problem = Problem(
        features=feature_values(learned, features),
        signs=labels[known].astype(float),
        subsets=[numpy.flatnonzero(names == name) for name in sorted(set(learned.subsets))],
        penalties=numpy.array([setting.gated_ridge if one.gated_by else setting.ridge for one in features]),
        emphasis=setting.emphasis,
    )
    weights = tuple(round(float(one), DIGITS) for one in fit_tilted(problem))
    return CalibratedPanel(votes.judges, setting, features, weights)
