"""What a user of the llama.cpp backend relies on, apart from numbers."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import Failed, Generated, GenerateJob, LoadOptions
from agent_agency.inference.local.llama_cpp.load import load
from agent_agency.inference.models.openvino_folder import NEEDED
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message, Parameters
from support.backend_calls import Calls, prime, score, write

pytest.importorskip("xllamacpp", reason="NOT RUN: the extra 'local' is not installed")

RUBRIC = Message("system", "Judge by the rubric. " * 30)
ITEM = Message("user", "Is the answer 42 right?")
SCHEMAS = (
    {
        "type": "object",
        "properties": {"verdict": {"enum": ["pass", "fail"]}, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["verdict", "score"],
        "additionalProperties": False,
    },
    {"type": "array", "items": {"enum": ["a b", "c"]}, "minItems": 1, "maxItems": 3},
    {
        "type": "object",
        "properties": {"why": {"type": "string", "maxLength": 8}},
        "required": ["why"],
        "additionalProperties": False,
    },
    {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    {"$defs": {"mark": {"type": "integer", "minimum": -2, "maximum": 2}}, "$ref": "#/$defs/mark"},
)
ENDLESS = {"type": "string", "minLength": 5000}
"""Without it a model of random weights may end its answer at any token."""


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_answer_that_ends_is_valid_under_the_schema_and_compact(quick: Calls, schema: dict[str, Any]) -> None:
    asks = [write((RUBRIC, ITEM), 1, schema, temperature=1.0, seed=seed, max_tokens=128) for seed in range(6)]
    for one in quick.write(asks):
        assert one.finish == "stop"
        document = json.loads(one.text)
        assert jsonschema_rs.is_valid(schema, document)
        assert one.text == json.dumps(document, separators=(",", ":"), ensure_ascii="\\u" in one.text)


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"type": "object", "propertyNames": {"pattern": "("}}])
def test_a_schema_that_cannot_be_kept_to_is_refused_not_ignored(quick: Calls, schema: dict[str, Any]) -> None:
    result = quick.together([write((ITEM,), 0, schema, max_tokens=8)])[0]
    assert isinstance(result, Failed)
    assert result.code == "engine.schema_unsupported"


def test_pieces_come_as_they_are_written_and_make_up_the_answer(quick: Calls) -> None:
    pieces: list[str] = []
    done = quick.write([write((ITEM,), 0, ENDLESS, piece=pieces.append, max_tokens=12)])[0]
    assert "".join(pieces) == done.text
    assert len(pieces) > 1


def test_a_stop_string_ends_the_answer_and_is_no_part_of_it(alone: Calls) -> None:
    whole = alone.write([write((RUBRIC, ITEM), 0, ENDLESS, max_tokens=24)])[0]
    stop = whole.text[6:9]
    cut = alone.write([write((RUBRIC, ITEM), 0, ENDLESS, max_tokens=24, stop=(stop,))])[0]
    assert cut.finish == "stop"
    assert cut.text == whole.text[: whole.text.index(stop)]


def test_the_same_seed_draws_the_same_answer_and_another_seed_another(alone: Calls) -> None:
    ask: dict[str, Any] = {"temperature": 1.5, "top_p": 0.95, "repeat_penalty": 1.1, "max_tokens": 12}
    first, second, other = (alone.write([write((ITEM,), 0, ENDLESS, seed=seed, **ask)])[0].text for seed in (7, 7, 8))
    assert first == second != other


def test_tokens_are_counted_and_those_that_were_reused_told_apart(quick: Calls) -> None:
    messages = (Message("system", "Count what is reused. " * 25), ITEM)
    first, second = (quick.write([write(messages, 1, ENDLESS, max_tokens=3)])[0] for _ in range(2))
    assert first.prompt_tokens == second.prompt_tokens == quick.backend.count_tokens(messages)
    assert first.completion_tokens == 3
    assert first.cached_tokens < 30
    assert second.cached_tokens == second.prompt_tokens - 1


def test_a_prefix_is_computed_once_for_all_slots(quick: Calls) -> None:
    rubric = Message("system", "One rubric stands before many items. " * 20)
    once, twice = (quick.together([prime((rubric,))])[0] for _ in range(2))
    assert isinstance(once, Primed)
    assert once.tokens > 100
    assert twice == Primed(once.tokens, 0)
    asks = [write((rubric, Message("user", f"{n} is the item")), 1, max_tokens=2) for n in range(6)]
    assert all(one.cached_tokens >= once.tokens - 1 for one in quick.write(asks))


def test_two_rubrics_do_not_push_each_other_out(quick: Calls) -> None:
    rubrics = [Message("system", f"Rubric {n}. " + "Be strict, be fair, be short. " * 15) for n in range(6)]
    primed = [quick.together([prime((rubric,))])[0] for rubric in rubrics]
    asks = [write((rubric, ITEM), 1, max_tokens=1) for rubric in rubrics * 2]
    for one, kept in zip(quick.write(asks), primed * 2, strict=True):
        assert isinstance(kept, Primed)
        assert one.cached_tokens >= kept.tokens - 1


def test_a_cancelled_job_ends_at_once_and_its_slot_serves_the_next(quick: Calls) -> None:
    ends: list[object] = []
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def hold(_: str) -> None:
        """Until it is cancelled: the answer would else be at the window's end first."""
        begun.set()
        assert go.wait(60)

    def end(result: object) -> None:
        ends.append(result)
        ended.set()

    how = Parameters(max_tokens=100_000, temperature=1.0)
    cancel = quick.backend.submit(GenerateJob((ITEM,), 0, how, ENDLESS, end, hold))
    assert begun.wait(60)
    cancel()
    cancel()
    go.set()
    assert ended.wait(60)
    assert isinstance(ends[0], Failed)
    assert ends[0].code == "engine.cancelled"
    assert len(quick.write([write((ITEM,), max_tokens=2)] * 6)) == 6
    assert len(ends) == 1


