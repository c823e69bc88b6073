"""What the pool needs of an engine: to load it, to unload it, and to know what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent_agency.inference.around import AroundEngine
from agent_agency.inference.labels import LabelReply, LabelRequest, label_engine
from agent_agency.inference.protocol import Engine

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Cancel, Piece, Reply, Request


class PooledEngine(Engine, Protocol):
    """An engine whose model can be loaded and unloaded, any number of times."""

    @property
    def memory_bytes(self) -> int:
        """What it holds now; 0 where nothing is loaded, or nobody can tell."""
        ...

    def warm(self) -> object:
        """Load the model, and return when it answers.

        Raises:
            EngineError: it cannot be loaded.
        """
        ...

    def unload(self) -> None:
        """Give the memory back; `warm` loads it again."""
        ...

    def close(self) -> None:
        """Unload it for good."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A model of the pool.

    Args:
        engine: runs it; its name is the model's.
        estimate_bytes: what it will hold, until that was measured.
        keep_alive_s: seconds for which it stays loaded without a request; ``None`` for always.
        warm: load it when the pool starts.
        setup: digest of how it is run, see `machine_memory.setup_of`: a size is measured of one way to run it.
    """

    engine: PooledEngine
    estimate_bytes: int
    keep_alive_s: float | None = None
    warm: bool = False
    setup: str = ""


class AlwaysWarm(AroundEngine):
    """An engine behind a URL as a member of the pool: always warm, and no memory of this machine's."""

    @property
    def memory_bytes(self) -> int:
        """None of this machine's."""
        return 0

    def warm(self) -> None:
        """Nothing is to be loaded here."""

    def unload(self) -> None:
        """Nothing is held here."""

    def close(self) -> None:
        """Close the connections, where it has any."""
        close = getattr(self._engine, "close", None)
        if callable(close):
            close()

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """As the inner engine.

        Raises:
            EngineError: as the inner engine.
        """
        return self._engine.generate(request, cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """As the inner engine.

        Raises:
            EngineError: as the inner engine.
        """
        return self._engine.stream(request, cancel)


class AlwaysWarmLabels(AlwaysWarm):
    """The same for an engine that scores labels."""

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """As the inner engine.

        Raises:
            EngineError: as the inner engine.
        """
        return label_engine(self._engine).score_labels(request, cancel)
