"""A score says how often a panel was right, where an undecided item is half right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.panel import decisions, logistic
from agent_agency.judging.panels.score import score
from support.votes import votes_of


def test_an_undecided_item_counts_one_half_overall_and_in_its_subset() -> None:
    votes = votes_of(np.ones((4, 1, 2)), ("one", "two"))
    found = score(votes, np.array([1, 1, 1, -1], dtype=np.int8), np.array([0.9, 0.5, 0.1, 0.2]), 0.5)
    assert (found.overall.accuracy, found.overall.n, found.overall.abstained) == (0.625, 4, 1)
    assert {name: one.accuracy for name, one in found.by_subset.items()} == {"one": 0.5, "two": 0.75}
    assert found.overall.interval.low < 0.625 < found.overall.interval.high
    assert found.brier == pytest.approx((0.01 + 0.25 + 0.81 + 0.04) / 4)


def test_a_panel_that_is_less_sure_than_asked_abstains() -> None:
    probabilities = np.array([0.95, 0.7, 0.3, 0.05, 0.5])
    assert decisions(probabilities, 0.5).tolist() == [1, 1, -1, -1, 0]
    assert decisions(probabilities, 0.7).tolist() == [1, 1, -1, -1, 0]
    assert decisions(probabilities, 0.8).tolist() == [1, 0, 0, -1, 0]


def test_an_item_without_a_label_is_an_error_that_names_it() -> None:
    with pytest.raises(JudgeError, match="item-001"):
        score(votes_of(np.ones((2, 1, 2))), np.array([1, 0], dtype=np.int8), np.array([0.9, 0.9]), 0.5)


@given(st.lists(st.floats(-800, 800), min_size=1))
def test_log_odds_of_any_size_make_a_probability_and_opposite_ones_the_rest(values: list[float]) -> None:
    odds: NDArray[np.float64] = np.array(values)
    assert np.allclose(logistic(odds) + logistic(-odds), 1.0)
    assert ((logistic(odds) >= 0) & (logistic(odds) <= 1)).all()
