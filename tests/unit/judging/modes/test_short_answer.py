"""The form ``short``: whatever its schema lets an engine write can be used."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.offline.engine import OfflineEngine
from agent_agency.judging.answer import VERDICTS, Answer, Verdict
from agent_agency.judging.answer_schema import BANDS
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.modes.short_answer import SHORT, read_short, short_schema
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.read_answer import Refused
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject
from support.judged import FENCE, a_change
from support.label_engine import LabelRuleEngine

SHOWN = (
    Demonstration(a_change(), Answer("pass", 0.93, 0.8, "Good.", ("def test_total():",))),
    Demonstration(a_change(task="Other."), Answer("abstain", None, None, "Who knows.", ("def test_total():",))),
)
TEXTS: list[str] = short_schema()["properties"]["verdict"]["enum"]
BLANKS = st.text(alphabet=" \t\n", max_size=3)


def _judge(engine: Any, shown: tuple[Demonstration, ...] = ()) -> Judge:
    return Judge(shipped_prompt("rubric", shown), engine, Layout(shipped_rubric("rubric"), FENCE, (), SHORT))


def _any_answer() -> st.SearchStrategy[Answer]:
    decided = [st.builds(Answer, st.just(one), st.floats(*band), st.none()) for one, band in BANDS.items()]
    return st.one_of(st.just(Answer("abstain", None, None)), *decided)


@given(st.sampled_from(TEXTS), BLANKS, BLANKS, BLANKS, st.booleans())
def test_whatever_the_schema_admits_is_an_answer(text: str, first: str, second: str, last: str, escaped: bool) -> None:
    said = json.dumps(text)
    if escaped:
        said = said.replace("a", "\\u0061")
    written = f'{{{first}"verdict"{second}:{second}{said}{last}}}'
    jsonschema_rs.validate(short_schema(), json.loads(written))
    read = read_short(written)
    assert isinstance(read, Answer), read
    assert read.verdict == text.split(" ", maxsplit=1)[0]
    assert (read.score is None) == read.abstained
    if read.score is not None:
        low, high = BANDS[read.verdict]
        assert low <= read.score <= high


def test_the_schema_has_every_step_of_every_band_and_nothing_else() -> None:
    assert len(TEXTS) == len(set(TEXTS)) == 14
    assert {one.split(" ")[0] for one in TEXTS} == set(VERDICTS)
    assert [one for one in TEXTS if one.startswith("partial")] == [f"partial 0.{step}" for step in (4, 5, 6, 7)]
    assert not [one for one in TEXTS for other in TEXTS if one != other and other.startswith(one)]


def test_the_schema_is_of_the_kind_that_the_strict_form_of_servers_takes() -> None:
    schema = short_schema()
    assert set(schema) == {"type", "properties", "required", "additionalProperties"}
    assert schema["required"] == list(schema["properties"]) == ["verdict"]
    assert schema["additionalProperties"] is False


@given(_any_answer())
def test_an_answer_is_shown_as_one_that_the_schema_admits(answer: Answer) -> None:
    written = SHORT.written(answer)
    jsonschema_rs.validate(short_schema(), json.loads(written))
    read = read_short(written)
    assert isinstance(read, Answer)
    assert (read.verdict, read.confidence) == (answer.verdict, None)
    assert read.score == (None if answer.score is None else pytest.approx(answer.score, abs=0.0500001))


def test_a_short_answer_has_verdict_and_score_and_no_evidence() -> None:
    engine = LabelRuleEngine()
    made = _judge(engine, SHOWN).assess(Subject("one", "text", "Say whether it is good.", "It is good.\nVery good."))
    assert (made.verdict, made.answer.score, made.answer.confidence, made.mode) == ("pass", 0.9, None, "short")
    assert not made.has_evidence
    request = engine.asks[0]
    assert request.schema == SHORT.schema
    assert [one.content for one in request.messages[2::2]][:2] == ['{"verdict":"pass 0.9"}', '{"verdict":"abstain"}']


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"verdict":"pass 0.85"}', Answer("pass", 0.85, None)),
        ('{"verdict":"fail 0"}', Answer("fail", 0.0, None)),
        ('```json\n{"verdict": "abstain"}\n```', Answer("abstain", None, None)),
    ],
)
def test_what_an_engine_without_schemas_may_write_instead_is_read_too(text: str, answer: Answer) -> None:
    assert read_short(text) == answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"verdict":"pass 0.2"}', "incoherent"),
        ('{"verdict":"pass"}', "incoherent"),
        ('{"verdict":"abstain 0.5"}', "incoherent"),
        ('{"verdict":"abstain 0.0"}', "incoherent"),
        ('{"verdict":"pass true"}', "invalid"),
        ('{"verdict":"pass 1.5"}', "incoherent"),
        ('{"verdict":"pass 2"}', "invalid"),
        ('{"verdict":"pass -0"}', "invalid"),
        ('{"verdict":"pass  0.8"}', "invalid"),
        ('{"verdict":"pass \\u0661"}', "invalid"),
        ('{"verdict":"good 0.9"}', "invalid"),
        ('{"verdict":["pass 0.9"]}', "invalid"),
        ('{"verdict":"pass","score":0.9}', "invalid"),
        ('{"verdict":"pass 0.9","why":"x"}', "invalid"),
        ("{}", "invalid"),
        ("pass 0.9", "invalid"),
    ],
)
def test_a_short_answer_that_breaks_a_rule_is_refused(text: str, reason: str) -> None:
    read = read_short(text)
    assert isinstance(read, Refused)
    assert read.reason == reason


def test_a_judge_whose_short_answers_have_another_shape_is_another_version() -> None:
    engine, prompt = LabelRuleEngine(), shipped_prompt("rubric")
    forms = (SHORT, replace(SHORT, shape="Answer."), replace(SHORT, schema={"type": "object"}))
    judges = [Judge(prompt, engine, Layout(shipped_rubric("rubric"), FENCE, (), form)) for form in forms]
    assert len({one.version for one in judges}) == 3


def _shown(output: str, verdict: Verdict, score: float) -> Demonstration:
    return Demonstration(
        Subject(output, "text", "Name a fruit.", output), Answer(verdict, score, 0.9, "So.", (output,))
    )


def test_the_engine_without_a_model_votes_for_verdicts_and_not_for_their_scores() -> None:
    """Two passes with different scores outvote one fail that stands as near."""
    shown = (_shown("an apple", "pass", 0.7), _shown("an apple!", "pass", 1.0), _shown("an apple?", "fail", 0.1))
    made = _judge(OfflineEngine(), shown).assess(Subject("asked", "text", "Name a fruit.", "an apple."))
    assert made.answer.abstained_because == ""
    assert made.verdict == "pass"
    assert made.answer.score in {0.8, 0.9}
