"""What is said of unseen items is measured on items that nothing was learned from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.majority import MajorityPanel
from agent_agency.judging.panels.panel import Panel
from agent_agency.judging.panels.validation import leave_one_subset_out, nested_cv
from agent_agency.judging.panels.votes import Votes
from support.votes import simulated

SKILLS = {"easy": {"A/x": 0.9, "B/x": 0.9, "C/x": 0.9}, "trap": {"A/x": 0.8, "B/x": 0.1, "C/x": 0.1}}


def test_the_same_seed_gives_the_same_figures_and_another_deals_anew() -> None:
    votes, _ = simulated(SKILLS, n=20)
    labels = np.random.default_rng(4).choice([-1, 1], 40).astype(np.int8)
    first, again, other = (nested_cv(votes, labels, "weighted", 3, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.accuracies != other.accuracies
    assert len(first.accuracies) == 3
    assert set(first.by_subset) == {"easy", "trap"}


def test_a_learner_never_sees_the_item_that_it_is_asked_about() -> None:
    votes, labels = simulated(SKILLS, n=15)
    asked: list[set[str]] = []

    def watching(seen: Votes, _: NDArray[np.int8]) -> Panel:
        asked.append(set(seen.items))
        return MajorityPanel(seen.judges)

    nested_cv(votes, labels, watching, 2, folds=5)
    assert [len(one) for one in asked] == [24] * 10
    leave_one_subset_out(votes, labels, watching)
    assert [len(one) for one in asked[10:]] == [15, 15]


def test_labels_that_are_chance_cannot_be_foretold() -> None:
    votes, _ = simulated(SKILLS, n=60)
    chance = np.random.default_rng(3).choice([-1, 1], 120).astype(np.int8)
    assert np.mean(nested_cv(votes, chance, "calibrated", 2).accuracies) == pytest.approx(0.5, abs=0.12)


def test_a_majority_needs_no_learning_so_every_way_of_dealing_gives_its_accuracy() -> None:
    votes, labels = simulated(SKILLS, n=30)
    left = leave_one_subset_out(votes, labels, "majority")
    assert nested_cv(votes, labels, "majority", 2).by_subset == {
        name: (one.accuracy,) * 2 for name, one in left.items()
    }


def test_items_without_a_label_cannot_be_counted() -> None:
    votes, labels = simulated(SKILLS, n=10)
    labels[0] = 0
    for count in (nested_cv, leave_one_subset_out):
        with pytest.raises(JudgeError, match="label"):
            count(votes, labels, "majority")
