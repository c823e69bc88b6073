from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.answer_schema import BANDS
from agent_agency.judging.modes.calibration import softmax
from agent_agency.judging.modes.label_verdict import answer_of, expected_score, likeliest

_LOGS = st.lists(st.floats(-60, 0), min_size=3, max_size=3)


@given(_LOGS)
def test_probabilities_add_up_to_one_and_keep_the_order_of_the_scores(logs: list[float]) -> None:
    shares = softmax(logs)
    assert sum(shares) == pytest.approx(1)
    assert all(
        one >= other
        for one, x in zip(shares, logs, strict=True)
        for other, y in zip(shares, logs, strict=True)
        if x > y
    )


@given(_LOGS, st.floats(0, 1))
def test_every_answer_keeps_an_answers_rules(logs: list[float], needed: float) -> None:
    shares = softmax(logs)
    answer = answer_of(shares, needed)
    if answer.abstained:
        assert max(shares) < needed
        assert (answer.score, answer.confidence, answer.abstained_because) == (None, None, "unsure")
        return
    low, high = BANDS[answer.verdict]
    assert answer.score is not None
    assert low <= answer.score <= high
    assert answer.confidence == pytest.approx(max(shares))
    assert not answer.evidence


def test_the_score_is_the_mean_over_the_scale_within_the_verdicts_band() -> None:
    assert expected_score((0.0, 0.0, 1.0), "pass") == 1.0
    assert expected_score((1.0, 0.0, 0.0), "fail") == 0.0
    assert expected_score((0.1, 0.1, 0.8), "pass") == pytest.approx(0.855)
    assert expected_score((0.45, 0.0, 0.55), "pass") == BANDS["pass"][0]


def test_of_equals_the_lowest_verdict_is_given() -> None:
    assert likeliest((0.4, 0.2, 0.4)) == ("fail", 0.4)
