"""The metric ranks judges as a person would: honest ones above those that are constant, wordy, costly or silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.answer import Answer, Verdict
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.metric import Metric, metric_for
from support.number_judge import number_example, right_answer

VERDICTS = st.sampled_from(["pass", "partial", "fail"])
Judging = Callable[[int, Verdict], Answer]


def examples(truths: list[Verdict]) -> list[Example]:
    return [replace(number_example(str(at), 0.1, ""), truth=right_answer(one)) for at, one in enumerate(truths)]


def mean(judge: Judging, truths: list[Verdict], metric: Metric | None = None, prompt_characters: int = 0) -> float:
    metric = metric or metric_for(examples(truths))
    scores = [metric.score(one, judge(at, one), prompt_characters) for at, one in enumerate(truths)]
    return sum(scores) / len(scores)


def honest(at: int, truth: Verdict) -> Answer:
    """Right in four of five."""
    wrong: Verdict = "fail" if truth == "pass" else "pass"
    return right_answer(wrong if at % 5 == 0 else truth)


def verbose(at: int, truth: Verdict) -> Answer:
    padded = "relevance should consider, add, remove and include the criteria. " * 40
    return replace(honest(at, truth), reasoning=padded)


def always(verdict: Verdict) -> Judging:
    return lambda _at, _truth: right_answer(verdict)


PASS: list[Verdict] = ["pass"]
FAIL: list[Verdict] = ["fail"]
PARTIAL: list[Verdict] = ["partial"]
MOSTLY_PASS = PASS * 70 + FAIL * 20 + PARTIAL * 10


@pytest.mark.parametrize(
    "degenerate",
    [always("pass"), always("fail"), always("partial"), always("abstain"), verbose],
    ids=["always pass", "always fail", "always partial", "always abstains", "verbose"],
)
@pytest.mark.parametrize(
    "truths", [MOSTLY_PASS, (PASS + FAIL) * 50, PARTIAL * 95 + PASS * 5], ids=["skewed", "even", "extreme"]
)
def test_a_degenerate_judge_ranks_below_an_honest_one(degenerate: Judging, truths: list[Verdict]) -> None:
    assert mean(degenerate, truths) < mean(honest, truths)


def test_a_judge_that_passes_everything_gets_no_more_than_chance_where_nearly_everything_passes() -> None:
    assert mean(always("pass"), PASS * 99 + FAIL) == pytest.approx(0.5)


@given(truths=st.lists(VERDICTS, min_size=1), said=VERDICTS)
def test_a_constant_judge_never_beats_chance(truths: list[Verdict], said: Verdict) -> None:
    assert mean(always(said), truths) <= 1 / len(set(truths)) + 1e-9


@given(truths=st.lists(VERDICTS, min_size=1))
def test_a_perfect_judge_scores_one_whatever_the_mix(truths: list[Verdict]) -> None:
    assert mean(lambda _at, truth: right_answer(truth), truths) == pytest.approx(1.0)


@given(truths=st.lists(VERDICTS, min_size=1), words=st.integers(0, 3000), longer=st.integers(1, 3000))
def test_more_words_never_earn_more(truths: list[Verdict], words: int, longer: int) -> None:
    def wordy(number: int) -> Judging:
        return lambda _at, truth: replace(right_answer(truth), reasoning="word " * number)

    assert mean(wordy(words + longer), truths) <= mean(wordy(words), truths)


def test_suggestions_are_words_too() -> None:
    padded = replace(right_answer("pass"), suggestions=("do more of it " * 100,))
    metric = Metric({})
    assert metric.score("pass", padded) < metric.score("pass", right_answer("pass"))


def test_a_nearly_right_answer_earns_nothing() -> None:
    assert Metric({}).score("pass", right_answer("partial")) == 0
    assert Metric({}).score("partial", right_answer("fail")) == 0


def test_an_abstention_earns_nothing_even_where_the_truth_is_unknown() -> None:
    assert Metric({}).score("abstain", right_answer("abstain")) == 0


def test_a_prompt_that_costs_several_times_the_baseline_loses() -> None:
    metric = metric_for(examples(["pass", "fail"]), prompt_characters=1000)
    assert mean(honest, MOSTLY_PASS, metric, 1500) == mean(honest, MOSTLY_PASS, metric, 1000)
    assert mean(honest, MOSTLY_PASS, metric, 3000) == pytest.approx(mean(honest, MOSTLY_PASS, metric, 1000) / 2)


def test_the_digest_names_the_rule_with_its_weights() -> None:
    assert metric_for(examples(["pass", "fail"])).digest == metric_for(examples(["fail", "pass"])).digest
    assert metric_for(examples(["pass", "fail"])).digest != metric_for(examples(["pass", "pass", "fail"])).digest


def test_nothing_is_no_measure() -> None:
    with pytest.raises(ValueError, match="no examples"):
        metric_for([])
