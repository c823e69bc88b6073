"""One judge's figures: accuracy over both orders, agreement of the orders, and how far it leans to a place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from agent_agency.judging.panels.best_single import fit_best_single
from agent_agency.judging.panels.collect import Collected, collect_files
from agent_agency.judging.panels.completion import winner_of
from agent_agency.judging.panels.majority import fit_majority
from agent_agency.judging.panels.position import credits_of, first_share, judge_figures, position_agreement
from agent_agency.judging.panels.score import score
from agent_agency.judging.panels.votes import Votes
from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar

MARKS = st.integers(1, 20).flatmap(lambda n: hnp.arrays(np.int8, (n, 2), elements=st.integers(-1, 1)))


def votes_of(*judges: list[tuple[int, int]]) -> Votes:
    marks = np.array(judges, dtype=np.int8).transpose(1, 0, 2).copy()
    names = tuple(f"item-{place}" for place in range(len(marks)))
    return Votes(names, ("easy",) * len(marks), tuple(f"m{place}/plain" for place in range(len(judges))), marks)


def test_each_order_counts_one_half() -> None:
    votes = votes_of([(1, 1), (1, -1), (1, 0), (0, 0), (-1, -1)])
    labels = np.ones(5, dtype=np.int8)
    found = judge_figures(votes, labels, {"m0/plain": 9})[0]
    assert credits_of(votes, labels)[:, 0] == pytest.approx([1, 0.5, 0.75, 0.5, 0])
    assert found.accuracy.value == pytest.approx(2.75 / 5)
    assert found.by_subset == {"easy": found.accuracy}
    assert (found.answers, found.missing, found.abstained) == (9, 1, 2)
    assert found.agreement is not None
    assert found.agreement.value == pytest.approx(2 / 3)
    assert found.agreement.n == 3
    assert found.first_share is not None
    assert found.first_share.value == pytest.approx(2 / 3)


def test_a_judge_that_never_decides_has_no_leaning() -> None:
    found = judge_figures(votes_of([(0, 0), (1, 0)]), np.array([1, -1], dtype=np.int8), {"m0/plain": 4})[0]
    assert (found.agreement, found.first_share, found.bias) == (None, None, None)


def test_a_judge_that_always_takes_the_first_is_told_so() -> None:
    found = judge_figures(votes_of([(1, -1)] * 50), np.ones(50, dtype=np.int8), {"m0/plain": 100})[0]
    assert found.accuracy.value == pytest.approx(0.5)
    assert found.agreement is not None
    assert found.agreement.value == pytest.approx(0)
    assert found.bias is not None
    assert found.bias.value == pytest.approx(0.5)
    assert found.bias.interval.low > 0.4


def test_a_judge_that_agrees_with_itself_has_a_narrow_interval_about_no_leaning() -> None:
    found = first_share(np.array([(1, 1), (-1, -1)] * 100, dtype=np.int8))
    assert found is not None
    assert found.value == pytest.approx(0.5)
    assert 0.48 < found.interval.low < 0.5 < found.interval.high < 0.52


@given(MARKS)
def test_the_leaning_lies_in_its_interval_and_turns_round_with_the_places(marks: NDArray[np.int8]) -> None:
    found, turned = first_share(marks), first_share(marks[:, ::-1])
    if found is None or turned is None:
        assert found is turned
        return
    assert found.interval.low - 1e-12 <= found.value <= found.interval.high + 1e-12
    assert turned.value == pytest.approx(1 - found.value)
    assert turned.interval.low == pytest.approx(1 - found.interval.high)


@given(MARKS)
def test_agreement_does_not_depend_on_the_names_of_the_outputs(marks: NDArray[np.int8]) -> None:
    assert position_agreement(marks) == position_agreement(-marks[:, ::-1])


def test_the_interval_of_the_leaning_covers_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        good, leaning = rng.random(80) < 0.6, 0.75
        drawn = np.where(rng.random((80, 2)) < leaning, [1, -1], [-1, 1])
        marks = np.where(good[:, None], 1, drawn).astype(np.int8)
        found = first_share(marks)
        assert found is not None
        held += found.interval.holds(0.5 + 0.4 * (leaning - 0.5))
    assert held >= 0.93 * 400


def test_items_without_labels_have_no_figures() -> None:
    with pytest.raises(ValueError, match="label"):
        judge_figures(votes_of([(1, 1)]), np.array([0], dtype=np.int8), {"m0/plain": 2})


def test_the_best_single_judge_is_the_one_that_was_right_most_often() -> None:
    votes = votes_of([(1, -1), (1, 1)], [(1, 1), (1, 1)], [(-1, -1), (1, 1)])
    chosen = fit_best_single(votes, np.array([1, 1], dtype=np.int8))
    assert chosen.judges == ("m1/plain",)
    assert chosen.probabilities(votes) == pytest.approx([1, 1])


SETS = ((), ("GPT-4",), ("GPT-4", "PaLM2"))


@pytest.fixture(scope="module")
def recorded() -> Collected:
    return collect_files(ITEMS, JUDGMENTS, winner_of)


@needs_llmbar
def test_the_best_recorded_judges_have_the_accuracies_that_are_known_of_them(recorded: Collected) -> None:
    best = []
    for without in SETS:
        votes = recorded.votes.without(without) if without else recorded.votes
        figures = judge_figures(votes, recorded.labels, recorded.rows_by_judge)
        best.append(round(max(one.accuracy.value for one in figures), 4))
    assert best == [0.8891, 0.7908, 0.6339]


@needs_llmbar
@pytest.mark.parametrize(("ours", "accuracies"), [(False, [0.728, 0.6025, 0.5732]), (True, [0.7259, 0.6025, 0.569])])
def test_majority_has_the_accuracy_that_is_known_of_it(
    *, ours: bool, accuracies: list[float], recorded: Collected
) -> None:
    """Our reading of the answers moves it by one item at most."""
    read = recorded if ours else collect_files(ITEMS, JUDGMENTS, None)
    found = []
    for without in SETS:
        votes = read.votes.without(without) if without else read.votes
        probabilities = fit_majority(votes).probabilities(votes)
        found.append(round(score(votes, read.labels, probabilities, 0.5).overall.accuracy, 4))
    assert found == accuracies
