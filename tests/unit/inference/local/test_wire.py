from __future__ import annotations

import contextlib
import json
import math
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.labels import LabelRequest, LabelScore
from agent_agency.inference.local import answers, questions
from agent_agency.inference.local.backend import BackendFacts, Failed, Generated, Labelled, LoadOptions
from agent_agency.inference.local.open_questions import Box, OpenQuestions
from agent_agency.inference.local.process_ends import stopped
from agent_agency.inference.local.wire import MAX_LINE_BYTES, Lines, WireError, decode, encode
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message, Parameters, Request, TokenChoice

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
COUNTS = st.integers(1, 10**6)
LOGPROBS = st.floats(max_value=0, allow_nan=False, allow_infinity=False)
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS), min_size=1).map(tuple)
CHOICES = st.builds(TokenChoice, TEXTS, LOGPROBS, st.lists(st.tuples(TEXTS, LOGPROBS), max_size=3).map(tuple))
ANSWERS = st.one_of(
    st.builds(
        Generated, TEXTS, st.sampled_from(["stop", "length"]), COUNTS, COUNTS, st.just(0), st.lists(CHOICES).map(tuple)
    ),
    st.builds(
        Labelled, st.lists(st.builds(LabelScore, TEXTS, LOGPROBS, COUNTS)).map(tuple), COUNTS, COUNTS, st.just(1)
    ),
    st.builds(Primed, COUNTS, COUNTS),
    st.builds(Failed, TEXTS, TEXTS, TEXTS),
    st.builds(answers.Counted, COUNTS),
    st.builds(answers.PieceText, TEXTS),
    st.builds(answers.Pong, COUNTS),
    st.builds(
        BackendFacts,
        engine=TEXTS,
        version=TEXTS,
        precision=TEXTS,
        context_tokens=COUNTS,
        width=COUNTS,
        schema=st.booleans(),
        logprobs=st.integers(-1, 20),
        labels=st.booleans(),
        seed=st.booleans(),
        notes=st.lists(TEXTS).map(tuple),
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
ANSWER = {"id": 0, "is": "generated", "text": "a", "finish": "stop", "prompt": 3, "completion": 1, "cached": 0}
CHANGES: list[dict[str, Any]] = [
    {"id": 1},
    {"id": True},
    {"id": None},
    {"is": "counted", "tokens": 3},
    {"is": "piece"},
    {"is": "pong", "memory": 1},
    {"is": None},
    {"is": ["generated"]},
    {"text": 3},
    {"finish": "x"},
    {"prompt": 0},
    {"prompt": True},
    {"prompt": 10**30},
    {"completion": 1.5},
    {"cached": 4},
    {"logprobs": None},
    {"logprobs": [["a", 0.5, []]]},
    {"logprobs": [["a", -math.inf, []]]},
    {"logprobs": [["a", -1, [["b"]]]]},
    {"is": "failed", "code": 3, "message": "", "fix": ""},
]


def _opened(op: str = "generate") -> tuple[OpenQuestions, Box]:
    asked, box = OpenQuestions(), SimpleQueue()  # type: ignore[var-annotated]
    asked.add(op, box)
    return asked, box


@given(ANSWERS)
def test_every_answer_comes_back_as_it_was(answer: answers.Answer) -> None:
    line = encode({"id": 3, **answers.write(answer)})
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert answers.read(decode(line[:-1])) == answer


@given(MESSAGES, st.builds(Parameters, stop=st.lists(TEXTS).map(tuple)), st.none() | st.just({"type": "object"}))
def test_every_question_arrives_as_it_was(
    messages: tuple[Message, ...], parameters: Parameters, schema: dict[str, Any] | None
) -> None:
    request = Request(messages, parameters, schema, shared=1)
    arrived = decode(encode(questions.generate(request, streamed=True)))
    assert questions.read_messages(arrived) == messages
    assert questions.read_parameters(arrived) == parameters
    assert (arrived["schema"], arrived["shared"], arrived["streamed"]) == (schema, 1, True)
    labels = decode(encode(questions.labels(LabelRequest(messages, ("a", "b")))))
    assert (questions.read_messages(labels), labels["labels"]) == (messages, ["a", "b"])


def test_options_arrive_as_they_were() -> None:
    options = LoadOptions("m.gguf", "exact", 3, 100, 2, 0.5, {"prefix_cache": False})
    assert questions.read_options(decode(encode(questions.load("openvino", options)))) == options


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)), st.lists(st.integers(1, 20)))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    stream, splitter, got = b"".join(line + b"\n" for line in lines), Lines(), []
    for size in cuts:
        got += splitter.feed(stream[:size])
        stream = stream[size:]
    got += splitter.feed(stream)
    assert got == lines


def test_a_line_that_never_ends_is_refused_before_memory_is() -> None:
    splitter = Lines()
    for _ in range(MAX_LINE_BYTES // (1 << 20)):
        assert splitter.feed(b"z" * (1 << 20)) == []
    with pytest.raises(WireError, match="longer than"):
        splitter.feed(b"z")


@given(JSON)
def test_no_document_is_more_than_an_answer_or_refused(value: Any) -> None:
    with contextlib.suppress(WireError):
        assert isinstance(answers.read(decode(json.dumps(value).encode())), answers.Answer)


@pytest.mark.parametrize("line", [b"", b"hello", b"[1]", b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"a":1', b"1 2"])
def test_what_is_no_object_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        decode(line)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_an_answer_with_one_thing_wrong_is_refused(change: dict[str, Any]) -> None:
    asked, box = _opened()
    with pytest.raises(WireError):
        asked.take({**ANSWER, "logprobs": [], **change})
    assert box.empty()
    assert asked.take({**ANSWER, "logprobs": []})[0] == "generate"


def test_a_question_has_one_end() -> None:
    asked, box = _opened()
    asked.take({**ANSWER, "logprobs": []})
    with pytest.raises(WireError, match="not open"):
        asked.take({**ANSWER, "logprobs": []})
    asked.end(stopped())
    assert box.qsize() == 1


def test_a_late_answer_to_a_question_that_was_left_is_no_nonsense() -> None:
    asked, box = _opened()
    overdue = [asked.leave(0), asked.any_left]
    asked.take({**ANSWER, "logprobs": []})
    assert [*overdue, asked.any_left, asked.leave(0)] == [True, True, False, False]
    assert box.empty()


def test_who_asks_after_the_end_is_told_at_once() -> None:
    asked, box = _opened()
    asked.end(stopped())
    late: Box = SimpleQueue()
    asked.add("count", late)
    assert (box.get_nowait(), late.get_nowait()) == (stopped(), stopped())
    assert not asked.any
