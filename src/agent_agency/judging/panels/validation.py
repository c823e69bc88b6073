"""How well a method does on items that it has not seen: by nested cross-validation, and by leaving out a subset.

Everything that a method learns or chooses is learned and chosen on the items of the fold alone, so the settings of a
calibrated panel are chosen anew in each fold, by leaving subsets of that fold out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from agent_agency.extras import require
from agent_agency.judging.panels.methods import fit_panel
from agent_agency.judging.panels.panel import decisions
from agent_agency.judging.panels.score import Accuracy, credit, require_labels, score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.panel import Panel
    from agent_agency.judging.panels.votes import Votes

REPETITIONS = 20
FOLDS = 10
TIES_ONLY = 0.5

Fit: TypeAlias = "Callable[[Votes, NDArray[np.int8]], Panel]"


@dataclass(frozen=True, slots=True)
class NestedCv:
    """Accuracies of repeated cross-validation, one per repetition.

    Args:
        accuracies: share of right items over all folds of a repetition; undecided ones count one half.
        by_subset: the same on each subset.
        credits: mean credit of each item over the repetitions, from 0 to 1, in the order of the votes' items.
    """

    accuracies: tuple[float, ...]
    by_subset: dict[str, tuple[float, ...]]
    credits: tuple[float, ...]


def nested_cv(
    votes: Votes,
    labels: NDArray[np.int8],
    method: str | Fit,
    repetitions: int = REPETITIONS,
    seed: int = 0,
    folds: int = FOLDS,
) -> NestedCv:
    """Cross-validate a method, each repetition over folds that are dealt anew.

    Args:
        votes: the votes.
        labels: 1 or -1 for each item.
        method: its name, or a function that fits a panel.
        repetitions: how many times.
        seed: of the folds; repetition r of one seed deals the same folds for every method.
        folds: parts of the items.

    Raises:
        JudgeError: an item has no label, or the method cannot be fitted.
    """
    numpy = require("numpy", extra="stats")
    require_labels(votes, labels)
    subsets = numpy.array(votes.subsets)
    rows = []
    for repetition in range(repetitions):
        dealt = numpy.random.default_rng([seed, repetition]).permutation(len(labels))
        told = numpy.full(len(labels), 0.5)
        for fold in range(min(folds, len(labels))):
            test = numpy.sort(dealt[fold::folds])
            learn = numpy.setdiff1d(dealt, test)
            told[test] = _fit(votes.of_items(learn), labels[learn], method).probabilities(votes.of_items(test))
        rows.append(credit(decisions(told, TIES_ONLY), labels))
    earned = numpy.array(rows)
    by_subset = {
        name: tuple(float(one) for one in earned[:, subsets == name].mean(axis=1))
        for name in sorted(set(votes.subsets))
    }
    means = tuple(float(one) for one in earned.mean(axis=1))
    return NestedCv(means, by_subset, tuple(float(one) for one in earned.mean(axis=0)))


def leave_one_subset_out(votes: Votes, labels: NDArray[np.int8], method: str | Fit) -> dict[str, Accuracy]:
    """Learn on all subsets but one and score on that one, for each in turn.

    Raises:
        JudgeError: an item has no label, or the method cannot be fitted.
    """
    numpy = require("numpy", extra="stats")
    require_labels(votes, labels)
    subsets = numpy.array(votes.subsets)
    found = {}
    for name in sorted(set(votes.subsets)):
        learn, test = numpy.flatnonzero(subsets != name), numpy.flatnonzero(subsets == name)
        panel = _fit(votes.of_items(learn), labels[learn], method)
        left = votes.of_items(test)
        found[name] = score(left, labels[test], panel.probabilities(left), TIES_ONLY).overall
    return found


def _fit(votes: Votes, labels: NDArray[np.int8], method: str | Fit) -> Panel:
    return fit_panel(votes, labels, method) if isinstance(method, str) else method(votes, labels)
