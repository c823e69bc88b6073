"""Reliabilities learned from votes alone: as the paper says, and as another program finds them."""

from __future__ import annotations

import warnings
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from agent_agency.judging.panels.collect import collect_files
from agent_agency.judging.panels.completion import winner_of
from agent_agency.judging.panels.dawid_skene import MISSING, fit, posterior
from support.crowd_kit import needs_crowd_kit
from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar


@st.composite
def tables_of_votes(draw: st.DrawFn) -> tuple[NDArray[np.int64], int]:
    classes = draw(st.integers(2, 4))
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 6)))
    return draw(hnp.arrays(np.int64, shape, elements=st.integers(MISSING, classes - 1))), classes


def drawn(
    rng: np.random.Generator, items: int, accuracies: list[float], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Votes of voters of these accuracies, and the truth."""
    truth = rng.integers(0, classes, items)
    wrong = (truth[:, None] + rng.integers(1, classes, (items, len(accuracies)))) % classes
    right = rng.random((items, len(accuracies))) < np.array(accuracies)
    return np.where(right, truth[:, None], wrong), truth


@given(tables_of_votes(), st.sampled_from([1e-6, 0.1, 1.0]))
def test_no_step_lowers_the_objective(case: tuple[NDArray[np.int64], int], smoothing: float) -> None:
    votes, classes = case
    objective = fit(votes, classes, smoothing=smoothing, tolerance=0, limit=25).objective
    assert len(objective) == 26
    assert all(later >= earlier - 1e-7 * (1 + abs(earlier)) for earlier, later in pairwise(objective))


@given(tables_of_votes())
def test_what_comes_out_are_probabilities(case: tuple[NDArray[np.int64], int]) -> None:
    votes, classes = case
    model = fit(votes, classes)
    assert model.priors.sum() == pytest.approx(1)
    assert model.confusion.sum(axis=2) == pytest.approx(np.ones((votes.shape[1], classes)))
    assert posterior(model, votes).sum(axis=1) == pytest.approx(np.ones(len(votes)))
    assert model.confusion.min() > 0


@given(tables_of_votes(), st.randoms(use_true_random=False))
def test_the_order_of_items_and_voters_does_not_matter(case: tuple[NDArray[np.int64], int], chance: Any) -> None:
    votes, classes = case
    items, voters = list(range(votes.shape[0])), list(range(votes.shape[1]))
    chance.shuffle(items)
    chance.shuffle(voters)
    model, moved = (fit(table, classes, tolerance=0, limit=10) for table in (votes, votes[items][:, voters]))
    assert moved.confusion == pytest.approx(model.confusion[voters], abs=1e-6)
    assert moved.priors == pytest.approx(model.priors, abs=1e-6)


@given(tables_of_votes())
def test_the_names_of_the_classes_do_not_matter(case: tuple[NDArray[np.int64], int]) -> None:
    votes, classes = case
    renamed = np.where(votes == MISSING, MISSING, classes - 1 - votes)
    model, other = (fit(table, classes, tolerance=0, limit=10) for table in (votes, renamed))
    assert other.confusion == pytest.approx(model.confusion[:, ::-1, ::-1], abs=1e-6)


@given(tables_of_votes())
def test_the_same_votes_give_the_same_model(case: tuple[NDArray[np.int64], int]) -> None:
    votes, classes = case
    assert fit(votes, classes).objective == fit(votes.copy(), classes).objective


def test_reliabilities_are_recovered_where_voters_err_apart() -> None:
    accuracies = [0.95, 0.9, 0.8, 0.7, 0.6, 0.2]
    votes, truth = drawn(np.random.default_rng(7), 4_000, accuracies, 2)
    votes[::7, 2] = MISSING
    model = fit(votes, 2)
    assert model.converged
    found = model.confusion[:, [0, 1], [0, 1]].mean(axis=1)
    assert found == pytest.approx(np.array(accuracies), abs=0.03)
    assert (posterior(model, votes).argmax(axis=1) == truth).mean() > 0.97


def test_an_unseen_item_is_judged_by_what_was_learned() -> None:
    votes, _ = drawn(np.random.default_rng(3), 2_000, [0.95, 0.9, 0.6, 0.6, 0.6], 2)
    model = fit(votes, 2)
    unseen = np.array([[0, 0, 1, 1, 1], [MISSING, MISSING, 1, 1, 1], [MISSING] * 5])
    chances = posterior(model, unseen)[:, 0]
    assert chances[0] > 0.9
    assert 0.1 < chances[1] < 0.4
    assert chances[2] == pytest.approx(model.priors[0])


def test_known_classes_stay_fixed_and_teach() -> None:
    votes, truth = drawn(np.random.default_rng(5), 400, [0.2, 0.2, 0.2], 2)
    misled, taught = fit(votes, 2), fit(votes, 2, known=truth)
    assert (posterior(misled, votes).argmax(axis=1) == truth).mean() < 0.2
    assert (posterior(taught, votes).argmax(axis=1) == truth).mean() > 0.8
    assert taught.converged


@pytest.mark.parametrize(
    "bad",
    [
        {"votes": np.array([[0, 2]])},
        {"votes": np.array([[0, -2]])},
        {"votes": np.array([[0.5]])},
        {"votes": np.zeros((0, 3), dtype=np.int64)},
        {"votes": np.array([0, 1])},
        {"classes": 1},
        {"smoothing": 0.0},
        {"smoothing": float("nan")},
        {"known": np.array([0, 1, 1])},
        {"known": np.array([0, 5])},
    ],
)
def test_what_is_no_vote_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"votes|classes|known"):
        fit(**{"votes": np.array([[0, 1], [1, 1]]), "classes": 2, **bad})


def test_votes_of_other_voters_are_refused() -> None:
    model = fit(np.array([[0, 1], [1, 1]]), 2)
    with pytest.raises(ValueError, match="voters"):
        posterior(model, np.array([[0, 1, 1]]))


def in_crowd_kit(votes: NDArray[np.int64], steps: int) -> Any:
    rows = [(item, voter, said) for (item, voter), said in np.ndenumerate(votes) if said != MISSING]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = import_module("pandas").DataFrame(rows, columns=["task", "worker", "label"])
        return import_module("crowdkit.aggregation").DawidSkene(n_iter=steps, tol=-1e9).fit(frame)


@needs_crowd_kit
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1), st.integers(12, 40), st.integers(3, 6), st.integers(2, 3), st.sampled_from([1, 2, 5, 20])
)
def test_crowd_kit_finds_the_same(seed: int, items: int, voters: int, classes: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    votes, _ = drawn(rng, items, list(rng.uniform(0.4, 0.95, voters)), classes)
    votes[rng.random(votes.shape) < 0.2] = MISSING
    votes[:, 0] = np.arange(items) % classes  # every item has a vote, and every class is said
    ours, theirs = fit(votes, classes, smoothing=1e-10, tolerance=0, limit=steps), in_crowd_kit(votes, steps)
    assert ours.priors == pytest.approx(theirs.priors_.sort_index().to_numpy(), abs=1e-4)
    truth = theirs.probas_.sort_index().sort_index(axis=1).to_numpy()
    for voter in set(np.nonzero((votes != MISSING).any(axis=0))[0]):
        table = theirs.errors_.loc[voter].reindex(range(classes), fill_value=0).sort_index(axis=1).to_numpy()
        # Of a class that none of the voter's items has, a table says only how it was smoothed.
        seen = (truth[votes[:, voter] != MISSING].sum(axis=0) > 1e-3)[:, None]
        assert np.where(seen, ours.confusion[voter] - table.T, 0) == pytest.approx(0, abs=1e-4)


@needs_crowd_kit
@needs_llmbar
@pytest.mark.soak
def test_crowd_kit_finds_the_same_in_recorded_judges() -> None:
    marks = collect_files(ITEMS, JUDGMENTS, winner_of).votes.marks.reshape(239, -1).astype(np.int64)
    votes = np.where(marks == 0, MISSING, (1 - marks) // 2)
    ours, theirs = fit(votes, 2, smoothing=1e-10, tolerance=0, limit=60), in_crowd_kit(votes, 60)
    assert ours.priors == pytest.approx(theirs.priors_.sort_index().to_numpy(), abs=1e-6)
    tables = np.stack([theirs.errors_.loc[voter].sort_index().sort_index(axis=1).to_numpy().T for voter in range(130)])
    assert ours.confusion == pytest.approx(tables, abs=1e-6)
    believed = theirs.probas_.sort_index().sort_index(axis=1).to_numpy()
    assert posterior(ours, votes) == pytest.approx(believed, abs=1e-6)
