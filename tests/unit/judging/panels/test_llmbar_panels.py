"""Panels of 65 recorded judges hold what is claimed of them, also on a kind of item that they have not seen."""

from __future__ import annotations

from functools import cache
from statistics import mean

import pytest

from agent_agency.judging.panels.cascade_curve import cascade_curve
from agent_agency.judging.panels.choose import fit_calibrated
from agent_agency.judging.panels.collect import Collected
from agent_agency.judging.panels.prices import shipped_prices
from agent_agency.judging.panels.validation import leave_one_subset_out, nested_cv
from agent_agency.workflows.panel import read_votes
from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar

pytestmark = needs_llmbar

CLAIMED = {(): 0.92, ("GPT-4",): 0.83, ("GPT-4", "PaLM2"): 0.74}
"""Accuracy under nested cross-validation, by the models that are left out."""
MAJORITY = {(): 0.73, ("GPT-4",): 0.60, ("GPT-4", "PaLM2"): 0.57}
LEFT_OUT = {
    (): {"GPTInst": 0.87, "GPTOut": 0.76, "Natural": 0.87},
    ("GPT-4",): {"GPTInst": 0.78, "GPTOut": 0.62, "Natural": 0.40},
    ("GPT-4", "PaLM2"): {"GPTInst": 0.56, "GPTOut": 0.58, "Natural": 0.25},
}
"""What a panel must reach on a subset that it was not fitted on. Plain items cannot be told without the strong models
and with traps alone to learn from; that is stated and not hidden."""

WITHOUT = pytest.mark.parametrize("without", list(CLAIMED), ids=lambda models: "-".join(models) or "all")


@cache
def read(without: tuple[str, ...]) -> Collected:
    return read_votes(ITEMS, JUDGMENTS, without)


@WITHOUT
def test_accuracy_on_unseen_items_is_near_what_is_claimed_and_far_above_a_majority(without: tuple[str, ...]) -> None:
    found = nested_cv(read(without).votes, read(without).labels, "calibrated", 1)
    majority = nested_cv(read(without).votes, read(without).labels, "majority", 1)
    assert mean(majority.accuracies) == pytest.approx(MAJORITY[without], abs=0.01)
    assert mean(found.accuracies) > CLAIMED[without] - 0.03
    assert mean(found.accuracies) > mean(majority.accuracies) + 0.1


@pytest.mark.soak
@WITHOUT
def test_twenty_repetitions_are_within_two_points_of_what_is_claimed(without: tuple[str, ...]) -> None:
    found = nested_cv(read(without).votes, read(without).labels, "calibrated")
    assert mean(found.accuracies) > CLAIMED[without] - 0.02


@WITHOUT
def test_it_transfers_to_a_subset_that_it_was_not_fitted_on(without: tuple[str, ...]) -> None:
    votes, labels = read(without).votes, read(without).labels
    found = leave_one_subset_out(votes, labels, "calibrated")
    majority = leave_one_subset_out(votes, labels, "majority")
    for subset, least in LEFT_OUT[without].items():
        assert found[subset].accuracy >= least
    for subset in ("GPTInst", "GPTOut"):
        assert found[subset].accuracy > majority[subset].accuracy


@WITHOUT
def test_the_outputs_names_make_no_difference(without: tuple[str, ...]) -> None:
    votes, labels = read(without).votes, read(without).labels
    panel = fit_calibrated(votes, labels)
    assert panel == fit_calibrated(votes.swapped(), -labels)
    assert panel.probabilities(votes) == pytest.approx(1 - panel.probabilities(votes.swapped()))


@pytest.mark.soak
@pytest.mark.parametrize(("without", "lost"), [((), 0.03), (("GPT-4",), 0.03), (("GPT-4", "PaLM2"), 0.05)])
def test_a_cascade_keeps_the_accuracy_for_a_fifth_of_the_cost(without: tuple[str, ...], lost: float) -> None:
    curve = cascade_curve(read(without).votes, read(without).labels, shipped_prices())
    assert curve.chosen is not None
    assert curve.chosen.cost <= 0.21
    assert curve.chosen.accuracy > curve.panel - lost
