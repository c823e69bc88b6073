from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.errors import JudgeError
from agent_agency.judging.modes.calibration import (
    HOTTEST,
    Calibration,
    Held,
    read_calibration,
    softmax,
    written_calibration,
)
from agent_agency.judging.modes.fit_calibration import Row, applied, fit_to_prior, fit_to_truth, held_out
from agent_agency.judging.modes.label_words import SCORED
from agent_agency.judging.modes.limits import Limits

MADE = Calibration(
    "sha256:base", "fitted", 1.5, (0.25, -0.5, 0.25), 63, "sha256:data", Held(60, 1.2, 0.8, 0.4, 0.7), Limits(0.1, 0.8)
)


def _drawn(n: int, temperature: float, biases: tuple[float, ...], seed: int) -> list[Row]:
    """Subjects whose true verdict is drawn from the calibrated probabilities of random scores."""
    chance = random.Random(seed)
    rows = []
    for _ in range(n):
        scores = tuple(chance.gauss(-4, 3) for _ in SCORED)
        shares = softmax([one / temperature + bias for one, bias in zip(scores, biases, strict=True)])
        rows.append(Row(scores, chance.choices(SCORED, shares)[0]))
    return rows


def test_a_fit_finds_the_temperature_and_the_biases_that_truth_was_drawn_with() -> None:
    fit = fit_to_truth(_drawn(4_000, 2.5, (1.0, -1.5, 0.5), seed=1))
    assert fit.temperature == pytest.approx(2.5, rel=0.1)
    assert fit.biases == pytest.approx((1.0, -1.5, 0.5), abs=0.15)


def test_a_fit_does_better_on_items_that_it_has_not_seen() -> None:
    rows = _drawn(600, 4.0, (1.5, -1.0, -0.5), seed=2)
    held = held_out(rows[300:], fit_to_truth(rows[:300]))
    assert held is not None
    assert held.log_loss_after < held.log_loss_before
    assert held.items == 300


def test_labels_that_point_the_wrong_way_are_never_turned_round() -> None:
    rows = []
    for row in _drawn(200, 1.0, (0.0, 0.0, 0.0), seed=3):
        worst = min(range(3), key=row.scores.__getitem__)
        rows.append(Row(row.scores, SCORED[worst]))
    fit = fit_to_truth(rows)
    assert fit.temperature == HOTTEST


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 60), st.floats(0.01, 200))
def test_a_fit_is_always_finite_even_of_a_few_items_of_one_verdict(seed: int, n: int, spread: float) -> None:
    chance = random.Random(seed)
    verdicts = chance.sample(SCORED, chance.randint(1, 3))
    rows = [Row(tuple(chance.gauss(0, spread) for _ in SCORED), chance.choice(verdicts)) for _ in range(n)]
    fit = fit_to_truth(rows)
    assert 0 < fit.temperature <= HOTTEST
    assert all(math.isfinite(one) for one in fit.biases)
    assert sum(fit.biases) == pytest.approx(0, abs=1e-9)
    assert sum(applied(fit, rows[0].scores)) == pytest.approx(1)


def test_a_prior_takes_out_what_a_model_says_of_everything() -> None:
    chance = random.Random(5)
    rows = [Row((chance.gauss(-2, 0.2), chance.gauss(-6, 0.2), chance.gauss(-0.5, 0.2)), None) for _ in range(200)]
    fit = fit_to_prior(rows)
    means = [sum(column) / len(rows) for column in zip(*(applied(fit, row.scores) for row in rows), strict=True)]
    assert means == pytest.approx([1 / 3] * 3, abs=0.05)
    assert fit.temperature == 1.0


def test_too_few_items_fit_nothing() -> None:
    few = _drawn(19, 1.0, (0.0, 0.0, 0.0), seed=4)
    for fit in (fit_to_truth, fit_to_prior):
        with pytest.raises(JudgeError, match="19") as raised:
            fit(few)
        assert raised.value.stable_code == "judge.few_labels"


def test_a_calibration_is_read_as_it_was_written() -> None:
    written = json.loads(json.dumps(written_calibration(MADE)))
    assert read_calibration(written) == MADE
    assert written["digest"] == MADE.digest
    bare = replace(MADE, held=None, limits=None)
    assert read_calibration(written_calibration(bare)) == bare
    assert bare.digest != MADE.digest


@pytest.mark.parametrize("name", ["base", "method", "temperature", "biases", "items", "data", "held", "limits"])
def test_a_calibration_that_was_changed_is_none(name: str) -> None:
    written = written_calibration(MADE)
    values: tuple[object, ...] = (None, 3, "x", {}, [])
    for value in values:
        with pytest.raises(JudgeError) as raised:
            read_calibration({**written, name: value})
        assert raised.value.stable_code == "judge.calibration_unreadable"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda one: (
            st.lists(one) | st.dictionaries(st.sampled_from(["schema_version", "digest", "base", "biases"]), one)
        ),
        max_leaves=6,
    )
)
def test_nothing_else_is_a_calibration(value: object) -> None:
    with pytest.raises(JudgeError):
        read_calibration(value)
