from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.answer import Verdict
from agent_agency.judging.modes.limits import (
    DEFAULT_LIMITS,
    HIGHEST_SURE,
    LOWEST_SURE,
    NEVER_HIGH,
    Compared,
    Limits,
    choose_limits,
    least_items,
)
from agent_agency.statistics.intervals import wilson

_ONE = st.builds(
    Compared,
    st.floats(0, 1),
    st.sampled_from(["pass", "fail", "partial", "abstain"]),
    st.sampled_from(["pass", "fail", "partial", "abstain"]),
)


@given(st.lists(_ONE, max_size=60), st.floats(0.5, 0.99))
def test_what_limits_decide_agrees_as_often_as_was_wanted(compared: list[Compared], wanted: float) -> None:
    limits = choose_limits(compared, wanted)
    asked = [one for one in compared if one.label != "abstain"]
    for side in (
        [one for one in asked if one.passing >= limits.high],
        [one for one in asked if one.passing <= limits.low],
    ):
        if side:
            assert wilson(sum(one.agrees for one in side), len(side)).low >= wanted
    assert limits.high > LOWEST_SURE
    assert limits.low < HIGHEST_SURE


def test_sure_labels_decide_and_doubtful_ones_do_not() -> None:
    chance = random.Random(1)
    rows = []
    for _ in range(400):
        passing = chance.random()
        label: Verdict = "pass" if passing > 0.5 else "fail"
        wrong = 0.2 < passing < 0.8 and chance.random() < 0.4
        other: Verdict = "fail" if label == "pass" else "pass"
        rows.append(Compared(passing, label, other if wrong else label))
    limits = choose_limits(rows, 0.9)
    assert 0.6 < limits.high < 0.85
    assert 0.15 < limits.low < HIGHEST_SURE
    assert limits.decides(0.95)
    assert not limits.decides(0.5)


def test_a_few_lucky_subjects_open_no_side() -> None:
    limits = choose_limits([Compared(0.99, "pass", "pass")] * 5)
    assert not any(limits.decides(step / 10) for step in range(11))


@pytest.mark.parametrize("limits", [(0.5, 0.9), (0.1, 0.5), (float("nan"), 0.9)])
def test_limits_that_leave_no_order_are_none(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limits(*limits)


def test_limits_are_read_as_they_are_written() -> None:
    assert Limits.read(DEFAULT_LIMITS.as_dict()) == DEFAULT_LIMITS
    for value in (None, {}, {"low": 0.1}, {"low": True, "high": 0.9}, {"low": "0.1", "high": 0.9}):
        with pytest.raises(ValueError, match="limits"):
            Limits.read(value)


@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.9, 0.999])
def test_the_least_items_are_those_that_can_show_an_agreement_when_all_agree(wanted: float) -> None:
    least = least_items(wanted)
    assert wilson(least, least).low >= wanted > wilson(least - 1, least - 1).low
    all_agree = [Compared(0.99, "pass", "pass")] * least
    assert choose_limits(all_agree, wanted).high == 0.99
    assert choose_limits(all_agree[1:], wanted).high == NEVER_HIGH
