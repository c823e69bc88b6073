"""A calibrated panel learns who is wrong together, and keeps to it on a kind of item that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.calibrated import Setting, fit_setting
from agent_agency.judging.panels.choose import RIDGES, choose_setting, fit_calibrated, left_out
from agent_agency.judging.panels.features import Feature, feature_values, features_of
from agent_agency.judging.panels.methods import fit_panel
from agent_agency.judging.panels.panel import Panel
from agent_agency.judging.panels.score import score
from agent_agency.judging.panels.votes import Votes
from support.votes import simulated, votes_of

CROWD = ("Crowd/A", "Crowd/B", "Crowd/C", "Herd/A", "Herd/B", "Herd/C")
STRONG = ("Strong/A",)


def skill(crowd: float, strong: float) -> dict[str, float]:
    return {**dict.fromkeys(CROWD, crowd), **dict.fromkeys(STRONG, strong)}


EASY = {"easy": skill(0.95, 0.95)}
TRAP = {"trap": skill(0.1, 0.85)}
OTHER_TRAP = {"other trap": skill(0.2, 0.8)}


def right(votes: Votes, labels: NDArray[np.int8], panel: Panel) -> float:
    return score(votes, labels, panel.probabilities(votes), 0.5).overall.accuracy


def test_on_an_unseen_trap_it_follows_the_strong_model_where_a_majority_walks_into_it() -> None:
    votes, labels = simulated({**EASY, **TRAP}, n=80)
    unseen, truth = simulated(OTHER_TRAP, n=80, seed=9)
    majority, calibrated = (fit_panel(votes, labels, method) for method in ("majority", "calibrated"))
    assert right(unseen, truth, majority) < 0.35
    assert right(unseen, truth, calibrated) > 0.7


def test_a_probability_is_about_as_often_right_as_it_says() -> None:
    votes, labels = simulated({**EASY, **TRAP}, n=150)
    unseen, truth = simulated({**EASY, **TRAP}, n=150, seed=5)
    told = fit_calibrated(votes, labels).probabilities(unseen)
    sure = np.maximum(told, 1 - told)
    assert sure.mean() == pytest.approx(((told > 0.5) == (truth > 0)).mean(), abs=0.07)


def test_a_large_subset_counts_no_more_than_a_small_one() -> None:
    votes, labels = simulated({**EASY, **TRAP}, n=60)
    easy = [place for place, name in enumerate(votes.subsets) if name == "easy"]
    trap = [place for place, name in enumerate(votes.subsets) if name == "trap"]
    often = votes.of_items(easy * 8 + trap)
    panel = fit_setting(often, np.concatenate([np.tile(labels[easy], 8), labels[trap]]), Setting(0.1))
    once = fit_setting(votes, labels, Setting(0.1 * 2 / 9, gated_ridge=3.0 * 2 / 9))
    assert np.allclose(panel.weights, once.weights, atol=1e-6)


def test_the_setting_is_chosen_on_subsets_left_out_and_items_without_a_label_teach_nothing() -> None:
    votes, labels = simulated({**EASY, **TRAP}, n=10)
    parts = left_out(votes, labels)
    assert [{votes.subsets[place] for place in test} for _, test in parts] == [{"easy"}, {"trap"}]
    unknown = labels.copy()
    unknown[:5] = 0
    known = votes.of_items(range(5, 20))
    assert fit_calibrated(votes, unknown).weights == fit_calibrated(known, labels[5:]).weights
    assert choose_setting(votes, labels).ridge in RIDGES


@pytest.mark.parametrize("n", [1, 2, 3, 12])
def test_one_subset_of_any_size_will_do(n: int) -> None:
    votes, labels = simulated({"only": skill(0.9, 0.9)}, n=n)
    told = fit_calibrated(votes, labels).probabilities(votes)
    assert ((told > 0) & (told < 1)).all()


def test_no_label_at_all_is_an_error() -> None:
    votes = votes_of(np.ones((3, 2, 2)))
    with pytest.raises(JudgeError, match="label"):
        fit_calibrated(votes, np.zeros(3, dtype=np.int8))


def test_a_model_is_the_mean_of_its_judges_that_gave_a_verdict() -> None:
    votes = votes_of(np.array([[[1, 1], [0, 0], [-1, -1], [-1, 1], [0, 0]]]))
    values = feature_values(votes, [Feature("Big"), Feature("Small"), Feature("Tiny"), Feature("Small", "Big")])
    assert values.tolist() == [[1.0, -0.5, 0.0, -0.5]]


def test_every_model_is_a_feature_and_so_is_each_gated_by_each_other() -> None:
    assert features_of(["B/x", "A/x", "A/y"]) == (Feature("A"), Feature("B"), Feature("A", "B"), Feature("B", "A"))
