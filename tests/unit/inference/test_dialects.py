from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.dialects.detect import detect
from agent_agency.inference.dialects.ollama import OllamaDialect
from agent_agency.inference.dialects.openai import OpenAiDialect
from agent_agency.inference.refusals import refusal
from support.server_engines import ask

_KEYS = st.sampled_from(
    [
        "choices",
        "delta",
        "message",
        "content",
        "finish_reason",
        "done",
        "done_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "prompt_eval_count",
        "eval_count",
        "logprobs",
        "token",
        "logprob",
        "top_logprobs",
        "error",
        "data",
        "id",
        "owned_by",
        "models",
        "name",
        "digest",
        "details",
        "meta",
        "version",
        "model_info",
        "x.context_length",
        "default_generation_settings",
        "n_ctx",
        "template",
        "max_model_len",
    ]
)
_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["stop", "length", "tiny", "vllm", "llamacpp", "", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_EVENTS = st.dictionaries(_KEYS, _ANY, max_size=5)


@given(st.lists(_EVENTS, max_size=3), st.integers(0, 1))
def test_whatever_a_server_sends_is_an_answer_or_a_typed_error(events: list[dict[str, Any]], logprobs: int) -> None:
    for dialect in (OpenAiDialect(), OllamaDialect()):
        for whole in (False, True):
            reader = dialect.reader(ask(top_logprobs=logprobs))
            with contextlib.suppress(EngineError):
                for event in events:
                    assert isinstance(reader.whole(event) if whole else reader.feed(event), str)
                reply = reader.finish()
                assert reply.text.strip()
                assert reply.finish in {"stop", "length"}
                assert all(one.logprob <= 0 for one in reply.logprobs)


@given(st.dictionaries(st.sampled_from(["models", "tags", "show", "props", "version"]), _EVENTS), st.booleans())
def test_whatever_a_server_says_of_itself_is_facts_or_a_typed_error(
    told: dict[str, dict[str, Any]], is_ollama: bool
) -> None:
    def asked(method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        del method, body
        return told.get(path.rpartition("/")[2], {})

    with contextlib.suppress(EngineError):
        _, facts = detect(asked, is_ollama=is_ollama, model="", endpoint="http://h", keep_alive=None)
        assert facts.model_digest.startswith("sha256:")
        assert all(isinstance(value, str) for value in facts.identity.values())


@given(st.integers(300, 599), st.binary(max_size=80) | _ANY.map(lambda value: json.dumps(value).encode()))
def test_every_refusal_is_an_engine_error_with_a_fix(status: int, body: bytes) -> None:
    error = refusal(status, "application/json", body, "host", None)
    assert error.stable_code.startswith("engine.")
    assert error.fix
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (400, "This model's maximum context length is 4096 tokens", "engine.prompt_too_long"),
        (400, "the request exceeds the available context size", "engine.prompt_too_long"),
        (400, "input length exceeds maximum context length", "engine.prompt_too_long"),
        (400, "unknown field", "engine.refused"),
        (401, "no", "engine.refused"),
        (404, "no", "engine.not_found"),
        (302, "", "engine.redirected"),
        (429, "slow down", "engine.busy"),
        (503, "Loading model", "engine.busy"),
        (500, "", "engine.server_failed"),
        (599, "", "engine.server_failed"),
        (418, "", "engine.refused"),
    ],
)
def test_each_status_has_its_meaning(status: int, said: str, code: str) -> None:
    body = json.dumps({"error": {"message": said}}).encode()
    assert refusal(status, "application/json", body, "host", None).stable_code == code


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://api.openai.com.example.org/v1", "max_tokens"),
        ("http://127.0.0.1:8080/v1", "max_tokens"),
    ],
)
def test_the_limit_of_an_answer_has_the_name_that_the_server_knows(endpoint: str, key: str) -> None:
    def asked(method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        del method, body
        return {"data": [{"id": "m", "owned_by": "x"}]} if path == "/v1/models" else {}

    dialect, _ = detect(asked, is_ollama=False, model="m", endpoint=endpoint, keep_alive=None)
    assert dialect.body(ask(max_tokens=7), "m", None)[key] == 7
