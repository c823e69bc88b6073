"""Whether a process that has work still lives: counted in beats, so that a pause of this very process counts as one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a model's process is waited for, in seconds.

    Args:
        load_s: for a model to be loaded.
        beat_s: between two looks at a process that has work.
        hung_s: without a sign of life, pings being sent, until it counts as hung.
        stuck_s: without any job ending while one that nobody waits for should, until it counts as hung.
        stop_s: for a process that was told to stop, until it is killed.
    """

    load_s: float = 600.0
    beat_s: float = 1.0
    hung_s: float = 20.0
    stuck_s: float = 60.0
    stop_s: float = 5.0


class Finding(Enum):
    """What one beat found."""

    ALIVE = "alive"
    QUIET = "quiet"
    HUNG = "hung"
    STUCK = "stuck"


class Pulse:
    """Counts beats without a sign of life, and beats without the end of a job that should have ended."""

    def __init__(self, patience: Patience) -> None:
        self._hung = max(2, math.ceil(patience.hung_s / patience.beat_s))
        self._stuck = max(2, math.ceil(patience.stuck_s / patience.beat_s))
        self.rest()

    def rest(self) -> None:
        """There is no work: nothing is expected."""
        self._quiet_beats = 0
        self._stuck_beats = 0
        self._heard = True
        self._ended = True

    def heard(self, *, ended: bool) -> None:
        """Something came; ``ended``: the end of a job."""
        self._heard = True
        self._ended = self._ended or ended

    def beat(self, *, overdue: bool) -> Finding:
        """One beat is over.

        Args:
            overdue: a job that nobody waits for has not ended.

        Returns:
            ``QUIET`` where a ping is due.
        """
        self._quiet_beats = 0 if self._heard else self._quiet_beats + 1
        self._stuck_beats = 0 if self._ended or not overdue else self._stuck_beats + 1
        self._heard = self._ended = False
        if self._quiet_beats >= self._hung:
            return Finding.HUNG
        if self._stuck_beats >= self._stuck:
            return Finding.STUCK
        return Finding.QUIET if self._quiet_beats else Finding.ALIVE
