"""Ollama's own ``/api/chat``: its OpenAI-compatible door cannot set the window, and its defaults are not ours.

Source: Ollama's API documentation. The window (``num_ctx``) is small by default and a prompt beyond it is cut without
a word, and a repeat penalty of 1.1 and a choice among 40 tokens apply unless others are set; so all of that is always
sent, and ``truncate`` and ``shift`` are switched off, which later versions obey by refusing (ollama/ollama#17944). That
is not relied upon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent_agency.inference.dialects.answer_parts import AnswerParts
from agent_agency.inference.dialects.dialect import Ask, RawReply, Reader
from agent_agency.inference.event_stream import json_lines
from agent_agency.inference.protocol import Message, Request
from agent_agency.inference.refusals import failure_in_stream
from agent_agency.inference.untrusted_json import bad_answer

_ANY_TOKEN = 1_000_000  # more than any vocabulary has; some versions break on 0


class OllamaDialect:
    """An Ollama server.

    Args:
        keep_alive: how long the model stays loaded after an answer, as ``30m``; ``None`` leaves it to the server.
    """

    backend = "ollama"
    chat_path = "/api/chat"
    keeps_open = True
    most_logprobs = 20

    def __init__(self, keep_alive: str | None = None) -> None:
        self._keep_alive = keep_alive

    def body(self, request: Request, model: str, window: int | None) -> dict[str, Any]:
        """The request, with every option that has a default of Ollama's own."""
        how = request.parameters
        options: dict[str, Any] = {
            "num_ctx": window,
            "num_predict": how.max_tokens,
            "repeat_penalty": how.repeat_penalty,
            "temperature": how.temperature,
            "top_p": how.top_p,
            "top_k": _ANY_TOKEN,
            "min_p": 0.0,
        }
        if how.seed is not None:
            options["seed"] = how.seed
        if how.stop:
            options["stop"] = list(how.stop)
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": one.role, "content": one.content} for one in request.messages],
            "stream": True,
            "truncate": False,
            "shift": False,
            "options": options,
        }
        if self._keep_alive is not None:
            body["keep_alive"] = self._keep_alive
        if how.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": how.top_logprobs}
        if request.schema is not None:
            body["format"] = dict(request.schema)
        return body

    def reader(self, request: Request) -> Reader:
        """A reader of Ollama's answers."""
        return _Chat(request)

    def events(self, content_type: str, chunks: Iterable[bytes]) -> Iterator[bytes] | None:
        """JSON lines, under any content type that is JSON: proxies rename it."""
        return json_lines(chunks) if "json" in content_type else None

    def count(self, ask: Ask, model: str, messages: tuple[Message, ...]) -> int | None:  # noqa: ARG002 - the seam's
        """Ollama has no tokenizer to ask."""
        return None


class _Chat:
    """Reads one answer of ``/api/chat``."""

    def __init__(self, request: Request) -> None:
        how = request.parameters
        self._parts = AnswerParts(wants_logprobs=how.top_logprobs > 0, needs_text=how.max_tokens > 1)
        self._most = how.max_tokens

    def feed(self, event: Mapping[str, Any]) -> str:
        if event.get("error"):
            raise failure_in_stream(event)
        parts = self._parts
        if parts.ended is not None:
            raise bad_answer("it goes on after its end")
        parts.set_model(event.get("model"))
        message = event.get("message")
        if not isinstance(message, Mapping):
            raise bad_answer("it holds no message")
        text = parts.add_text(message.get("content"))
        parts.add_logprobs(event.get("logprobs"))
        if event.get("done") is True:
            cached = event.get("prompt_eval_cached_count")
            parts.count(event.get("prompt_eval_count"), event.get("eval_count"), cached)
            parts.end(self._reason(event.get("done_reason")))
        return text

    def whole(self, answer: Mapping[str, Any]) -> str:
        return self.feed(answer)

    def finish(self) -> RawReply:
        return self._parts.finish()

    def _reason(self, told: Any) -> Any:
        """The reason, which the first versions left out."""
        if told is not None:
            return told
        return "length" if (self._parts.usage.completion or 0) >= self._most else "stop"
