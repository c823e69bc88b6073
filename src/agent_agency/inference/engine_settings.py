"""What a user says of the engines: how each is reached, and which of them takes which role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from agent_agency.inference.protocol import Parameters

Kind = Literal["openai", "ollama", "local", "offline", "replay"]
KINDS: tuple[Kind, ...] = ("openai", "ollama", "local", "offline", "replay")
LOCAL_ENGINES = ("auto", "openvino", "llama.cpp")
"""What can run a model on this machine; ``auto`` takes what a measurement chose, else the stated default."""
PRECISIONS = ("default", "exact")
REMEASURE = ("auto", "always", "never")
"""Whether long work begins by measuring a model of this machine: what was measured before, any, or none."""
ROLES = ("primary", "fast", "quality", "alternative")
OLLAMA_CONTEXT = 8192
"""The window that Ollama is told to use where nobody names another; its own default cuts a judge's prompt."""
KEEP_ALIVE_S = 300.0
"""Seconds for which an idle model on this machine stays loaded where nobody says otherwise."""
_UNITS = MappingProxyType({"s": 1.0, "m": 60.0, "h": 3600.0})
_DURATION = re.compile(r"([0-9]{1,6})([smh])")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """One table ``[engines.NAME]``.

    Args:
        name: how people name it.
        kind: ``openai`` for any server that speaks OpenAI's protocol (Ollama behind such a URL is recognised),
            ``ollama``, ``local`` for a model that runs on this machine, ``offline`` or ``replay``.
        url: of a server.
        model: on that server; empty for the only one that it has.
        api_key_env: the environment variable that holds the key; the key itself stands nowhere.
        context: the window in tokens: told to Ollama and to a local engine, and held against every prompt.
        temperature: for questions of whoever names no parameters of their own.
        max_tokens: likewise.
        keep_alive: how long an idle model stays loaded: as Ollama takes it, or for a local one as ``10m``.
        connect_s: seconds to connect.
        idle_s: seconds for which the server may be silent.
        ca_file: certificates of an authority to trust beside the usual ones.
        proxy: URL of a proxy; the environment's are never used.
        uncounted: go on although the server counts no prompt tokens, so that a cut prompt cannot be noticed.
        recording: the file of a ``replay``.
        path: of a ``local`` model: a GGUF file, or a folder with an OpenVINO model.
        engine: what runs a local model, one of `LOCAL_ENGINES`.
        precision: one of `PRECISIONS`: ``exact`` where a batched answer is to equal the one alone.
        width: requests that a local model serves at once; ``None`` for what was measured, else the engine's default.
        threads: of the processor; ``None`` for as many as the engine thinks best.
        memory_gb: what a local model may take, in GiB; ``None`` for no limit of its own.
        warm: load a local model when a server of ours starts, not at the first question.
        remeasure: one of `REMEASURE`: whether long work with the ``engine`` ``auto`` begins with a short measurement
            where versions or machine changed since the last one.
        digest: ``sha256:…`` of a local model when it was added; another file in its place is refused.
        price_prompt: of a server: micro-units of ``currency`` for a million tokens of prompts; ``None`` where it has
            no price.
        price_completion: likewise for tokens of answers; both are there or none.
        currency: of the prices, as ``EUR``.
    """

    name: str
    kind: Kind
    url: str = ""
    model: str = ""
    api_key_env: str | None = None
    context: int | None = None
    temperature: float = 0.0
    max_tokens: int = 1024
    keep_alive: str | None = None
    connect_s: float = 10.0
    idle_s: float = 120.0
    ca_file: str | None = None
    proxy: str | None = None
    uncounted: bool = False
    recording: str | None = None
    path: str | None = None
    engine: str = "auto"
    precision: str = "default"
    width: int | None = None
    threads: int | None = None
    memory_gb: float | None = None
    warm: bool = False
    remeasure: str = "auto"
    digest: str | None = None
    price_prompt: int | None = None
    price_completion: int | None = None
    currency: str = ""

    def parameters(self) -> Parameters:
        """How answers are drawn where the question does not say."""
        return Parameters(temperature=self.temperature, max_tokens=self.max_tokens, context=self.context)

    @property
    def keep_alive_s(self) -> float:
        """Seconds for which an idle local model stays loaded."""
        return KEEP_ALIVE_S if self.keep_alive is None else seconds_of(self.keep_alive)


@dataclass(frozen=True, slots=True)
class SpendLimits:
    """The table ``[spend]``: caps in micro-units of ``currency`` for a month (UTC) and a task; ``None`` for none."""

    month: int | None = None
    task: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The table ``[pool]``: GiB that all loaded local models may take together; ``None`` leaves it to the machine."""

    memory_gb: float | None = None


@dataclass(frozen=True, slots=True)
class EngineChoices:
    """A whole file of engines; ``roles`` names an engine by role, ``path`` is where it is or would be."""

    engines: Mapping[str, EngineSettings] = field(default_factory=lambda: MappingProxyType({}))
    roles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    path: str = ""
    spend: SpendLimits = field(default_factory=SpendLimits)
    pool: PoolLimits = field(default_factory=PoolLimits)


def seconds_of(text: str) -> float:
    """A time such as ``90s``, ``10m`` or ``2h`` in seconds.

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("it is no time such as 90s, 10m or 2h")
    return int(found[1]) * _UNITS[found[2]]
