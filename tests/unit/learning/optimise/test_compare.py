"""Two prompts are compared on the same examples, program by program, and no failure counts as right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.judging.answer import Verdict
from agent_agency.learning.optimise.compare import Answered, answer_all, commonest, compare
from support.number_judge import NumberEngine, number_example, number_judge, number_task, right_answer


def answered(said: list[Verdict], *, groups: int = 11) -> list[Answered]:
    """Answers on examples of which every other one passes."""
    examples = [number_example(str(at), 0.4 if at % 2 else 0.1, f"g{at % groups}") for at in range(len(said))]
    return [Answered(one, right_answer(verdict)) for one, verdict in zip(examples, said, strict=True)]


RIGHT: list[Verdict] = ["fail", "pass"] * 30
ALWAYS: list[Verdict] = ["pass"] * 60


def test_a_real_gain_is_told_from_chance() -> None:
    found = compare(answered(ALWAYS), answered(RIGHT), seed=0)
    assert found.gain == pytest.approx(0.5)
    assert found.p_value < 0.01
    assert found.interval.low > 0
    assert found.groups == 11
    assert found.n == 60


def test_one_prompt_is_no_better_than_itself() -> None:
    found = compare(answered(ALWAYS), answered(ALWAYS), seed=0)
    assert found.gain == 0
    assert found.p_value == 1.0


def test_few_programs_prove_less_than_many_examples() -> None:
    few = compare(answered(ALWAYS, groups=3), answered(RIGHT, groups=3), seed=0)
    many = compare(answered(ALWAYS, groups=31), answered(RIGHT, groups=31), seed=0)
    assert few.p_value > many.p_value


def test_an_abstention_is_not_right_and_is_counted() -> None:
    silent = [replace(one, answer=right_answer("abstain")) for one in answered(RIGHT)]
    found = compare(silent, answered(RIGHT), seed=0)
    assert (found.baseline.value, found.baseline.right, found.baseline.abstained) == (0, 0, 60)
    assert found.optimised.value == pytest.approx(1.0)


def test_always_the_same_is_chance_as_classes_count_alike() -> None:
    mostly = answered(ALWAYS)[:20] + answered(ALWAYS)[1:60:2]
    found = compare(mostly, mostly, seed=0)
    assert found.baseline.value == pytest.approx(0.5)
    assert found.baseline.accuracy == commonest(mostly) == pytest.approx(0.8)
    assert found.baseline.interval.low <= 0.5 <= found.baseline.interval.high


def test_answers_on_other_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="different examples"):
        compare(answered(RIGHT), answered(RIGHT)[::-1], seed=0)


def test_every_example_is_answered_once_and_in_order() -> None:
    task, engine = number_task(NumberEngine()), NumberEngine()
    found = answer_all(task.baseline, task.dev, number_judge, engine)
    assert [one.example for one in found] == list(task.dev)
    assert engine.calls == len(task.dev)
