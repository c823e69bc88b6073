"""Whatever the method: a panel has no side, and is the same panel however its votes are listed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.methods import METHODS, UNSUPERVISED, fit_panel
from agent_agency.judging.panels.panel_parameters import read_panel
from agent_agency.judging.panels.votes import Votes
from support.votes import labelled_votes, votes_of

METHOD = st.sampled_from(METHODS)
NEAR = 1e-7


@settings(max_examples=60, deadline=None)
@given(labelled_votes(), METHOD)
def test_exchanging_the_outputs_turns_the_probability(case: tuple[Votes, NDArray[np.int8]], method: str) -> None:
    votes, labels = case
    panel = fit_panel(votes, labels, method)
    assert np.allclose(panel.probabilities(votes.swapped()), 1 - panel.probabilities(votes), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(labelled_votes(), METHOD, st.data())
def test_it_is_learned_alike_whichever_output_is_called_1(
    case: tuple[Votes, NDArray[np.int8]], method: str, data: st.DataObject
) -> None:
    votes, labels = case
    turned = np.array(data.draw(st.lists(st.booleans(), min_size=len(labels), max_size=len(labels))))
    marks = np.where(turned[:, None, None], votes.swapped().marks, votes.marks)
    other = Votes(votes.items, votes.subsets, votes.judges, marks)
    there = fit_panel(other, np.where(turned, -labels, labels).astype(np.int8), method)
    here = fit_panel(votes, labels, method)
    assert np.allclose(there.probabilities(votes), here.probabilities(votes), atol=NEAR)


@settings(max_examples=40, deadline=None)
@given(labelled_votes(), METHOD)
def test_the_order_of_judges_and_items_makes_no_difference(case: tuple[Votes, NDArray[np.int8]], method: str) -> None:
    votes, labels = case
    back = list(range(len(labels)))[::-1]
    listed_otherwise = votes.of_judges(votes.judges[::-1]).of_items(back)
    there = fit_panel(listed_otherwise, labels[::-1], method)
    here = fit_panel(votes, labels, method)
    assert np.allclose(there.probabilities(votes), here.probabilities(votes), atol=NEAR)


@settings(max_examples=40, deadline=None)
@given(labelled_votes(), METHOD)
def test_its_parameters_make_the_same_panel(case: tuple[Votes, NDArray[np.int8]], method: str) -> None:
    votes, labels = case
    panel = fit_panel(votes, labels, method)
    assert read_panel(panel.method, list(panel.judges), panel.parameters()) == panel


@pytest.mark.parametrize("method", METHODS)
def test_an_item_without_votes_is_undecided_and_other_judges_do_not_count(method: str) -> None:
    rng = np.random.default_rng(1)
    votes = votes_of(rng.choice([-1, 1], (20, 3, 2)))
    panel = fit_panel(votes, rng.choice([-1, 1], 20).astype(np.int8), method)
    silent = votes_of(np.ones((2, 2, 2)), judges=("Other/Plain", "Another/Plain"))
    assert panel.probabilities(silent).tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("method", METHODS)
def test_labels_are_needed_by_the_methods_that_learn_from_them_alone(method: str) -> None:
    votes, none = votes_of(np.ones((3, 2, 2))), np.zeros(3, dtype=np.int8)
    if method in UNSUPERVISED:
        assert (fit_panel(votes, none, method).probabilities(votes) > 0.5).all()
        return
    with pytest.raises(JudgeError) as refused:
        fit_panel(votes, none, method)
    assert refused.value.stable_code == "judge.no_labels"


def test_a_method_that_is_unknown_is_refused_by_name() -> None:
    with pytest.raises(JudgeError, match="median"):
        fit_panel(votes_of(np.ones((3, 2, 2))), np.ones(3, dtype=np.int8), "median")
