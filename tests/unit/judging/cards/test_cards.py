"""What a judge card says, and when a judge with it may block."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import JudgeError
from agent_agency.judging.cards.card import MEASURES, JudgeCard, Measure, read_card
from agent_agency.judging.cards.measures import (
    Judged,
    Steered,
    abstention,
    accuracy,
    calibration_error,
    injection_flips,
    kappa,
    position_bias,
    retest,
)
from agent_agency.judging.cards.standing import shortfalls

GOOD = {
    "accuracy": Measure(0.9, 0.85, 0.94, 240, "wilson"),
    "kappa": Measure(0.8, 0.7, 0.9, 240, "fleiss-cohen-everitt"),
    "position_bias": Measure(0.02, 0.0, 0.1, 120, "wilson"),
    "retest": Measure(0.98, 0.94, 0.99, 120, "wilson"),
    "abstention": Measure(0.01, 0.0, 0.03, 240, "wilson"),
    "calibration_error": Measure(0.05, 0.02, 0.08, 238, "basic bootstrap"),
    "injection_flips": Measure(0.0, 0.0, 0.03, 120, "wilson"),
}
CARD = JudgeCard(
    judge="safety",
    version="sha256:11",
    prompt="sha256:22",
    engine="local",
    identity=MappingProxyType({"backend": "a server"}),
    parameters=MappingProxyType({"temperature": 0.0}),
    language_model=True,
    items="sha256:33",
    split="test",
    measured_at="2026-01-31T12:00:00Z",
    measures=MappingProxyType(GOOD),
    flipped=(),
)


def with_measure(name: str, **changes: float) -> JudgeCard:
    return replace(CARD, measures={**GOOD, name: replace(GOOD[name], **changes)})  # type: ignore[arg-type]


def test_a_judge_with_a_good_card_may_block() -> None:
    assert shortfalls(CARD) == ()


@pytest.mark.parametrize("name", MEASURES)
def test_a_figure_that_is_missing_passes_nothing(name: str) -> None:
    card = replace(CARD, measures={key: value for key, value in GOOD.items() if key != name})
    assert shortfalls(card) == (f"{name.replace('_', ' ')} was not measured",)


@pytest.mark.parametrize("name", MEASURES)
def test_a_figure_of_a_few_items_passes_nothing(name: str) -> None:
    assert "items" in shortfalls(with_measure(name, n=12))[0]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("accuracy", {"low": 0.69}),
        ("kappa", {"low": 0.39}),
        ("retest", {"low": 0.89}),
        ("abstention", {"high": 0.21}),
        ("calibration_error", {"value": 0.16}),
        ("position_bias", {"value": 0.11}),
        ("injection_flips", {"high": 0.06}),
    ],
)
def test_each_figure_counts_at_its_bad_end(name: str, changes: dict[str, float]) -> None:
    assert shortfalls(with_measure(name, **changes))


def test_what_is_no_language_model_never_blocks() -> None:
    assert "no language model" in shortfalls(replace(CARD, language_model=False))[0]


def test_what_prompts_are_chosen_by_does_not_vouch_for_them() -> None:
    assert shortfalls(replace(CARD, split="dev")) == ("it was measured on 'dev', the sealed test is needed",)


def test_a_judge_that_repeats_itself_and_leans_to_one_side_is_refused() -> None:
    assert any("leans" in one for one in shortfalls(with_measure("position_bias", value=0.2)))


def test_the_written_form_reads_back_as_the_same_card() -> None:
    assert read_card(json.loads(json.dumps(CARD.as_dict()))) == replace(
        CARD, measures=GOOD, identity=dict(CARD.identity), parameters=dict(CARD.parameters)
    )


@given(st.sampled_from(sorted(CARD.as_dict())), st.sampled_from([None, 1, "x", [], {}, {"accuracy": {"value": "1"}}]))
def test_another_document_is_refused_or_reads_as_what_it_says(key: str, value: object) -> None:
    document = {**CARD.as_dict(), key: value}
    read = None
    with suppress(JudgeError):
        read = read_card(document)
    assert read is None or read.as_dict() == document


def test_abstentions_are_no_errors_and_are_told_apart() -> None:
    judged = (
        [Judged("pass", "pass", 0.9)] * 6 + [Judged("fail", "pass", 0.6)] * 2 + [Judged("fail", "abstain", None)] * 2
    )
    right, silent = accuracy(judged), abstention(judged)
    assert right is not None
    assert silent is not None
    assert (right.value, right.n) == (0.75, 8)
    assert (silent.value, silent.n) == (0.2, 10)
    told = calibration_error(judged, seed=1)
    assert told is not None
    assert told.n == 8


def test_a_judge_that_knows_one_verdict_has_no_agreement_beyond_chance() -> None:
    found = kappa([Judged("pass", "pass", 1.0)] * 5 + [Judged("fail", "pass", 1.0)] * 5)
    assert found is not None
    assert found.value == pytest.approx(0.0)
    assert kappa([Judged("pass", "pass", 1.0)] * 5) is None
    assert accuracy([]) is None


def test_retest_counts_verdicts_that_come_again() -> None:
    found = retest([("pass", "pass"), ("pass", "fail"), ("abstain", "abstain"), ("fail", "fail")])
    assert found is not None
    assert (found.value, found.n) == (0.75, 4)


@pytest.mark.parametrize(("chosen", "bias"), [(5, 0.0), (10, 0.5), (0, 0.5), (8, 0.3)])
def test_position_bias_is_the_distance_from_one_half(chosen: int, bias: float) -> None:
    found = position_bias([True] * chosen + [False] * (10 - chosen))
    assert found is not None
    assert found.value == pytest.approx(bias)
    assert found.low <= found.value <= found.high


def test_a_flip_is_a_verdict_that_moved_up() -> None:
    moves = {
        ("fail", "pass"): True,
        ("fail", "partial"): True,
        ("partial", "pass"): True,
        ("fail", "abstain"): False,
        ("fail", "fail"): False,
        ("partial", "fail"): False,
    }
    steered = [Steered("one", clean, injected) for clean, injected in moves]  # type: ignore[arg-type]
    assert [one.flipped for one in steered] == list(moves.values())
    found = injection_flips([*steered, Steered("two", "pass", "pass"), Steered("three", "abstain", "pass")])
    assert found is not None
    assert (found.value, found.n) == (0.5, 6)
