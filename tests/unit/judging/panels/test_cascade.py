"""A cascade asks cheap judges first, pays for what it asks, and says what it loses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent_agency.judging.panels.cascade import Stage, fit_cascade, ladder, walk
from agent_agency.judging.panels.cascade_curve import cascade_curve
from agent_agency.judging.panels.prices import Prices
from agent_agency.judging.panels.votes import model_of
from support.votes import simulated

PRICES = Prices({"Cheap": 1, "Other": 2, "Dear": 30}, {"one": 2, "two": 4, "three": 6})
JUDGES = ("Cheap/one", "Cheap/two", "Cheap/three", "Other/one", "Dear/one", "Dear/two")
EASY = dict.fromkeys(JUDGES, 0.95)
HARD = {one: 0.9 if one.startswith("Dear") else 0.5 for one in JUDGES}
VOTES, LABELS = simulated({"easy": EASY, "hard": HARD}, n=60)


def test_each_stage_holds_the_one_before_and_the_last_holds_all() -> None:
    stages = ladder(VOTES, PRICES)
    assert {model_of(one) for one in stages[0].judges} == {"Cheap", "Other"}
    for before, after in pairwise(stages):
        assert set(before.judges) < set(after.judges)
        assert before.cost < after.cost
    assert set(stages[-1].judges) == set(JUDGES)
    assert stages[-1].cost == 1 * 12 + 2 * 2 + 30 * 6


def test_an_item_stops_at_the_first_stage_that_is_sure_and_pays_for_no_more() -> None:
    told = np.array([[0.95, 0.6, 0.1, 0.5], [0.4, 0.91, 0.9, 0.5], [0.3, 0.3, 0.3, 0.5]])
    found = walk(told, [1.0, 5.0, 20.0], 0.9)
    assert found.stages.tolist() == [0, 1, 0, 2]
    assert found.costs.tolist() == [1.0, 5.0, 1.0, 20.0]
    assert found.probabilities.tolist() == [0.95, 0.91, 0.1, 0.5]
    assert told[-1].tolist() == [0.3, 0.3, 0.3, 0.5]


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=8),
    st.floats(0.5, 1),
    st.floats(0.5, 1),
)
def test_asking_to_be_surer_never_costs_less(rows: list[list[float]], one: float, other: float) -> None:
    told = np.array(rows).T
    less, more = (walk(told, [1.0, 2.0, 3.0], stop).costs for stop in sorted((one, other)))
    assert (less <= more).all()


def test_a_fitted_cascade_answers_by_the_stage_that_an_item_reached() -> None:
    stages = (Stage(("Cheap/one",), 2.0), Stage(("Cheap/one", "Dear/one"), 62.0))
    fitted = fit_cascade(VOTES, LABELS, stages, 0.8)
    found = fitted.walk(VOTES)
    told = np.array([panel.probabilities(VOTES) for panel in fitted.panels])
    assert np.array_equal(found.probabilities, told[found.stages, np.arange(120)])
    assert set(found.costs) <= {2.0, 62.0}


@pytest.mark.parametrize("stop_at", [0.5, 0.7, 0.9, 1.0])
def test_live_judges_are_asked_only_about_items_that_have_not_stopped_and_give_the_same_answers(stop_at: float) -> None:
    fitted = fit_cascade(VOTES, LABELS, ladder(VOTES, PRICES), stop_at)
    asked = np.zeros((120, len(JUDGES)), dtype=int)

    def ask(judges: tuple[str, ...], places: tuple[int, ...]) -> NDArray[np.int8]:
        for judge in judges:
            asked[list(places), JUDGES.index(judge)] += 1
        return VOTES.of_judges(judges).of_items(places).marks

    live, recorded = fitted.run(VOTES.items, ask), fitted.walk(VOTES)
    assert np.array_equal(live.stages, recorded.stages)
    assert np.allclose(live.probabilities, recorded.probabilities)
    assert asked.max() == 1
    assert np.allclose(asked @ [PRICES.cost(judge) for judge in JUDGES], live.costs)


def test_the_curve_rises_with_cost_and_keeps_most_of_the_accuracy_for_part_of_it() -> None:
    curve = cascade_curve(VOTES, LABELS, PRICES, repetitions=1, budget=0.5)
    costs, accuracies = ([getattr(point, name) for point in curve.points] for name in ("cost", "accuracy"))
    assert costs == sorted(costs)
    assert accuracies == sorted(accuracies)
    assert curve.chosen is not None
    assert curve.chosen.cost < 0.6
    assert curve.chosen.accuracy > curve.panel - 0.06
    assert curve == cascade_curve(VOTES, LABELS, PRICES, repetitions=1, budget=0.5)


def test_no_cascade_is_chosen_where_none_keeps_within_the_budget() -> None:
    assert cascade_curve(VOTES, LABELS, PRICES, repetitions=1, budget=0.001).chosen is None


def test_a_single_judge_is_a_cascade_of_one_stage() -> None:
    alone = VOTES.of_judges(["Dear/one"])
    curve = cascade_curve(alone, LABELS, PRICES, repetitions=1)
    assert len(curve.stages) == 1
    assert [point.cost for point in curve.points] == pytest.approx([1.0])
