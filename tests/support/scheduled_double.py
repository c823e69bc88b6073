"""Test doubles for engines behind a scheduler: each call waits until the test lets it go, or is cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelReply, LabelRequest, LabelScore
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Capabilities, Health, Message, Piece, Reply, Request, Usage

RUBRIC_TOKENS, ITEM_TOKENS = 600, 150
PATIENCE_S = 60.0


def asked(text: str, *, shared: str | None = None, deadline_s: float = 60.0, rollout: int = 0) -> Request:
    rubric = Message("system", shared or "be brief")
    return Request((rubric, Message("user", text)), deadline_s=deadline_s, rollout=rollout, shared=int(bool(shared)))


def asked_labels(text: str, *, shared: str | None = None, deadline_s: float = 60.0, rollout: int = 0) -> LabelRequest:
    one = asked(text, shared=shared)
    return LabelRequest(one.messages, ("yes", "no"), deadline_s=deadline_s, rollout=rollout, shared=one.shared)


def failing(code: str, *, retry_after_s: float | None = None) -> EngineError:
    return EngineError(f"the double says {code}", fix="none", code=f"engine.{code}", retry_after_s=retry_after_s)


@dataclass
class GatedDouble:
    """No model: answers the last message reversed, once the gate is open.

    ``answer`` may raise what a call is to fail with. What is asked, in which order, and how many at once, is kept.
    """

    answer: Callable[[str], str] = lambda text: text[::-1]
    deaf: bool = False
    """It does not hear that a call is cancelled."""
    name: str = "gated"
    identity: Mapping[str, str] = field(default_factory=lambda: {"backend": "double", "model": "gated"})
    order: list[str] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    running: int = 0
    most: int = 0
    cancelled: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            schema=False,
            stream=True,
            logprobs=False,
            token_counts=True,
            seed=True,
            context_tokens=None,
            language_model=False,
            labels=True,
        )

    def health(self) -> Health:
        return Health(ready=True, detail="a double")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return len(messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        text = self._served(request, cancel)
        return Reply(self.answer(text), "stop", _usage(request), "gated", "sha256:0", 0.1)

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        self.answer(self._served(request, cancel))
        scores = tuple(LabelScore(label, -1.0 - place, 1) for place, label in enumerate(request.labels))
        return LabelReply(scores, _usage(request), "gated", "sha256:0", 0.1)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        reply = self.generate(request, cancel)
        for letter in reply.text:
            yield Piece(letter)
        yield Piece("", reply)

    def wait_for_running(self, count: int) -> None:
        self._wait(lambda: self.running >= count)

    def wait_for_asked(self, count: int) -> None:
        self._wait(lambda: len(self.order) >= count)

    def wait_for_quiet(self) -> None:
        self._wait(lambda: self.running == 0)

    def _wait(self, what: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(what, PATIENCE_S), f"{self.running} running, {len(self.order)} asked"

    def _served(self, request: Request | LabelRequest, cancel: Cancel | None) -> str:
        text = request.messages[-1].content
        with self.changed:
            self.order.append(text)
            self.deadlines.append(request.deadline_s)
        self._pass_gate(cancel)
        return text

    def _pass_gate(self, cancel: Cancel | None) -> None:
        with self.changed:
            self.running += 1
            self.most = max(self.most, self.running)
            self.changed.notify_all()
        stop = threading.Event()
        forget = cancel.notify(stop.set) if cancel is not None and not self.deaf else None
        try:
            while not self.gate.wait(0.002):
                if stop.is_set():
                    self.cancelled += 1
                    raise failing("cancelled")
        finally:
            if forget is not None:
                forget()
            with self.changed:
                self.running -= 1
                self.changed.notify_all()


@dataclass
class PrimingDouble(GatedDouble):
    """A gated double that keeps prefixes; ``order`` tells primings and requests in their order."""

    width: int = 4
    primed: list[str] = field(default_factory=list)
    fails_to_prime: EngineError | None = None

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        text = "".join(one.content for one in messages)
        with self.changed:
            self.order.append(f"prime {text}")
        self._pass_gate(cancel)
        if self.fails_to_prime is not None:
            raise self.fails_to_prime
        first = text not in self.primed
        self.primed.append(text)
        return Primed(RUBRIC_TOKENS, RUBRIC_TOKENS if first else 0)


def _usage(request: Request | LabelRequest) -> Usage:
    return Usage(RUBRIC_TOKENS + ITEM_TOKENS, 1, RUBRIC_TOKENS if request.shared else 0)
