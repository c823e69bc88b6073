"""Features of votes: few, and each odd, so that exchanging the outputs turns every sign.

A judge's two orders make one signal (`Votes.signals`). Judges of one model err together, so a model is one feature: the
mean signal of its judges that gave a verdict on the item. Besides, each model is gated by each other one: its mean
times how decided the other is, the absolute value of the other's mean. So a model can count more, or less, where
another one is sure, and the feature stays odd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.extras import require
from agent_agency.judging.panels.votes import model_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """The mean signal of a model's judges, times how decided the model ``gated_by`` is, where one is named."""

    model: str
    gated_by: str | None = None


def features_of(judges: Sequence[str]) -> tuple[Feature, ...]:
    """The features for these judges, in a fixed order: m models make m * m of them."""
    models = sorted({model_of(judge) for judge in judges})
    plain = tuple(Feature(model) for model in models)
    return plain + tuple(Feature(one, other) for one in models for other in models if one != other)


def feature_values(votes: Votes, features: Sequence[Feature]) -> NDArray[np.float64]:
    """Items by features, each from -1 to 1; 0 where no judge of the model gave a verdict."""
    numpy = require("numpy", extra="stats")
    means = model_means(votes)
    silent = numpy.zeros(len(votes.items))
    columns = [
        means.get(one.model, silent) * (1.0 if one.gated_by is None else numpy.abs(means.get(one.gated_by, silent)))
        for one in features
    ]
    values: NDArray[np.float64] = numpy.column_stack(columns)
    return values


def model_means(votes: Votes) -> dict[str, NDArray[np.float64]]:
    """For each model, the mean signal of its judges on each item; judges without a verdict are left out of the mean."""
    numpy = require("numpy", extra="stats")
    signals = votes.signals()
    spoke = (votes.marks != 0).max(axis=2)
    models = numpy.array([model_of(judge) for judge in votes.judges])
    means = {}
    for model in sorted(set(models.tolist())):
        own = models == model
        means[model] = signals[:, own].sum(axis=1) / numpy.maximum(spoke[:, own].sum(axis=1), 1)
    return means
