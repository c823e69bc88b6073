"""A test double for an engine: answers by a function of the request, and counts how often it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent_agency.inference.protocol import Cancel, Capabilities, Health, Message, Piece, Reply, Request, Usage


def told(request: Request) -> str:
    """The default answer: the last message, reversed."""
    return request.messages[-1].content[::-1]


def a_reply(text: str, *, model: str = "double", latency_s: float = 0.25) -> Reply:
    return Reply(text, "stop", Usage(7, 3, 0), model, "sha256:" + "0" * 64, latency_s)


def a_request(text: str = "question", *, rollout: int = 0) -> Request:
    return Request((Message("system", "be brief"), Message("user", text)), rollout=rollout)


@dataclass
class CountingEngine:
    """No model: a double for tests of what wraps an engine."""

    answer: Callable[[Request], str] = told
    identity: Mapping[str, str] = field(default_factory=lambda: {"backend": "double", "model": "double"})
    name: str = "double"
    asked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            schema=False,
            stream=True,
            logprobs=False,
            token_counts=True,
            seed=True,
            context_tokens=None,
            language_model=False,
        )

    def health(self) -> Health:
        return Health(ready=True, detail="a double")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return sum(len(message.content.split()) for message in messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        del cancel
        with self.lock:
            self.asked += 1
        return a_reply(self.answer(request))

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        reply = self.generate(request, cancel)
        half = len(reply.text) // 2
        yield Piece(reply.text[:half])
        yield Piece(reply.text[half:], reply)
