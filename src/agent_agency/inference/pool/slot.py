"""One model of the pool while a process runs: its state, who uses it, and when it may be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.pool.budget import Resident
from agent_agency.inference.pool.states import Event, State, after

if TYPE_CHECKING:
    from agent_agency.inference.pool.pooled import Member

_FIRST_S = 1.0
_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How one model of the pool stands.

    Args:
        name: of the model.
        state: of the table in `states`.
        in_flight: requests that it works on.
        waiting: requests that wait for it to be warm.
        memory_bytes: that it holds, or that are set aside for it while it loads.
        expected_bytes: what it would take: measured lately, else estimated.
        idle_s: seconds since its last request ended.
        problem: why it failed; empty where it did not.
    """

    name: str
    state: State
    in_flight: int
    waiting: int
    memory_bytes: int
    expected_bytes: int
    idle_s: float
    problem: str


@dataclass(slots=True)
class Slot:
    """The mutable part; the pool's lock is held by whoever touches it.

    ``taken`` says that a thread is about to load or unload it. ``failures`` counts those since the last success, and
    ``attempts`` all loads that ended, so that a waiting request knows whether the one it waited for failed.
    ``wants_since`` is when it began to wait for room, and ``warm_since`` when it was loaded last.
    ``measured`` says that the engine could once tell what it holds.
    """

    member: Member
    expected: int
    last_used: float
    state: State = "cold"
    memory: int = 0
    in_flight: int = 0
    waiting: int = 0
    taken: bool = False
    failures: int = 0
    attempts: int = 0
    try_at: float = float("-inf")
    error: EngineError | None = None
    wants_since: float | None = None
    warm_since: float = float("-inf")
    measured: bool = False

    @property
    def name(self) -> str:
        """Of the model."""
        return self.member.engine.name

    @property
    def idle(self) -> bool:
        """Warm, with nothing in flight, and nobody about to ask it who had waited for it to be loaded."""
        return self.state == "warm" and self.in_flight == self.waiting == 0 and not self.taken

    def move(self, event: Event) -> None:
        """Bring it into the next state of the table."""
        self.state = after(self.state, event)

    def failed(self, error: EngineError, now: float) -> None:
        """Note a failure; the first is followed by a new try at once, each further one later."""
        self.failures += 1
        self.error = error
        wait = 0.0 if self.failures == 1 else min(_LONGEST_S, _FIRST_S * 2.0 ** (self.failures - 2))
        self.try_at = now + wait

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self.failures, self.error, self.try_at = 0, None, float("-inf")

    @property
    def ended(self) -> bool:
        """Whether an engine that can tell what it holds holds nothing although it was loaded: its process is gone."""
        return self.measured and self.state == "warm" and self.member.engine.memory_bytes == 0

    def measure(self) -> None:
        """Take over what the engine holds now, where it can tell."""
        found = self.member.engine.memory_bytes
        if found > 0:
            self.memory = found
            self.measured = True
            self.expected = found if self.expected == self.member.estimate_bytes else max(self.expected, found)

    def resident(self) -> Resident:
        """As the budget sees it."""
        return Resident(self.name, self.memory, self.last_used, self.idle)

    def standing(self, now: float) -> Standing:
        """As people see it."""
        problem = self.error.message if self.error is not None and self.state == "failed" else ""
        idle = 0.0 if self.in_flight else max(0.0, now - self.last_used)
        told = self.in_flight, self.waiting, self.memory, self.expected
        return Standing(self.name, self.state, *told, idle, problem)
