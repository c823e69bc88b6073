"""A search finds a better prompt, the same one each time, and never takes a failure for a score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.errors import EngineError, LearningError
from agent_agency.extras import require
from agent_agency.inference.protocol import Cancel, Engine, Reply, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.subject import Subject
from agent_agency.learning.optimise.limits import CountedEngine, Halt, Limits
from agent_agency.learning.optimise.search import search
from agent_agency.learning.optimise.task import Found, Plan, Trial
from support.number_judge import NumberEngine, number_task

SMALL = Plan(trials=8, candidates=4, demonstrations=4, minibatch=10)


def found(plan: Plan = SMALL, *, language: bool = False) -> Found:
    reflector = NumberEngine(language=language)
    return search(number_task(NumberEngine(), reflector=reflector), plan, lambda _: None)


def test_better_demonstrations_are_found() -> None:
    result = found()
    assert result.score > result.baseline_score
    assert len(result.prompt.demonstrations) <= SMALL.demonstrations
    assert result.prompt.instructions == "Judge it."
    assert "no language model" in result.note


def test_the_same_seed_finds_the_same_prompt_and_another_may_not() -> None:
    assert found() == found()
    assert found(replace(SMALL, seed=5)).trials != found().trials


def test_threads_change_nothing() -> None:
    assert found(replace(SMALL, threads=4)) == found()


def test_a_language_model_words_instructions_anew() -> None:
    result = found(language=True)
    assert result.proposals > 0
    assert result == found(language=True)


def test_a_search_reports_the_best_score_so_far_as_it_goes() -> None:
    told: list[Trial] = []
    result = search(number_task(NumberEngine()), SMALL, told.append)
    assert tuple(told) == result.trials
    assert [one.best for one in told] == sorted(one.best for one in told)
    assert told[0].whole
    assert told[0].score == result.baseline_score


def test_fewer_combinations_than_full_evaluations_end_well() -> None:
    result = found(replace(SMALL, trials=30, candidates=2))
    assert result.score >= result.baseline_score


def test_a_single_candidate_is_the_baseline() -> None:
    result = found(replace(SMALL, candidates=1))
    assert result.score == result.baseline_score


@pytest.mark.parametrize("optimizer", ["mipro", "gepa"])
def test_an_engine_that_dies_halts_the_search(optimizer: str) -> None:
    engine = CountedEngine(NumberEngine(fails_after=40), Limits(), lambda: 0.0)
    plan = replace(SMALL, optimizer="gepa" if optimizer == "gepa" else "mipro")
    with pytest.raises(Halt) as halted:
        search(number_task(engine), plan, lambda _: None)
    assert halted.value.why == "engine"
    assert isinstance(halted.value.error, EngineError)


def test_an_allowance_that_is_used_up_halts_the_search() -> None:
    inner = NumberEngine()
    with pytest.raises(Halt) as halted:
        search(number_task(CountedEngine(inner, Limits(calls=50), lambda: 0.0)), SMALL, lambda _: None)
    assert halted.value.why == "calls"
    assert inner.calls == 50


def test_a_defect_of_a_judge_is_no_score() -> None:
    def broken(engine: Engine, prompt: JudgePrompt, subject: Subject) -> Answer:
        del engine, prompt, subject
        raise ZeroDivisionError

    with pytest.raises(Halt) as halted:
        search(replace(number_task(NumberEngine()), judge=broken), replace(SMALL, candidates=1), lambda _: None)
    assert isinstance(halted.value.error, ZeroDivisionError)


def test_ctrl_c_goes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        search(number_task(NumberEngine(stops_after=60)), SMALL, lambda _: None)


class TestGepa:
    def test_an_engine_that_is_no_language_model_changes_nothing(self) -> None:
        result = found(replace(SMALL, optimizer="gepa"))
        assert result.score == result.baseline_score
        assert result.proposals == 0

    def test_instructions_that_make_no_difference_are_not_accepted(self) -> None:
        result = found(replace(SMALL, optimizer="gepa"), language=True)
        assert result.proposals > 0
        assert result.score == result.baseline_score
        assert "0 were accepted" in result.note

    def test_instructions_that_help_are_kept(self) -> None:
        def obedient(engine: Engine, prompt: JudgePrompt, subject: Subject) -> Answer:
            del engine
            told = "wording" in prompt.instructions
            number = float(subject.output)
            right = 0.3 < number < 0.5 or number > 0.8
            return Answer("pass" if right or not told else "fail", 0.5, 0.5, "So it is.")

        task = replace(number_task(NumberEngine(), reflector=NumberEngine(language=True)), judge=obedient)
        result = search(task, replace(SMALL, optimizer="gepa"), lambda _: None)
        assert result.score == pytest.approx(1.0)
        assert "wording" in result.prompt.instructions
        assert result.prompt.demonstrations == task.baseline.demonstrations

    def test_a_reflector_that_answers_nothing_is_seen(self) -> None:
        class Mute(NumberEngine):
            def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
                return replace(super().generate(request, cancel), text=" ")

        result = search(
            number_task(NumberEngine(), reflector=Mute(language=True)),
            replace(SMALL, optimizer="gepa"),
            lambda _: None,
        )
        assert result.note.startswith("0 of ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trials": 0}, "counted from 1"),
        ({"candidates": 0}, "counted from 1"),
        ({"demonstrations": 3}, "more than 3"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, int], said: str) -> None:
    with pytest.raises(LearningError, match=said):
        found(replace(SMALL, **change))  # type: ignore[arg-type]


def test_examples_of_one_program_on_both_sides_are_refused() -> None:
    task = number_task(NumberEngine())
    with pytest.raises(LearningError, match="share the group"):
        search(replace(task, dev=(*task.dev, task.train[0])), SMALL, lambda _: None)


def test_the_methods_of_dspy_that_are_overridden_are_there() -> None:
    from agent_agency.learning.optimise.mipro import _class

    theirs = require("dspy", extra="optimize").MIPROv2
    for name in vars(_class()):
        assert name.startswith("__") or callable(getattr(theirs, name))
