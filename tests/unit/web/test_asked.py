from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.protocol import Message, Parameters
from agent_agency.web.answers import refusal
from agent_agency.web.asked import AskedWrongError, Chat, read_chat, read_labels
from agent_agency.web.face import FaceLimits

LIMITS = FaceLimits()
USER = [{"role": "user", "content": "hi"}]


def _chat(**body: Any) -> Chat:
    data = json.dumps({"messages": USER, **body}).encode()
    return read_chat(data, "m", Parameters(max_tokens=7, temperature=0.5), LIMITS)


def test_what_a_request_leaves_open_is_as_the_engines_settings_say() -> None:
    chat = _chat()
    assert (chat.request.parameters.max_tokens, chat.request.parameters.temperature) == (7, 0.5)
    assert (chat.stream, chat.usage, chat.logprobs, chat.priority) == (False, False, None, 0)


def test_every_known_member_is_heeded() -> None:
    chat = _chat(
        model="m",
        messages=[
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "c", "tool_calls": None},
        ],
        temperature=1,
        top_p=0.5,
        max_tokens=3,
        max_completion_tokens=4,
        seed=None,
        stop="x",
        stream=True,
        stream_options={"include_usage": True},
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        logprobs=True,
        top_logprobs=3,
        deadline_s=2,
        priority=5,
        shared=1,
        rollout=2,
        user="u",
        n=1,
        tools=[],
    )
    request, drawn = chat.request, chat.request.parameters
    assert request.messages == (Message("system", "be brief"), Message("user", "ab"), Message("assistant", "c"))
    assert (drawn.temperature, drawn.top_p, drawn.max_tokens, drawn.seed, drawn.stop) == (1.0, 0.5, 4, None, ("x",))
    assert (drawn.top_logprobs, chat.logprobs, request.schema) == (3, 3, {"type": "object"})
    assert (request.deadline_s, chat.priority, request.shared, request.rollout) == (2.0, 5, 1, 2)
    assert (chat.task, _chat(task="t", user="u").task, _chat().task) == ("u", "t", "")
    assert chat.stream
    assert chat.usage
    assert _chat(response_format={"type": "json_object"}).request.schema == {"type": "object"}


@pytest.mark.parametrize(
    ("body", "param", "status"),
    [
        ({"model": "other"}, "model", 404),
        ({"messages": "x"}, "messages", 400),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role", 400),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role", 400),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content", 400),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content", 400),
        ({"messages": [{"role": "user", "content": "x", "audio": {}}]}, "messages[0].audio", 400),
        ({"messages": ["x"]}, "messages[0].role", 400),
        ({"temperature": "hot"}, "temperature", 400),
        ({"temperature": -1}, "temperature", 400),
        ({"temperature": True}, "temperature", 400),
        ({"top_p": 0}, "top_p", 400),
        ({"max_tokens": 0}, "max_tokens", 400),
        ({"max_tokens": 1.5}, "max_tokens", 400),
        ({"stream": "yes"}, "stream", 400),
        ({"stream_options": 3}, "stream_options", 400),
        ({"stream": True, "stream_options": {"include_users": True}}, "stream_options.include_users", 400),
        ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation", 400),
        ({"stream_options": {"include_usage": True}}, "stream_options", 400),
        ({"n": True}, "n", 400),
        ({"frequency_penalty": False}, "frequency_penalty", 400),
        ({"stop": [""]}, "stop", 400),
        ({"stop": 3}, "stop", 400),
        ({"top_logprobs": 3}, "top_logprobs", 400),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", 400),
        ({"n": 2}, "n", 400),
        ({"tools": [{"type": "function"}]}, "tools", 400),
        ({"response_format": {"type": "grammar"}}, "response_format", 400),
        ({"response_format": {"type": "json_schema"}}, "response_format", 400),
        ({"deadline_s": 0}, "deadline_s", 400),
        ({"shared": 2}, "shared", 400),
        ({"priority": 101}, "priority", 400),
        ({"task": 7}, "task", 400),
        ({"user": "u" * 201}, "user", 400),
        ({"mirostat": 2}, "mirostat", 400),
    ],
)
def test_what_is_wrong_is_told_with_the_member_at_fault(body: dict[str, Any], param: str, status: int) -> None:
    with pytest.raises(AskedWrongError) as caught:
        _chat(**body)
    assert (caught.value.param, caught.value.status) == (param, status)
    assert refusal(caught.value)[2]["error"]["param"] == param


def test_labels_are_read() -> None:
    data = json.dumps({"messages": USER, "labels": ["a", "b"], "deadline_s": 3}).encode()
    assert read_labels(data, "m", LIMITS).request.labels == ("a", "b")
    for labels in (None, "a", [1, 2]):
        with pytest.raises(AskedWrongError):
            read_labels(json.dumps({"messages": USER, "labels": labels}).encode(), "m", LIMITS)


def test_a_text_that_utf8_has_no_form_for_is_refused() -> None:
    for data in (
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "x"}], "stop": "\\ud800"}',
    ):
        with pytest.raises(AskedWrongError):
            read_chat(data, "m", Parameters(), LIMITS)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_MEMBERS = st.sampled_from(
    ["messages", "stop", "seed", "temperature", "response_format", "logprobs", "top_logprobs", "stream_options", "n"]
)


@given(st.dictionaries(_MEMBERS, _JSON, max_size=4), st.booleans())
def test_any_json_is_a_chat_or_one_typed_refusal(body: dict[str, Any], whole: bool) -> None:
    data = json.dumps({"messages": USER, **body} if whole else body).encode()
    for read in (lambda: read_chat(data, "m", Parameters(), LIMITS), lambda: read_labels(data, "m", LIMITS)):
        try:
            found = read()
        except AskedWrongError:
            continue
        assert found.request.messages
