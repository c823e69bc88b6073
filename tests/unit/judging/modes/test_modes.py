from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.labels import LabelReply, LabelRequest, LabelScore
from agent_agency.inference.protocol import Usage
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_form import FULL
from agent_agency.judging.batch_outcome import work_of
from agent_agency.judging.judge import Judge, judge_version
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.modes.calibration import Calibration
from agent_agency.judging.modes.label_first import LabelFirst
from agent_agency.judging.modes.label_judge import LabelJudge
from agent_agency.judging.modes.label_words import WORDINGS, label_form, labels_of
from agent_agency.judging.modes.limits import DEFAULT_LIMITS, Limits
from agent_agency.judging.modes.short_answer import SHORT
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject
from support.counting_engine import CountingEngine
from support.judged import FENCE, a_change
from support.label_engine import LabelRuleEngine

SHOWN = (
    Demonstration(a_change(), Answer("pass", 0.93, 0.8, "Good.", ("def test_total():",))),
    Demonstration(a_change(task="Other."), Answer("abstain", None, None, "Who knows.", ("def test_total():",))),
)


def _text(output: str = "It is good.\nVery good.") -> Subject:
    return Subject("one", "text", "Say whether it is good.", output)


def _label(engine: Any, *, wording: Any = "words", shown: Any = (), **more: Any) -> LabelJudge:
    layout = Layout(shipped_rubric("rubric"), FENCE, (), label_form(wording))
    return LabelJudge(shipped_prompt("rubric", shown), engine, layout, wording=wording, **more)


def _judge(engine: Any, form: Any = FULL, shown: Any = ()) -> Judge:
    return Judge(shipped_prompt("rubric", shown), engine, Layout(shipped_rubric("rubric"), FENCE, (), form))


def _calibrated(engine: Any, **members: Any) -> Calibration:
    given = {"temperature": 1.0, "biases": (0.0, 0.0, 0.0), **members}
    return Calibration(_label(engine).base, "fitted", items=50, data="sha256:d", **given)


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_label_that_a_model_would_most_likely_write_is_the_verdict(wording: Any) -> None:
    engine = LabelRuleEngine()
    judge = _label(engine, wording=wording)
    made = judge.assess(_text())
    assert (made.verdict, made.mode, made.answer.evidence) == ("pass", "label", ())
    assert not made.has_evidence
    assert made.scored is not None
    assert (dict(made.scored.probabilities)["pass"], made.scored.calibration) == (made.answer.confidence, "")
    assert judge.assess(_text("bad")).verdict == "fail"
    assert [one.labels for one in engine.labels] == [labels_of(wording)] * 2
    assert engine.asked == 0
    assert made.calls[0].prompt_digest == engine.labels[0].prompt_digest


def test_labels_are_compared_per_token() -> None:
    engine = LabelRuleEngine(rule=lambda _: {"fail": -2.0, "partial": -9.0, "pass": -3.0}, tokens={"pass": 3})
    assert _label(engine).assess(_text()).verdict == "pass"


def test_a_label_is_shown_and_asked_for_as_one_word() -> None:
    engine = LabelRuleEngine()
    _label(engine, shown=SHOWN).assess(_text())
    messages = engine.labels[0].messages
    assert [one.role for one in messages] == ["system", "user", "assistant", "user"]
    assert messages[2].content == "pass"
    assert messages[-1].content.endswith("Answer with the one word only.")
    assert engine.labels[0].shared == 3


def test_a_calibration_changes_the_verdict_and_the_version() -> None:
    engine = LabelRuleEngine()
    against = _calibrated(engine, biases=(9.0, 0.0, -9.0))
    judge = _label(engine, calibration=against)
    made = judge.assess(_text("good"))
    assert (made.verdict, made.scored and made.scored.calibration) == ("fail", against.digest)
    assert judge.version != _label(engine).version
    assert judge.base == _label(engine).base
    with pytest.raises(JudgeError) as raised:
        _label(engine, wording="letters", calibration=against)
    assert raised.value.stable_code == "judge.calibration_of_another"


def test_what_is_not_likely_enough_is_an_abstention_that_says_so() -> None:
    engine = LabelRuleEngine(rule=lambda _: {"fail": -1.0, "partial": -1.0, "pass": -1.0})
    made = _label(engine).assess(_text())
    assert (made.answer.verdict, made.answer.abstained_because, made.answer.score) == ("abstain", "unsure", None)
    assert "0.33" in made.problem
    assert made.scored is not None


