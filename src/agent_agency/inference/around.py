"""An engine around another one: what the inner engine says of itself is what the outer one says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Capabilities, Engine, Health, Message


@runtime_checkable
class PatientEngine(Protocol):
    """An engine that waits by itself where its server is busy, unless it is told that somebody else does."""

    def tell_when_busy(self) -> None:
        """Say at once that the server is busy."""
        ...


class AroundEngine:
    """The part of an engine that only hands on; who inherits adds how answers are come by.

    Args:
        engine: the inner engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        """The inner engine's name."""
        return self._engine.name

    @property
    def identity(self) -> Mapping[str, str]:
        """The inner engine's identity."""
        return self._engine.identity

    def capabilities(self) -> Capabilities:
        """What the inner engine can do; what it does to find out is no call of the caller's."""
        return self._engine.capabilities()

    def health(self) -> Health:
        """Whether the inner engine answers."""
        return self._engine.health()

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt, as the inner engine tells."""
        return self._engine.count_tokens(messages)

    def tell_when_busy(self) -> None:
        """Have the inner engine say at once that its server is busy, where it would wait by itself."""
        tell_busy(self._engine)


def tell_busy(*engines: Engine) -> None:
    """Have engines say at once that their servers are busy, as who queues in front of them asks again."""
    for one in engines:
        if isinstance(one, PatientEngine):
            one.tell_when_busy()
