"""How many requests are in flight at once: what an engine was measured to serve best, or what is found by trying.

Where nothing was measured the number follows additive increase, multiplicative decrease (D.-M. Chiu, R. Jain, Analysis
of the increase and decrease algorithms for congestion avoidance in computer networks, 1989): one more for each round
of answers while latency stays near the least that was seen, and a share less once per round of overload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AimdSettings:
    """Bounds of the search for a width.

    Args:
        first: where it begins.
        most: where it ends.
        decrease: what is left of it after a refusal, a failure or a timeout.
        ease: what is left of it after latency has grown beyond the tolerance.
        tolerance: times the least latency that smoothed latency may come to.
        smoothing: weight of one answer in the smoothed latency.
        forget: by how much of itself the least latency drifts up with each answer to a request that was alone in
            flight, so that one lucky call is forgotten. With others in flight congestion would come to be the usual.
    """

    first: int = 4
    most: int = 64
    decrease: float = 0.5
    ease: float = 0.9
    tolerance: float = 2.0
    smoothing: float = 0.2
    forget: float = 0.05

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.most or not 0 < self.decrease < 1 or not 0 < self.ease < 1:
            raise ValueError("a width begins between 1 and the most, and decreases to a share between 0 and 1")


class Width(Protocol):
    """How many requests may be in flight now, and what changes it."""

    @property
    def now(self) -> int:
        """At least 1."""
        ...

    def answered(self, kind: str, latency_s: float, in_flight: int) -> None:
        """A request of a kind was answered while so many were in flight, itself counted."""
        ...

    def overloaded(self, started: float, now: float) -> None:
        """A request that was sent at ``started`` met an engine that could take no more."""
        ...


class FixedWidth:
    """A width that was measured or set; whoever measures again says so with ``now``."""

    __slots__ = ("now",)

    def __init__(self, now: int) -> None:
        self.now = max(1, now)

    def answered(self, kind: str, latency_s: float, in_flight: int) -> None:
        """Nothing is learned of it."""

    def overloaded(self, started: float, now: float) -> None:
        """Nothing is learned of it."""


class AimdWidth:
    """A width found by trying; latencies of different kinds of request are not compared with each other."""

    __slots__ = ("_decreased", "_least", "_limit", "_settings", "_since", "_smooth")

    def __init__(self, settings: AimdSettings) -> None:
        self._settings = settings
        self._limit = float(settings.first)
        self._least: dict[str, float] = {}
        self._smooth: dict[str, float] = {}
        self._decreased = float("-inf")
        self._since = 0

    @property
    def now(self) -> int:
        """The whole part of the limit."""
        return int(self._limit)

    def answered(self, kind: str, latency_s: float, in_flight: int) -> None:
        """Go up by one in a round of answers, or ease off where they come ever later.

        A limit that is not used up is left alone: nothing was learned of a higher one.
        """
        how = self._settings
        smooth = self._smooth.get(kind, latency_s)
        smooth += how.smoothing * (latency_s - smooth)
        least = self._least.get(kind, latency_s) * (1 + how.forget if in_flight == 1 else 1)
        least = min(least, latency_s)
        self._smooth[kind], self._least[kind] = smooth, least
        self._since += 1
        if smooth > how.tolerance * least and in_flight > 1:
            if self._since >= self._limit:  # once in a round, as what is in flight was sent under the old limit
                self._set(self._limit * how.ease)
        elif 2 * in_flight >= self._limit:
            self._limit = min(float(how.most), self._limit + 1 / self._limit)

    def overloaded(self, started: float, now: float) -> None:
        """Go down, once for all that was in flight together."""
        if started >= self._decreased:
            self._decreased = now
            self._set(self._limit * self._settings.decrease)

    def _set(self, limit: float) -> None:
        self._limit = max(1.0, limit)
        self._since = 0
