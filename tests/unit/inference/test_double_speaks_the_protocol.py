"""The double for servers is held against the client that OpenAI publishes, so that it tests our client in earnest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.openai_server import MODEL, OpenAiServer, serving
from support.server_engines import SCHEMA

QUESTION = [{"role": "user", "content": "Rain?"}]


@pytest.fixture
def openai() -> Any:
    return pytest.importorskip("openai", reason="openai, which DSPy brings, is not here")


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with serving(kind="vllm") as running:
        yield running


def test_the_published_client_reads_a_stream_with_usage_and_log_probabilities(
    server: OpenAiServer, openai: Any
) -> None:
    with openai.OpenAI(base_url=server.url, api_key="none") as client:
        chunks = list(
            client.chat.completions.create(
                model=MODEL,
                messages=QUESTION,
                stream=True,
                stream_options={"include_usage": True},
                logprobs=True,
                top_logprobs=1,
            )
        )
    texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    likely = [choice.logprobs for chunk in chunks for choice in chunk.choices if choice.logprobs]
    assert "".join(texts) == "It rains, and the streets are wet."
    assert chunks[-1].usage.prompt_tokens == 2 + 4
    assert "".join(token.token for one in likely for token in one.content) == "".join(texts)


def test_the_published_client_reads_a_whole_answer_under_a_schema(server: OpenAiServer, openai: Any) -> None:
    server.behaviour.fault = "whole"
    with openai.OpenAI(base_url=server.url, api_key="none") as client:
        answer = client.chat.completions.create(
            model=MODEL,
            messages=QUESTION,
            response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
        )
    assert answer.choices[0].message.content == '{"verdict": "pass"}'
    assert answer.choices[0].finish_reason == "stop"


def test_the_published_client_meets_the_same_refusals(server: OpenAiServer, openai: Any) -> None:
    server.behaviour.key = "right"
    wrong = openai.OpenAI(base_url=server.url, api_key="wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError):
        wrong.models.list()
    server.behaviour.key = None
    server.behaviour.busy = 1
    with openai.OpenAI(base_url=server.url, api_key="x", max_retries=0) as client:
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert [model.id for model in client.models.list()] == [MODEL]