def test_a_prompt_too_long_is_refused_before_any_work(quick: Calls) -> None:
    long = (Message("user", "word " * 3000),)
    for ask in (write(long), score(long, ("yes", "no")), prime(long)):
        result = quick.together([ask])[0]
        assert isinstance(result, Failed)
        assert result.code == "engine.prompt_too_long"
        assert "1,024" in result.message


def test_an_answer_is_cut_where_the_window_ends(quick: Calls) -> None:
    messages = (Message("user", "a " * 480),)
    done = quick.write([write(messages, 0, ENDLESS, max_tokens=4000)])[0]
    assert done.finish == "length"
    assert done.prompt_tokens + done.completion_tokens <= 1025


def test_the_files_of_a_model_that_was_let_go_are_gone(nano_model: Path) -> None:
    backend = load(LoadOptions(str(nano_model), width=2, context_tokens=512, threads=1))
    folder: Path = backend._folder.path  # type: ignore[attr-defined]
    calls = Calls(backend)
    assert isinstance(calls.together([prime((RUBRIC,))])[0], Primed)
    assert {one.name for one in folder.iterdir()} >= {"lock", "prefix-1"}
    assert folder.stat().st_mode & 0o077 == 0
    backend.close()
    backend.close()
    assert not folder.exists()
    late = calls.together([write((ITEM,))])[0]
    assert isinstance(late, Failed)
    assert late.code == "engine.closed"


def test_jobs_that_run_when_a_model_is_let_go_end(nano_model: Path) -> None:
    backend = load(LoadOptions(str(nano_model), width=2, context_tokens=4096, threads=1))
    ends: list[object] = []
    begun = threading.Event()
    for _ in range(4):
        how = Parameters(max_tokens=4000, temperature=1.0)
        backend.submit(GenerateJob((ITEM,), 0, how, ENDLESS, ends.append, lambda _: begun.set()))
    assert begun.wait(60)
    backend.close()
    assert len(ends) == 4
    assert all(isinstance(one, Generated | Failed) for one in ends)


def test_nothing_is_kept_where_no_prefix_cache_is_wanted(nano_model: Path) -> None:
    options = LoadOptions(str(nano_model), width=1, context_tokens=512, threads=1, extra={"prefix_cache": False})
    calls = Calls(load(options))
    done = calls.write([write((RUBRIC, ITEM), 1, max_tokens=2)] * 2)
    assert [one.cached_tokens for one in done] == [0, 0]
    assert calls.together([prime((RUBRIC,))])[0] == Primed(0, 0)
    calls.backend.close()


def test_the_window_of_a_request_is_what_was_asked_for_at_any_width(nano_model: Path) -> None:
    for width in (1, 3):
        backend = load(LoadOptions(str(nano_model), width=width, context_tokens=512, threads=1))
        assert (backend.facts.context_tokens, backend.facts.width) == (512, width)
        backend.close()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"extra": {"cache": 1}}, "engine.bad_settings"),
        ({"precision": "some"}, "engine.bad_settings"),
        ({"context_tokens": 10**6}, "engine.bad_settings"),
        ({"width": 0}, "engine.bad_settings"),
    ],
)
def test_settings_that_cannot_be_are_refused(nano_model: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(EngineError) as refused:
        load(LoadOptions(**{"path": str(nano_model), **change}))
    assert refused.value.stable_code == code


def test_a_file_that_is_cut_off_or_no_model_is_told(nano_model: Path, tmp_path: Path) -> None:
    whole = nano_model.read_bytes()
    for name, content, code in (
        ("cut.gguf", whole[: len(whole) // 2], "engine.model_truncated"),
        ("text.gguf", b"hello, this is no model at all", "engine.not_a_model"),
        ("mute.gguf", whole.replace(b"tokenizer.chat_template", b"tokenizer.chat_tamplate"), "engine.no_chat_template"),
        ("odd.gguf", whole.replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight"), "engine.model_unreadable"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(EngineError) as refused:
            load(LoadOptions(str(path), context_tokens=256))
        assert refused.value.stable_code == code


def test_a_folder_of_openvino_s_form_is_told_as_what_it_is(tmp_path: Path) -> None:
    for name in NEEDED:
        (tmp_path / name).write_text("<net></net>")
    with pytest.raises(EngineError, match="reads GGUF files") as refused:
        load(LoadOptions(str(tmp_path)))
    assert refused.value.stable_code == "engine.model_unsupported"


def test_the_engine_writes_nothing_on_its_own(nano_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    backend = load(LoadOptions(str(nano_model), width=1, context_tokens=256, threads=1))
    Calls(backend).together([write((ITEM,), max_tokens=2), write((ITEM,), 0, {"type": "nonsense"})])
    backend.close()
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
