"""The seam inside a model's process: what runs a model, and the jobs that it is given.

A backend batches: jobs are handed in as they come and end when they end, each through its own callbacks, which may be
called from any thread. It is asked nothing about fairness, priorities or caches; those are decided outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent_agency.inference.labels import LabelScore
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message, Parameters, TokenChoice


@dataclass(frozen=True, slots=True)
class BackendFacts:
    """What a loaded backend says of itself.

    Args:
        engine: ``llama.cpp`` or ``openvino``.
        version: of the library.
        precision: how it computes: ``default``, or ``exact`` where a batched answer equals the one alone.
        context_tokens: the window of one request.
        width: requests in flight that it was set up for.
        schema: it decodes under a JSON schema.
        logprobs: how many alternatives it can tell beside the chosen token; 0 for the chosen one alone, -1 for none.
        labels: it scores labels.
        seed: the same seed gives the same answer where the temperature is not 0.
        notes: what it cannot do, in a sentence each.
    """

    engine: str
    version: str
    precision: str
    context_tokens: int
    width: int
    schema: bool
    logprobs: int
    labels: bool
    seed: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole answer; tokens as `protocol.Usage` counts them."""

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    logprobs: tuple[TokenChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Labelled:
    """Scored labels; ``scored_tokens`` are those of the labels."""

    scores: tuple[LabelScore, ...]
    prompt_tokens: int
    scored_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that came to nothing: a code as of `EngineError`, what happened, and the next step.

    ``broken`` says that the backend failed in the midst of work: it takes no more, nothing that it keeps can be
    trusted, and its process is to end.
    """

    code: str
    message: str
    fix: str
    broken: bool = False


Ended = Callable[["Generated | Labelled | Primed | Failed"], None]
"""Called once per job, from any thread."""


@dataclass(frozen=True, slots=True)
class GenerateJob:
    """Write an answer. ``piece`` is called with text as it comes where the asker streams."""

    messages: tuple[Message, ...]
    shared: int
    parameters: Parameters
    schema: Mapping[str, Any] | None
    ended: Ended
    piece: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class LabelJob:
    """Score labels."""

    messages: tuple[Message, ...]
    shared: int
    labels: tuple[str, ...]
    ended: Ended


@dataclass(frozen=True, slots=True)
class PrimeJob:
    """Compute a shared prefix; ends with `Primed`."""

    messages: tuple[Message, ...]
    ended: Ended


Job = GenerateJob | LabelJob | PrimeJob


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a model is loaded.

    Args:
        path: a GGUF file, or a folder with an OpenVINO model.
        precision: ``default`` or ``exact``; ``BackendFacts.precision`` tells what it came to.
        width: requests in flight at most.
        context_tokens: the window of one request; ``None`` for the model's own, within reason.
        threads: of the processor; ``None`` for as many as there are cores.
        cache_gb: memory for kept prefixes and running requests, in GiB; ``None`` for the engine's
            usual bound; never more than width and context need.
        extra: settings of one backend, as its module documents them.
    """

    path: str
    precision: str = "default"
    width: int = 8
    context_tokens: int | None = None
    threads: int | None = None
    cache_gb: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """A loaded model."""

    @property
    def facts(self) -> BackendFacts:
        """What it says of itself."""
        ...

    def submit(self, job: Job) -> Callable[[], None]:
        """Take a job and return at once.

        Returns:
            What cancels it: the slot is freed, and it ends with `Failed` of code ``engine.cancelled`` unless it has
            ended before.
        """
        ...

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Tokens of a whole prompt, the turn that the model is to write being opened."""
        ...

    def close(self) -> None:
        """Let go of the model; running jobs end with `Failed`."""
        ...


Load = Callable[[LoadOptions], Backend]
"""Loads a model.

Raises:
    EngineError: the file is no model, or one that this engine cannot run; the library is not installed.
"""
