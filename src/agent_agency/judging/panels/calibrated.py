"""The calibrated panel: reliability learned from labelled items, chosen for transfer to other kinds of items.

Log-odds are a weighted sum of a few odd features (`features`), fitted by logistic regression without an intercept in
which every subset counts alike, however many items it has. A model that is wrong more often than others where they are
wrong together gets a weight below zero: what it adds to the others' answer is a warning. Structure and ridge are those
that do best on a subset that was left out (`choose`), since items of one kind share their traps, and leaving out single
items rewards what is true of one kind alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.panels.features import Feature, feature_values, features_of
from agent_agency.judging.panels.logistic_ridge import fit_logistic
from agent_agency.judging.panels.panel import logistic
from agent_agency.judging.panels.weighted import DIGITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes


@dataclass(frozen=True, slots=True)
class Setting:
    """What is chosen for transfer: the structure of the features and the ridge."""

    structure: str
    ridge: float


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
        return {"structure": self.setting.structure, "ridge": self.setting.ridge, "features": rows}


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
    features = features_of(votes.judges, setting.structure)
    values = feature_values(learned, features)
    found = fit_logistic(values, labels[known].astype(float), subset_weights(learned.subsets), setting.ridge)
    return CalibratedPanel(votes.judges, setting, features, tuple(round(float(one), DIGITS) for one in found))


def subset_weights(subsets: tuple[str, ...]) -> NDArray[np.float64]:
    """How much each item counts so that every subset counts alike and the mean is one."""
    numpy = require("numpy", extra="stats")
    names = sorted(set(subsets))
    sizes = {name: subsets.count(name) for name in names}
    weights: NDArray[np.float64] = numpy.array([len(subsets) / len(names) / sizes[name] for name in subsets])
    return weights
