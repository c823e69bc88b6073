"""How often a process that keeps ending is started again, and how soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The first restart is at once, each further one waits twice as long, and after too many there is none.

    Args:
        most: ends within the window after which the process is started again; one more is the last.
        window_s: seconds that an end counts for.
        first_s: seconds before the second restart.
        longest_s: seconds that a restart waits at most.
    """

    most: int = 5
    window_s: float = 600.0
    first_s: float = 0.5
    longest_s: float = 30.0

    def recent(self, ends: Sequence[float], now: float) -> tuple[float, ...]:
        """The ends that still count."""
        return tuple(one for one in ends if now - one < self.window_s)

    def start_at(self, ends: Sequence[float]) -> float | None:
        """When the next start may be, by the same clock as the ends; ``None``: there is none.

        Args:
            ends: those that count, oldest first.
        """
        if len(ends) > self.most:
            return None
        if len(ends) <= 1:
            return ends[-1] if ends else float("-inf")
        return ends[-1] + min(self.longest_s, self.first_s * 2.0 ** (len(ends) - 2))
