"""Chat completions as OpenAI defined them, which vLLM, llama-server and many others speak.

Source: OpenAI's API reference, "Create chat completion" and "Streaming": ``data:`` events whose ``choices[0].delta``
bring the text, one with ``usage`` and no choice at the end, then ``[DONE]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.dialects.answer_parts import AnswerParts
from agent_agency.inference.dialects.dialect import Ask, RawReply, Reader
from agent_agency.inference.event_stream import sse_events
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.inference.refusals import failure_in_stream
from agent_agency.inference.untrusted_json import bad_answer

_DONE = b"[DONE]"


class OpenAiDialect:
    """Any server of which nothing more is known.

    Args:
        limit_key: the name under which it takes the most tokens of an answer.
    """

    backend = "openai"
    chat_path = "/v1/chat/completions"
    keeps_open = False
    most_logprobs = 20
    penalty_key: str | None = None
    """The name under which the server takes a repeat penalty; OpenAI's protocol has none."""
    own_defaults: Mapping[str, float] = MappingProxyType({})
    """What switches off the filters that the server would put over the choice of tokens by a default of its own."""

    def __init__(self, limit_key: str = "max_tokens") -> None:
        self._limit_key = limit_key

    def body(self, request: Request, model: str, window: int | None) -> dict[str, Any]:  # noqa: ARG002 - the seam's
        """The request; a window cannot be asked for.

        Raises:
            EngineError: a repeat penalty is asked for and the server takes none.
        """
        how = request.parameters
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": one.role, "content": one.content} for one in request.messages],
            "temperature": how.temperature,
            "top_p": how.top_p,
            self._limit_key: how.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.own_defaults,
            **self._penalty(how),
        }
        if how.seed is not None:
            body["seed"] = how.seed
        if how.stop:
            body["stop"] = list(how.stop)
        if how.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": how.top_logprobs}
        if request.schema is not None:
            schema = {"name": "answer", "strict": True, "schema": dict(request.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def reader(self, request: Request) -> Reader:
        """A reader of completions."""
        return _Completion(request)

    def events(self, content_type: str, chunks: Iterable[bytes]) -> Iterator[bytes] | None:
        """Server-sent events up to ``[DONE]``."""
        if not content_type.startswith("text/event-stream"):
            return None
        return (event for event in sse_events(chunks) if event != _DONE)

    def count(self, ask: Ask, model: str, messages: tuple[Message, ...]) -> int | None:  # noqa: ARG002 - the seam's
        """The protocol has no tokenizer."""
        return None

    def _penalty(self, how: Parameters) -> dict[str, Any]:
        if self.penalty_key is not None:
            return {self.penalty_key: how.repeat_penalty}
        if how.repeat_penalty != 1.0:
            raise EngineError(
                "The server has no way to set a repeat penalty",
                fix="Ask with a repeat penalty of 1, or take Ollama, vLLM or llama-server.",
                code="engine.bad_request",
            )
        return {}


class _Completion:
    """Reads one completion, whole or in chunks."""

    def __init__(self, request: Request) -> None:
        how = request.parameters
        self._parts = AnswerParts(wants_logprobs=how.top_logprobs > 0, needs_text=how.max_tokens > 1)

    def feed(self, event: Mapping[str, Any]) -> str:
        return self._take(event, "delta")

    def whole(self, answer: Mapping[str, Any]) -> str:
        return self._take(answer, "message")

    def finish(self) -> RawReply:
        return self._parts.finish()

    def _take(self, event: Mapping[str, Any], where: str) -> str:
        if event.get("error"):
            raise failure_in_stream(event)
        parts = self._parts
        parts.set_model(event.get("model"))
        usage = event.get("usage")
        if usage is not None:
            _count(usage, parts)
        choices = event.get("choices")
        if not isinstance(choices, list) or len(choices) > 1:
            raise bad_answer("it holds no list of one choice")
        return _take_choice(choices[0], where, parts) if choices else ""


def _take_choice(choice: Any, where: str, parts: AnswerParts) -> str:
    inner = choice.get(where) if isinstance(choice, Mapping) else None
    if not isinstance(inner, Mapping):
        raise bad_answer(f"its choice holds no {where}")
    text = parts.add_text(inner.get("content"))
    logprobs = choice.get("logprobs")
    if isinstance(logprobs, Mapping):
        parts.add_logprobs(logprobs.get("content"))
    if choice.get("finish_reason") is not None:
        parts.end(choice["finish_reason"])
    return text


def _count(usage: Any, parts: AnswerParts) -> None:
    if not isinstance(usage, Mapping):
        raise bad_answer("its usage is no object")
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    parts.count(usage.get("prompt_tokens"), usage.get("completion_tokens"), cached)
