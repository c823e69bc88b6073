"""What a user says of the engines: how each is reached, and which of them takes which role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from agent_agency.inference.protocol import Parameters

Kind = Literal["openai", "ollama", "offline", "replay"]
KINDS: tuple[Kind, ...] = ("openai", "ollama", "offline", "replay")
ROLES = ("primary", "fast", "quality", "alternative")
OLLAMA_CONTEXT = 8192
"""The window that Ollama is told to use where nobody names another; its own default cuts a judge's prompt."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """One table ``[engines.NAME]``.

    Args:
        name: how people name it.
        kind: ``openai`` for any server that speaks OpenAI's protocol (Ollama behind such a URL is recognised),
            ``ollama``, ``offline`` or ``replay``.
        url: of a server.
        model: on that server; empty for the only one that it has.
        api_key_env: the environment variable that holds the key; the key itself stands nowhere.
        context: the window in tokens: told to Ollama, and held against every prompt.
        temperature: for questions of whoever names no parameters of their own.
        max_tokens: likewise.
        keep_alive: for Ollama, how long the model stays loaded.
        connect_s: seconds to connect.
        idle_s: seconds for which the server may be silent.
        ca_file: certificates of an authority to trust beside the usual ones.
        proxy: URL of a proxy; the environment's are never used.
        uncounted: go on although the server counts no prompt tokens, so that a cut prompt cannot be noticed.
        recording: the file of a ``replay``.
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

    def parameters(self) -> Parameters:
        """How answers are drawn where the question does not say."""
        return Parameters(temperature=self.temperature, max_tokens=self.max_tokens, context=self.context)


@dataclass(frozen=True, slots=True)
class EngineChoices:
    """A whole file of engines; ``roles`` names an engine by role, ``path`` is where it is or would be."""

    engines: Mapping[str, EngineSettings] = field(default_factory=lambda: MappingProxyType({}))
    roles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    path: str = ""
