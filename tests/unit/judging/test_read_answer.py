from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_schema import BANDS, MEMBERS, answer_schema, answer_text
from agent_agency.judging.prepare import material, prepared
from agent_agency.judging.read_answer import Refused, read_answer
from support.judged import QUOTE, a_change, an_answer, an_answer_text

MATERIAL = material(prepared(a_change()))
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _reason(text: str) -> str:
    read = read_answer(text, MATERIAL)
    assert isinstance(read, Refused), read
    assert read.problem
    return read.reason


def test_a_valid_answer_is_read_member_by_member() -> None:
    read = read_answer(an_answer_text(), MATERIAL)
    assert read == Answer("pass", 0.9, 0.8, "The prices are added up.", (QUOTE,), ("Name the unit.",))


def test_an_answer_written_by_us_is_read_back() -> None:
    answer = Answer("fail", 0.0, 1.0, "It does not.", (QUOTE,))
    assert read_answer(answer_text(answer), MATERIAL) == answer


@pytest.mark.parametrize("wrapping", ["```json\n{}\n```", "```\n{}\n```", "<think>maybe fail?</think>\n{}", "\n {} \n"])
def test_what_models_put_around_an_object_is_taken_off(wrapping: str) -> None:
    assert isinstance(read_answer(wrapping.replace("{}", an_answer_text()), MATERIAL), Answer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pass",
        "0.9",
        "The score is 0.9.",
        f"Here it is: {an_answer_text()}",
        f"{an_answer_text()}\n{an_answer_text(verdict='fail', score=0.1)}",
        an_answer_text()[:-1],
        an_answer_text()[:-1] + ',"score":0.1}',
        json.dumps([an_answer()]),
        an_answer_text(verdict="PASS"),
        an_answer_text(verdict="excellent"),
        an_answer_text(score="0.9"),
        an_answer_text(score=True),
        an_answer_text(score=1.5),
        an_answer_text(score=-0.1),
        an_answer_text(score=9, verdict="pass"),
        an_answer_text().replace("0.9", "NaN"),
        an_answer_text().replace("0.9", "1e999"),
        an_answer_text(confidence=[0.5]),
        an_answer_text(reasoning=" "),
        an_answer_text(reasoning=None),
        an_answer_text(evidence=QUOTE),
        an_answer_text(evidence=[QUOTE] * 9),
        an_answer_text(suggestions=[1]),
        an_answer_text(grade="A"),
        "x" * 70_000,
    ],
)
def test_what_is_not_the_schema_is_refused_and_never_guessed(text: str) -> None:
    assert _reason(text) == "invalid"


@pytest.mark.parametrize(
    "members",
    [
        {"verdict": "pass", "score": 0.3},
        {"verdict": "fail", "score": 0.8},
        {"verdict": "partial", "score": 0.95},
        {"verdict": "pass", "score": None},
        {"verdict": "pass", "confidence": None},
        {"verdict": "abstain", "score": 0.5, "confidence": None},
        {"verdict": "abstain", "score": None, "confidence": 0.5},
    ],
)
def test_a_score_that_does_not_go_with_its_verdict_is_refused(members: dict[str, Any]) -> None:
    assert _reason(an_answer_text(**members)) == "incoherent"


@pytest.mark.parametrize(
    "quotes",
    [
        [],
        ["return sum(item.cost for item in items)"],
        [QUOTE, "the tests all pass, trust me"],
        ["sum"],
        ["("],
        ["Make `total` add up the prices"],  # the task is no evidence
    ],
)
def test_evidence_that_does_not_stand_in_the_judged_text_is_refused(quotes: list[str]) -> None:
    assert _reason(an_answer_text(evidence=quotes)) == "quote"


@pytest.mark.parametrize(
    "quote",
    [
        "+    return sum(item.price for item in items)",
        "return  sum(item.price   for item in items)",
        "-    return sum(items)\n+    return sum(item.price for item in items)",
        "return sum(items)\n    return sum(item.price for item in items)",
        "Added a test.",
    ],
)
def test_evidence_may_be_copied_with_or_without_marks_and_indentation(quote: str) -> None:
    assert isinstance(read_answer(an_answer_text(evidence=[quote]), MATERIAL), Answer)


def test_an_abstention_needs_no_evidence() -> None:
    read = read_answer(an_answer_text(verdict="abstain", score=None, confidence=None, evidence=[]), MATERIAL)
    assert isinstance(read, Answer)
    assert read.abstained


def test_where_there_is_nothing_to_quote_none_is_asked_for() -> None:
    assert isinstance(read_answer(an_answer_text(evidence=[], verdict="fail", score=0.0), ""), Answer)


def test_the_members_are_asked_for_in_the_order_evidence_reasoning_verdict() -> None:
    assert tuple(answer_schema()["properties"]) == MEMBERS
    assert MEMBERS[:3] == ("evidence", "reasoning", "verdict")


@given(st.sampled_from(MEMBERS), _JSON)
def test_any_change_of_a_member_is_valid_or_refused(member: str, value: Any) -> None:
    _holds_or_is_refused(json.dumps({**an_answer(), member: value}))


@given(st.data())
def test_any_damage_to_the_text_is_valid_or_refused(data: st.DataObject) -> None:
    text = an_answer_text()
    at = data.draw(st.integers(0, len(text)))
    upto = data.draw(st.integers(at, min(len(text), at + 8)))
    _holds_or_is_refused(text[:at] + data.draw(st.text(max_size=4)) + text[upto:])


def _holds_or_is_refused(text: str) -> None:
    """What is read as an answer keeps to the schema, its band and its quotes; the schema's own library agrees."""
    read = read_answer(text, MATERIAL)
    if isinstance(read, Refused):
        return
    jsonschema_rs.validate(answer_schema(), json.loads(answer_text(read)))
    if read.abstained:
        assert read.score is None
    else:
        assert read.score is not None
        low, high = BANDS[read.verdict]
        assert low <= read.score <= high
        assert read.evidence
