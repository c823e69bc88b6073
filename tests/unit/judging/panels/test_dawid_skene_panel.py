"""A panel that learns from votes alone knows who leans to a place, and treats both outputs alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from agent_agency.judging.panels.dawid_skene_panel import DawidSkenePanel, fit_dawid_skene
from agent_agency.judging.panels.votes import Votes

MARKS = st.tuples(st.integers(1, 12), st.integers(1, 5)).flatmap(
    lambda shape: hnp.arrays(np.int8, (*shape, 2), elements=st.integers(-1, 1))
)


def votes_of(marks: NDArray[np.int8]) -> Votes:
    items, judges, _ = marks.shape
    return Votes(
        tuple(f"item-{place}" for place in range(items)),
        ("some",) * items,
        tuple(f"model-{place}/plain" for place in range(judges)),
        marks.astype(np.int8),
    )


@example(np.array([[[0, 0], [1, 1]], [[1, 0], [0, 0]]], dtype=np.int8))  # rounding made one output likelier here
@given(MARKS)
def test_exchanging_the_outputs_exchanges_the_probabilities(marks: NDArray[np.int8]) -> None:
    votes = votes_of(marks)
    panel, mirrored = fit_dawid_skene(votes), fit_dawid_skene(votes.swapped())
    assert mirrored.found_first == pytest.approx(panel.found_first, abs=1e-6)
    assert panel.probabilities(votes.swapped()) == pytest.approx(1 - panel.probabilities(votes), abs=1e-9)


@given(MARKS)
def test_an_item_without_votes_is_undecided(marks: NDArray[np.int8]) -> None:
    panel = fit_dawid_skene(votes_of(marks))
    silent = votes_of(np.zeros((1, marks.shape[1], 2), dtype=np.int8))
    assert panel.probabilities(silent) == pytest.approx(0.5)


def test_a_judge_that_always_takes_the_first_is_found_out() -> None:
    rng = np.random.default_rng(11)
    truth = np.where(rng.random(300) < 0.5, 1, -1)
    marks = np.where(rng.random((300, 6, 2)) < 0.75, 1, -1) * truth[:, None, None]
    marks[:, 5, 0], marks[:, 5, 1] = 1, -1
    votes = votes_of(marks)
    panel = fit_dawid_skene(votes)
    assert panel.found_first[5] > 0.99
    assert panel.found_second[5] < 0.01
    assert np.array(panel.found_first[:5]) == pytest.approx(0.75, abs=0.08)
    decided = np.where(panel.probabilities(votes) > 0.5, 1, -1)
    assert (decided == truth).mean() > 0.95


def test_a_panel_is_made_again_of_its_parameters() -> None:
    panel = fit_dawid_skene(votes_of(np.array([[[1, 1], [1, -1]], [[-1, 0], [1, 1]]])))
    told = panel.parameters()
    again = DawidSkenePanel(panel.judges, *(tuple(told[key].values()) for key in ("found_first", "found_second")))
    assert again == panel
