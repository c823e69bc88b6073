"""The seam between the engine of a server and the server's way of speaking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from agent_agency.inference.protocol import Message, Request, TokenChoice, Usage


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server tells of itself and the model.

    Args:
        backend: ``ollama``, ``vllm``, ``llama-server`` or ``openai`` for any other.
        model: the name under which the server knows the model.
        model_digest: of the weights where the server tells one, else of what it says of the model.
        identity: what belongs to a judge's version.
        context_tokens: the window; for Ollama the largest that the model takes.
        refuses_long: whether it refuses a prompt that does not fit, by default, instead of cutting it.
    """

    backend: str
    model: str
    model_digest: str
    identity: Mapping[str, str]
    context_tokens: int | None
    refuses_long: bool


@dataclass(frozen=True, slots=True)
class RawReply:
    """An answer as the server gave it, each part checked for itself."""

    text: str
    finish: Literal["stop", "length"]
    usage: Usage
    model: str
    logprobs: tuple[TokenChoice, ...]


class Ask(Protocol):
    """Sends one small request and gives the object that comes back."""

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Ask.

        Args:
            method: ``GET`` or ``POST``.
            path: below the server's root.
            body: sent as JSON.

        Raises:
            EngineError: there is no such object.
        """
        ...


class Reader(Protocol):
    """Puts one answer together."""

    def feed(self, event: Mapping[str, Any]) -> str:
        """Take one event of a stream and give the text that it brings.

        Raises:
            EngineError: it is no part of an answer.
        """
        ...

    def whole(self, answer: Mapping[str, Any]) -> str:
        """Take an answer that came at once.

        Raises:
            EngineError: it is none.
        """
        ...

    def finish(self) -> RawReply:
        """The answer.

        Raises:
            EngineError: it has no end, or holds nothing.
        """
        ...


class Dialect(Protocol):
    """One kind of server."""

    backend: str
    chat_path: str
    """Below the server's root."""
    keeps_open: bool
    """Whether a connection outlives a streamed answer. llama-server closes it without a word, and the next question on
    it is lost, so of unknown servers it is not believed."""

    most_logprobs: int
    """How many of the likeliest tokens it shows at one place."""

    def body(self, request: Request, model: str, window: int | None) -> dict[str, Any]:
        """The request for an answer, streamed.

        Raises:
            EngineError: the server has no way to do what is asked.
        """
        ...

    def reader(self, request: Request) -> Reader:
        """A reader for the answer to that request."""
        ...

    def events(self, content_type: str, chunks: Iterable[bytes]) -> Iterator[bytes] | None:
        """The events of a streamed answer; ``None`` where it is no stream."""
        ...

    def count(self, ask: Ask, model: str, messages: tuple[Message, ...]) -> int | None:
        """Tokens of the prompt by the server's own tokenizer; ``None`` where it has none to ask."""
        ...
