"""Votes keep what each judge said in each order, and lose nothing but the preference for a place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.votes import Votes, model_of, strategy_of
from support.votes import labelled_votes, votes_of


def test_a_judge_that_always_picks_the_first_place_says_nothing() -> None:
    first_shown = votes_of(np.array([[[1, -1]]]))
    assert first_shown.signals()[0, 0] == 0


def test_a_judge_that_says_the_same_in_both_orders_says_it_in_full_and_one_order_says_half() -> None:
    votes = votes_of(np.array([[[1, 1], [-1, 0]]]))
    assert votes.signals().tolist() == [[1.0, -0.5]]


@given(labelled_votes())
def test_exchanging_the_outputs_turns_every_signal_and_twice_is_as_before(case: tuple[Votes, NDArray[np.int8]]) -> None:
    votes, _ = case
    assert np.array_equal(votes.swapped().signals(), -votes.signals())
    assert np.array_equal(votes.swapped().swapped().marks, votes.marks)


def test_leaving_out_a_model_takes_its_name_letter_for_letter() -> None:
    judges = ("ChatGPT/CoT", "ChatGPT-0301/CoT", "GPT-4/CoT")
    votes = votes_of(np.ones((1, 3, 2)), judges=judges)
    assert votes.without({"ChatGPT"}).judges == ("ChatGPT-0301/CoT", "GPT-4/CoT")


@pytest.mark.parametrize(("models", "code"), [({"GPT4"}, "judge.unknown_model"), ({"Big", "Small"}, "judge.no_judges")])
def test_leaving_out_what_is_not_there_or_everything_is_refused(models: set[str], code: str) -> None:
    votes = votes_of(np.ones((1, 4, 2)))
    with pytest.raises(JudgeError) as refused:
        votes.without(models)
    assert refused.value.stable_code == code


def test_a_judge_that_never_voted_is_silent_in_its_place() -> None:
    votes = votes_of(np.ones((2, 1, 2))).of_judges(["Other/Plain", "Big/Plain"])
    assert votes.marks[:, 0].tolist() == [[0, 0], [0, 0]]
    assert votes.marks[:, 1].tolist() == [[1, 1], [1, 1]]


def test_votes_that_do_not_fit_their_names_cannot_be_made_and_marks_cannot_be_changed() -> None:
    marks = np.ones((2, 1, 2), dtype=np.int8)
    with pytest.raises(ValueError, match="items"):
        Votes(("a",), ("s",), ("m/s",), marks)
    with pytest.raises(ValueError, match="subset"):
        Votes(("a", "b"), ("s",), ("m/s",), marks)
    with pytest.raises(ValueError, match="read-only"):
        votes_of(marks).marks[0, 0, 0] = -1


def test_a_judge_is_a_model_and_a_strategy_parted_by_the_first_slash() -> None:
    assert (model_of("org/name/CoT"), strategy_of("org/name/CoT")) == ("org", "name/CoT")
    assert (model_of("alone"), strategy_of("alone")) == ("alone", "")
