"""A model of this machine, as the settings name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent_agency.inference.local.backend import LoadOptions

DISTRIBUTIONS: Mapping[str, str] = MappingProxyType({"openvino": "openvino-genai", "llama.cpp": "xllamacpp"})
"""Engine to the package that brings it."""
RUNTIMES: Mapping[str, str] = MappingProxyType({"openvino": "openvino"})
"""Engine to the package that computes, where it is another one: openvino-genai takes any patch version of openvino."""
DEFAULT_WIDTHS: Mapping[str, int] = MappingProxyType({"openvino": 16, "llama.cpp": 8})
"""Requests in flight where none was measured: the best of measured ones on two cores, with a shared prefix."""
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One model file and how it is run.

    Args:
        name: how people name the engine.
        path: a GGUF file, or a folder with an OpenVINO model.
        digest: ``sha256:…`` of the file, or of the folder's files.
        engine: ``openvino`` or ``llama.cpp``.
        model: the model's own name, where its file tells one.
        quantisation: as ``Q8_0``, where known.
        precision: ``default`` or ``exact``, as `LoadOptions`.
        width: requests in flight; ``None`` for the engine's stated default.
        context: tokens of one request's window; ``None`` for the model's own.
        threads: of the processor; ``None`` for as many as there are cores.
        memory_gb: GiB that its process may hold; ``None`` for no bound of its own.
        ceiling_bytes: that its process may hold where it has no bound of its own; ``None`` for no bound at all.
        cache_gb: GiB for kept prefixes and running requests, as `LoadOptions`.
        spin: let llama.cpp's threads wait for one another by spinning: quicker by a fifth where nothing else runs, and
            several times slower beside one busy process.
        extra: settings of one backend, as its module documents them.
    """

    name: str
    path: str
    digest: str
    engine: str
    model: str = ""
    quantisation: str = ""
    precision: str = "default"
    width: int | None = None
    context: int | None = None
    threads: int | None = None
    memory_gb: float | None = None
    ceiling_bytes: int | None = None
    cache_gb: float | None = None
    spin: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def requests_at_once(self) -> int:
        """The width, or the engine's default."""
        return self.width or DEFAULT_WIDTHS.get(self.engine, 1)

    @property
    def memory_bytes(self) -> int | None:
        """The bound on memory in bytes: its own, else what no model may hold."""
        return self.ceiling_bytes if self.memory_gb is None else int(self.memory_gb * _GIB)

    def load_options(self) -> LoadOptions:
        """What its process loads."""
        return LoadOptions(
            path=self.path,
            precision=self.precision,
            width=self.requests_at_once,
            context_tokens=self.context,
            threads=self.threads,
            cache_gb=self._cache_gb(),
            extra=dict(self.extra),
        )

    def _cache_gb(self) -> float | None:
        """Room for keys and values: half of the process's bound, as the weights stand in the same memory."""
        return self.memory_gb / 2 if self.cache_gb is None and self.memory_gb is not None else self.cache_gb