@pytest.mark.parametrize(
    "scores",
    [
        (LabelScore("fail", -1.0, 1), LabelScore("pass", -1.0, 1)),
        (LabelScore("fail", -1.0, 1), LabelScore("pass", -1.0, 1), LabelScore("pass", -2.0, 1)),
        (LabelScore("fail", -1.0, 1), LabelScore("partial", float("nan"), 1), LabelScore("pass", -2.0, 1)),
        (LabelScore("fail", -1.0, 1), LabelScore("partial", -3.0, 0), LabelScore("pass", -2.0, 1)),
    ],
)
def test_scores_that_are_not_one_for_each_label_are_no_verdict(scores: tuple[LabelScore, ...]) -> None:
    class Odd(LabelRuleEngine):
        def score_labels(self, request: LabelRequest, cancel: object = None) -> LabelReply:
            del request, cancel
            return LabelReply(scores, Usage(None, None), "double", "sha256:0", 0.0)

    assert _label(Odd()).assess(_text()).answer.abstained_because == "invalid"


def test_an_engine_without_labels_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(EngineError) as raised:
        _label(CountingEngine())
    assert raised.value.stable_code == "engine.no_labels"


def test_every_mode_and_order_is_another_version_and_whole_answers_keep_theirs() -> None:
    engine = LabelRuleEngine()
    full = _judge(engine)
    assert full.version == judge_version(full.prompt, engine.identity, full.parameters)
    versions = {full.version, _judge(engine, SHORT).version, _label(engine).version}
    versions |= {_label(engine, wording="letters").version, _label(engine, abstain_below=0.6).version}
    assert len(versions) == 5


def _cascade(engine: LabelRuleEngine, limits: Limits | None = None) -> LabelFirst:
    return LabelFirst(_label(engine, calibration=_calibrated(engine)), _judge(engine), limits)


def test_only_doubtful_labels_take_a_whole_answer() -> None:
    engine = LabelRuleEngine()
    judge = _cascade(engine)
    sure, doubtful = judge.assess(_text("good good good")), judge.assess(_text("neither bad nor good, but good"))
    assert (sure.mode, len(sure.calls), sure.judge_version) == ("label", 1, judge.version)
    assert (doubtful.mode, len(doubtful.calls), doubtful.judge_version) == ("full", 2, judge.version)
    assert doubtful.has_evidence
    assert (engine.asked, len(engine.labels)) == (1, 2)


def test_limits_that_nobody_chose_leave_no_doubt_between_two_verdicts_below_pass() -> None:
    """Whether it is fail or partial is as open here as it can be, however sure it is that it is no pass."""
    engine = LabelRuleEngine(rule=lambda _: {"fail": -1.0, "partial": -1.1, "pass": -9.0})
    assert _label(engine, calibration=_calibrated(engine)).assess(_text()).verdict == "fail"
    assert _cascade(engine).assess(_text()).mode == "full"
    chosen = _cascade(engine, DEFAULT_LIMITS)
    assert chosen.assess(_text()).mode == "label"
    assert chosen.version != _cascade(engine).version


def test_a_probability_that_is_just_too_little_does_not_look_like_enough() -> None:
    engine = LabelRuleEngine(rule=lambda _: {"fail": -1.0, "partial": -9.0, "pass": -0.9999})
    made = _label(engine).assess(_text())
    assert made.answer.abstained_because == "unsure"
    assert "0.499" in made.problem


def test_a_label_that_is_missing_for_its_own_reason_goes_on_and_one_of_a_dead_engine_does_not() -> None:
    engine = LabelRuleEngine(rule=lambda _: {"fail": -1.0, "partial": -1.0, "pass": -1.0})
    assert _cascade(engine).assess(_text()).mode == "full"

    class Dead(LabelRuleEngine):
        def score_labels(self, request: LabelRequest, cancel: object = None) -> LabelReply:
            del request, cancel
            raise EngineError("It does not answer", fix="Start it.", code="engine.unreachable")

    dead = Dead()
    assert _cascade(dead).assess(_text()).answer.abstained_because == "engine"
    assert dead.asked == 0


def test_where_a_server_does_not_show_a_label_a_whole_answer_is_asked_for_and_nobody_is_left_alone() -> None:
    class Hiding(LabelRuleEngine):
        def score_labels(self, request: LabelRequest, cancel: object = None) -> LabelReply:
            del request, cancel
            raise EngineError("It does not show 'fail'", fix="Use letters.", code="engine.no_labels")

    engine = Hiding()
    made = _label(engine).assess(_text())
    work = work_of(made)
    assert (made.answer.abstained_because, work.status, work.settled) == ("no_labels", "error", True)
    assert _cascade(engine).assess(_text()).mode == "full"


def test_labels_without_a_calibration_decide_nothing() -> None:
    engine = LabelRuleEngine()
    with pytest.raises(JudgeError) as raised:
        LabelFirst(_label(engine), _judge(engine))
    assert raised.value.stable_code == "judge.not_calibrated"


def test_the_limits_belong_to_the_version_and_those_of_the_calibration_count() -> None:
    engine = LabelRuleEngine()
    chosen = replace(_calibrated(engine), limits=Limits(0.2, 0.7))
    judge = LabelFirst(_label(engine, calibration=chosen), _judge(engine))
    assert judge.limits == Limits(0.2, 0.7)
    assert len({judge.version, _cascade(engine).version, _cascade(engine, Limits(0.2, 0.7)).version}) == 3
