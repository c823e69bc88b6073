from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError, FileUnreadableError, FileUnwritableError
from agent_agency.inference import replay
from agent_agency.inference.protocol import Parameters, Reply, TokenChoice, Usage
from agent_agency.inference.replay import Recorder, ReplayEngine
from agent_agency.inference.reply_document import from_document, to_document
from support.counting_engine import CountingEngine, a_request


def _record(path: Path, *texts: str) -> None:
    with Recorder(CountingEngine(), path) as engine:
        for text in texts:
            engine.generate(a_request(text))


def test_what_was_recorded_is_answered_again_and_named_as_no_language_model(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    _record(path, "one", "two")
    engine = ReplayEngine(path)
    assert [engine.generate(a_request(text)).text for text in ("one", "two")] == ["eno", "owt"]
    assert engine.generate(a_request("one")).model == "double"
    assert not engine.capabilities().language_model
    assert engine.health().ready
    assert engine.identity["backend"] == "replay"


def test_a_question_that_was_not_recorded_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    _record(path, "one")
    engine = ReplayEngine(path)
    for request in (
        a_request("two"),
        a_request("one", rollout=1),
        replace(a_request("one"), schema={}),
        replace(a_request("one"), parameters=Parameters(seed=5)),
    ):
        with pytest.raises(EngineError) as caught:
            engine.generate(request)
        assert caught.value.stable_code == "engine.not_recorded"


def test_recording_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    _record(path, "one", "two")
    path.write_bytes(path.read_bytes()[:-30])
    _record(path, "two", "three")
    engine = ReplayEngine(path)
    assert [engine.generate(a_request(text)).text for text in ("one", "two", "three")] == ["eno", "owt", "eerht"]


def test_the_first_answer_to_a_question_stays(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    _record(path, "one")
    before = path.read_bytes()
    with Recorder(CountingEngine(answer=lambda _: "another"), path) as engine:
        assert engine.generate(a_request("one")).text == "another"
    assert path.read_bytes() == before


def test_streams_are_recorded_whole(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Recorder(CountingEngine(), path) as engine:
        assert len(list(engine.stream(a_request("abcd")))) == 2
    (piece,) = ReplayEngine(path).stream(a_request("abcd"))
    assert piece.text == "dcba"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "no JSON"),
        (b'{"schema_version":1,"key":"sha256:x"}', "the reply is no object"),
        (b'{"schema_version":2}', "schema_version"),
        (b"[1]", "schema_version"),
        (b'{"schema_version":1,"key":"sha256:x","reply":NaN}', "NaN"),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "answers.jsonl"
    _record(path, "one")
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(EngineError, match=said) as caught:
        ReplayEngine(path)
    assert (caught.value.line, caught.value.path) == (2, str(path))


def test_two_different_answers_to_one_question_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    _record(path, "one")
    line = path.read_bytes()
    path.write_bytes(line + line.replace(b'"eno"', b'"neo"'))
    with pytest.raises(EngineError) as caught:
        ReplayEngine(path)
    assert caught.value.line == 2


def test_no_recording_no_engine(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        ReplayEngine(tmp_path / "none.jsonl")


def test_a_source_without_end_is_no_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MAX_RECORDING_BYTES", 1000)
    with pytest.raises(FileUnreadableError, match="larger than 1,000 bytes"):
        ReplayEngine(Path("/dev/zero"))


def test_one_file_has_one_recorder(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Recorder(CountingEngine(), path), pytest.raises(FileUnwritableError):
        Recorder(CountingEngine(), path)


_tokens = st.builds(
    TokenChoice,
    st.text(st.characters(exclude_categories=["Cs"])),
    st.floats(max_value=0, allow_infinity=False),
    st.lists(st.tuples(st.just("x"), st.floats(max_value=0, allow_infinity=False))).map(tuple),
)
_counts = st.none() | st.integers(0, 10**6)


@given(
    st.builds(
        Reply,
        text=st.text(st.characters(exclude_categories=["Cs"])),
        finish=st.sampled_from(["stop", "length"]),
        usage=st.builds(Usage, _counts, _counts, _counts),
        model=st.just("m"),
        model_digest=st.just("sha256:0"),
        latency_s=st.floats(0, 1e6),
        logprobs=st.lists(_tokens, max_size=3).map(tuple),
    )
)
def test_a_reply_reads_back_as_it_was(reply: Reply) -> None:
    assert from_document(to_document(reply)) == reply
