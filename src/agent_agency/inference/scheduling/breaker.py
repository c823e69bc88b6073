"""A circuit breaker: an engine that keeps failing is left alone for a while, then tried with one request.

Closed, open and half-open as in M. Nygard, Release It! (2007), chapter 5. What leads where is one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

State = Literal["closed", "open", "half_open"]
Event = Literal["answered", "failed", "tripped", "cooled"]

TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        ("closed", "answered"): "closed",
        ("closed", "failed"): "closed",
        ("closed", "tripped"): "open",
        ("closed", "cooled"): "closed",
        ("open", "answered"): "open",  # of a call that was sent before it opened
        ("open", "failed"): "open",
        ("open", "tripped"): "open",
        ("open", "cooled"): "half_open",
        ("half_open", "answered"): "closed",
        ("half_open", "failed"): "open",
        ("half_open", "tripped"): "open",
        ("half_open", "cooled"): "half_open",
    }
)
"""``failed``: one failure; ``tripped``: the one that is one too many in a row; ``cooled``: its time alone is over."""


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a breaker opens and for how long.

    Args:
        failures: in a row that open it.
        cool_s: seconds that it stays open at first; each probe that fails doubles them.
        longest_s: seconds that it stays open at most.
    """

    failures: int = 5
    cool_s: float = 2.0
    longest_s: float = 60.0


class Breaker:
    """The breaker of one engine; not locked, the caller is.

    Args:
        settings: when it opens.
    """

    __slots__ = ("_cool_s", "_failures", "_settings", "_state", "_until", "why")

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._state: State = "closed"
        self._failures = 0
        self._cool_s = settings.cool_s
        self._until = 0.0
        self.why = ""
        """What the last failure said."""

    def at(self, now: float) -> State:
        """The state at a time, which an open one leaves by itself."""
        if self._state == "open" and now >= self._until:
            self._state = TRANSITIONS[self._state, "cooled"]
        return self._state

    def wait_s(self, now: float) -> float:
        """Seconds until an open one lets a probe through."""
        return max(0.0, self._until - now) if self._state == "open" else 0.0

    def answered(self, now: float) -> State:
        """The engine did its work, be it that it refused the request for what it is."""
        before = self.at(now)
        self._state = TRANSITIONS[before, "answered"]
        if self._state == "closed":
            self._failures, self._cool_s = 0, self._settings.cool_s
        return self._state

    def failed(self, now: float, why: str) -> State:
        """The engine failed."""
        before = self.at(now)
        self._failures += 1
        self.why = why
        event: Event = "tripped" if self._failures >= self._settings.failures else "failed"
        self._state = TRANSITIONS[before, event]
        if self._state == "open" and before != "open":
            if before == "half_open":
                self._cool_s = min(self._settings.longest_s, self._cool_s * 2)
            self._until = now + self._cool_s
        return self._state
