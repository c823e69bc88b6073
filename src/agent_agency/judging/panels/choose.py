"""Chooses the setting of a calibrated panel: the one that does best on a subset that it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.extras import require
from agent_agency.judging.panels.calibrated import CalibratedPanel, Setting, fit_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes

RIDGES = (0.3, 0.1, 0.03, 0.01)
"""The ridges of plain features that are tried, the strongest first."""
FOLDS = 5
"""Parts of the items, where there is only one subset and so none to leave out."""


def fit_calibrated(votes: Votes, labels: NDArray[np.int8]) -> CalibratedPanel:
    """Choose the setting by leaving one subset out, then fit it on every item.

    Raises:
        JudgeError: no item has a label.
    """
    return fit_setting(votes, labels, choose_setting(votes, labels))


def choose_setting(votes: Votes, labels: NDArray[np.int8]) -> Setting:
    """The setting with the least Brier score (Brier 1950) on left-out subsets, each subset counting alike.

    The Brier score is bounded, so that one trap in which a panel is sure and wrong does not outweigh everything else,
    as it does with the log loss; and it moves with every probability, where accuracy on so few items jumps. Of equal
    settings, the more strongly penalised is taken.
    """
    settings = [Setting(ridge) for ridge in RIDGES]
    parts = left_out(votes, labels)
    if not parts:
        return settings[0]
    return min(settings, key=lambda setting: _transfer_loss(votes, labels, setting, parts))


def left_out(votes: Votes, labels: NDArray[np.int8]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Places to learn from and places left out: one pair for each subset, or for each fifth of a single subset.

    Items without a label are in no part.
    """
    numpy = require("numpy", extra="stats")
    known = numpy.flatnonzero(labels)
    subsets = numpy.array(votes.subsets)[known]
    names = sorted(set(subsets.tolist()))
    kinds = subsets if len(names) > 1 else numpy.arange(len(known)) % FOLDS
    pairs = [(known[kinds != kind], known[kinds == kind]) for kind in sorted(set(kinds.tolist()))]
    return [pair for pair in pairs if len(pair[0]) and len(pair[1])]


def _transfer_loss(
    votes: Votes,
    labels: NDArray[np.int8],
    setting: Setting,
    parts: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> float:
    losses = []
    for learn, test in parts:
        panel = fit_setting(votes.of_items(learn), labels[learn], setting)
        told = panel.probabilities(votes.of_items(test))
        losses.append(float(((told - (labels[test] > 0)) ** 2).mean()))
    return round(sum(losses) / len(losses), 9)
