"""Prefixes computed ahead: what many prompts share is worked out once, and later requests begin behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from agent_agency.inference.protocol import Cancel, Message


@dataclass(frozen=True, slots=True)
class Primed:
    """What priming came to.

    Args:
        tokens: tokens of the prefix that later requests need not compute; 0 where the engine keeps none.
        computed: tokens that were computed for it now; 0 where they were there already.
    """

    tokens: int
    computed: int


@runtime_checkable
class PrimingEngine(Protocol):
    """An engine that can be told a shared prefix ahead, and how many requests it serves best at a time."""

    @property
    def width(self) -> int:
        """How many requests are best in flight at once: measured, else the engine's stated default; at least 1."""
        ...

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        """Compute a shared prefix; repeating it costs nothing while it is kept.

        Args:
            messages: the leading messages that later requests share, whole.
            cancel: ends it.

        Raises:
            EngineError: as `protocol.Engine.generate`.
        """
        ...
