"""The seam between who asks and what answers: messages in, text out, and everything that must be known of the call.

An engine is synchronous and may be called from several threads at once; a caller who wants many answers uses a pool.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agent_agency.canonical_json import digest_json

Speaker = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Speaker
    content: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """How an answer is drawn; all of it belongs to a judge's version.

    ``context`` is the window in tokens that the engine is told to use (``num_ctx`` for Ollama); ``None`` leaves it to
    an engine that always uses its full window. ``top_logprobs`` 0 asks for none.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    seed: int | None = 0
    context: int | None = None
    repeat_penalty: float = 1.0
    top_logprobs: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One question to an engine.

    Args:
        schema: a JSON schema that the answer must keep to; ``None`` for free text.
        deadline_s: seconds that the whole call may take.
        rollout: differs for calls that must not be answered from a cache by one another, as in retests.
        shared: how many leading messages many requests have in common; an engine may keep what it computed of them.
            It is a hint that changes no answer, and so it is no part of a call's name.
        fresh: the engine itself is to answer: no cache, and no like call in the air. For measuring what it would say
            again; the answer is kept by no cache either.
    """

    messages: tuple[Message, ...]
    parameters: Parameters = field(default_factory=Parameters)
    schema: Mapping[str, Any] | None = None
    deadline_s: float = 120.0
    rollout: int = 0
    shared: int = 0
    fresh: bool = False

    @property
    def prompt_digest(self) -> str:
        """``sha256:…`` over messages and schema: what was asked, apart from how the answer is drawn.

        Raises:
            ValueError: a text has no form in UTF-8.
        """
        turns = [[one.role, one.content] for one in self.messages]
        return digest_json({"messages": turns, "schema": self.schema})


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """One token of an answer with its natural-log probability, and the most likely others at its place."""

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens counted by the engine; ``None`` where it does not tell. ``cached`` prompt tokens were reused."""

    prompt: int | None
    completion: int | None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What an engine answered.

    ``finish`` is ``stop`` where the answer ended by itself and ``length`` where it was cut off. ``model_digest`` names
    the weights where the engine tells them, else the digest of what it says of itself.
    """

    text: str
    finish: Literal["stop", "length"]
    usage: Usage
    model: str
    model_digest: str
    latency_s: float
    logprobs: tuple[TokenChoice, ...] = ()
    cache_hit: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a streamed answer; the last one carries the whole reply."""

    text: str
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do. ``schema``: it enforces a JSON schema while decoding."""

    schema: bool
    stream: bool
    logprobs: bool
    token_counts: bool
    seed: bool
    context_tokens: int | None
    language_model: bool
    """False for engines that are none: recorded answers and the offline learner; reports must say so."""
    labels: bool = False
    """It scores labels by their log-probabilities: it is a `labels.LabelEngine`."""
    notes: tuple[str, ...] = ()
    """What it cannot do, or does otherwise than one would think, in a sentence each; shown to people."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an engine answers now, and if not, why."""

    ready: bool
    detail: str


class Cancel:
    """A call's off switch, for use from another thread."""

    __slots__ = ("_calls", "_event", "_lock")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._calls: dict[object, Callable[[], None]] = {}

    def cancel(self) -> None:
        """Ask the call to end; it raises ``EngineError`` with code ``engine.cancelled``."""
        with self._lock:
            self._event.set()
            calls = list(self._calls.values())
            self._calls.clear()
        for call in calls:
            call()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def notify(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have something called when somebody asks, so that nobody needs to look again and again.

        Args:
            call: called once, by who asks, and at once where somebody has; short, and raises nothing.

        Returns:
            What takes it back; harmless when repeated.
        """
        key = object()
        with self._lock:
            asked = self._event.is_set()
            if not asked:
                self._calls[key] = call
        if asked:
            call()
        return lambda: self._forget(key)

    def _forget(self, key: object) -> None:
        with self._lock:
            self._calls.pop(key, None)


class Engine(Protocol):
    """Something that answers prompts."""

    @property
    def name(self) -> str:
        """How people name it, as ``offline`` or ``ollama:gemma3:4b``."""
        ...

    @property
    def identity(self) -> Mapping[str, str]:
        """What belongs to a judge's version: backend and its version, model and its digest, quantisation, as known."""
        ...

    def capabilities(self) -> Capabilities:
        """What it can do.

        Raises:
            EngineError: it cannot be asked.
        """
        ...

    def health(self) -> Health:
        """Whether it answers now; never raises."""
        ...

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt, or ``None`` where the engine cannot tell without generating."""
        ...

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            EngineError: unreachable, timed out (``engine.timeout``), cancelled, refused, prompt cut
                (``engine.prompt_cut``), or an answer that is none.
        """
        ...

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece.

        Raises:
            EngineError: as `generate`.
        """
        ...
