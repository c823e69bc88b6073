from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.protocol import Parameters, Reply, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.judge import judge_version
from agent_agency.judging.normalise import MAX_CHARS
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.shipped import shipped_prompt
from support.counting_engine import CountingEngine
from support.judged import DIFF, a_change, a_judge, an_answer_text


class _Saying(CountingEngine):
    """A double: says these texts, one after the other."""

    def __init__(self, *texts: str) -> None:
        self.requests: list[Request] = []
        super().__init__(answer=self._next)
        self._texts = iter(texts)

    def _next(self, request: Request) -> str:
        self.requests.append(request)
        return next(self._texts)


class _Failing(CountingEngine):
    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code

    def generate(self, request: Request, cancel: object = None) -> Reply:
        del request, cancel
        raise EngineError("It does not answer", fix="Start it.", code=self._code)


def test_a_good_answer_is_one_call() -> None:
    engine = _Saying(an_answer_text())
    made = a_judge(engine).assess(a_change())
    assert (made.answer.verdict, made.answer.score, made.repaired) == ("pass", 0.9, False)
    assert [call.prompt_digest for call in made.calls] == [engine.requests[0].prompt_digest]
    assert made.subject_digest == a_change().digest


def test_a_bad_answer_is_repaired_once_with_what_was_wrong() -> None:
    engine = _Saying("I'd say pass.", an_answer_text())
    made = a_judge(engine).assess(a_change())
    assert (made.answer.verdict, made.repaired, len(made.calls)) == ("pass", True, 2)
    told = engine.requests[1].messages
    assert [one.role for one in told[-2:]] == ["assistant", "user"]
    assert "not one JSON object" in told[-1].content


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "invalid"),
        (an_answer_text(score=0.2), "incoherent"),
        (an_answer_text(evidence=["not there at all"]), "quote"),
    ],
)
def test_a_second_bad_answer_is_an_abstention_with_its_reason_and_no_score(text: str, reason: str) -> None:
    engine = _Saying(text, text)
    made = a_judge(engine).assess(a_change())
    assert made.answer == Answer("abstain", None, None, abstained_because=reason)
    assert made.problem
    assert engine.asked == 2


def test_an_answer_that_was_cut_off_is_not_used_even_where_it_parses() -> None:
    class Cut(CountingEngine):
        def generate(self, request: Request, cancel: object = None) -> Reply:
            del cancel
            return replace(super().generate(request), finish="length")

    made = a_judge(Cut(answer=lambda _: an_answer_text())).assess(a_change())
    assert made.answer.abstained_because == "invalid"
    assert "cut off" in made.problem


@pytest.mark.parametrize(
    ("code", "reason"),
    [("engine.timeout", "timeout"), ("engine.prompt_cut", "prompt_cut"), ("engine.failed", "engine")],
)
def test_a_failing_engine_is_an_abstention_too(code: str, reason: str) -> None:
    made = a_judge(_Failing(code)).assess(a_change())
    assert (made.answer.verdict, made.answer.score, made.answer.abstained_because) == ("abstain", None, reason)


def test_a_text_that_is_too_long_is_not_sent_cut() -> None:
    engine = _Saying()
    made = a_judge(engine).assess(a_change(DIFF + "x" * MAX_CHARS))
    assert (made.answer.abstained_because, engine.asked) == ("too_long", 0)


def test_counting_fails_what_a_model_passes_and_never_the_other_way() -> None:
    broken = a_change(claims=("Only touched shop/prices.py.",))
    made = a_judge(_Saying(an_answer_text()), "faithfulness").assess(broken)
    assert (made.answer.verdict, made.verdict) == ("pass", "fail")
    kept = a_change(claims=("2 files changed.",))
    failed = a_judge(_Saying(an_answer_text(verdict="fail", score=0.1)), "faithfulness").assess(kept)
    assert failed.verdict == "fail"


def test_a_retest_is_asked_with_another_rollout() -> None:
    engine = _Saying(an_answer_text(), an_answer_text())
    judge = a_judge(engine)
    judge.assess(a_change())
    judge.assess(a_change(), rollout=1)
    assert [one.rollout for one in engine.requests] == [0, 1]


def test_the_version_changes_with_whatever_may_change_an_answer() -> None:
    prompt = shipped_prompt("safety")
    identity = {"backend": "llama-server", "model_digest": "sha256:a", "quantisation": "Q4_K_M"}
    shown = Demonstration(a_change(), Answer("pass", 0.9, 0.8, "Good.", ("def test_total():",)))
    other_words = Demonstration(a_change(), Answer("pass", 0.9, 0.8, "Good.", ("def test_total():",), ("More.",)))
    versions = {
        judge_version(prompt, identity, Parameters()),
        judge_version(prompt, {**identity, "quantisation": "Q8_0"}, Parameters()),
        judge_version(prompt, {**identity, "backend": "ollama"}, Parameters()),
        judge_version(prompt, identity, Parameters(temperature=0.1)),
        judge_version(replace(prompt, instructions="Be kind."), identity, Parameters()),
        judge_version(replace(prompt, demonstrations=(shown,)), identity, Parameters()),
        judge_version(replace(prompt, demonstrations=(other_words,)), identity, Parameters()),
    }
    assert len(versions) == 7


def test_a_prompt_for_another_rubric_is_refused() -> None:
    with pytest.raises(JudgeError) as raised:
        a_judge(_Saying(), "relevance", shipped_prompt("safety"))
    assert raised.value.stable_code == "judge.prompt_of_another_rubric"
