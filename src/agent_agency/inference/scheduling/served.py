"""What a scheduler has done so far: requests by how they ended, and prompt tokens that were never computed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Usage
from agent_agency.inference.scheduling.breaker import State


@dataclass(frozen=True, slots=True)
class Tokens:
    """Prompt tokens.

    Args:
        asked: of all answered prompts, as if each had been computed whole.
        cached: of these, what the engine had already.
        primed: computed ahead, for prefixes.
        uncounted: answers whose tokens the engine did not tell; they are in none of the others.
    """

    asked: int = 0
    cached: int = 0
    primed: int = 0
    uncounted: int = 0

    @property
    def computed(self) -> int:
        """What the engine had to compute in the end, prefixes ahead included."""
        return self.asked - self.cached + self.primed

    @property
    def saved(self) -> int:
        """What it had not to; negative where prefixes were computed ahead for nothing."""
        return self.asked - self.computed

    def and_answer(self, usage: Usage) -> Tokens:
        """With one more answered prompt."""
        if usage.prompt is None:
            return Tokens(self.asked, self.cached, self.primed, self.uncounted + 1)
        cached = min(usage.cached or 0, usage.prompt)
        return Tokens(self.asked + usage.prompt, self.cached + cached, self.primed, self.uncounted)

    def and_primed(self, primed: Primed) -> Tokens:
        """With one more prefix computed ahead."""
        return Tokens(self.asked, self.cached, self.primed + primed.computed, self.uncounted)


@dataclass(frozen=True, slots=True)
class Served:
    """A scheduler at one moment.

    Args:
        taken: requests that were let into the queue.
        answered: of these.
        failed: of these, by the code of the error; cancelled and late ones are among them.
        refused: requests that were not let in, by the code.
        waiting: now.
        running: now, prefixes being computed included.
        width: requests that may run now.
        breaker: its state.
        service_s: seconds of a usual request once it is sent; ``None`` before the first.
        waited_s: mean seconds in the queue of those that were sent; ``None`` before the first.
        primings: prefixes that were computed ahead.
        priming_failures: prefixes that could not be.
        tokens: prompt tokens over all.
    """

    taken: int
    answered: int
    failed: Mapping[str, int]
    refused: Mapping[str, int]
    waiting: int
    running: int
    width: int
    breaker: State
    service_s: float | None
    waited_s: float | None
    primings: int
    priming_failures: int
    tokens: Tokens


class Counts:
    """The counters behind a snapshot; not locked, the caller is."""

    def __init__(self) -> None:
        self.taken = self.answered = self.primings = self.priming_failures = 0
        self.failed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._tokens = Tokens()
        self._sent = 0
        self._waited_s = 0.0

    def sent(self, waited_s: float) -> None:
        """A request left the queue for the engine."""
        self._sent += 1
        self._waited_s += waited_s

    def answer(self, usage: Usage) -> None:
        """A request was answered."""
        self.answered += 1
        self._tokens = self._tokens.and_answer(usage)

    def primed(self, primed: Primed) -> None:
        """A prefix was computed ahead."""
        self.primings += 1
        self._tokens = self._tokens.and_primed(primed)

    def snapshot(self, *, waiting: int, running: int, width: int, breaker: State, service_s: float | None) -> Served:
        """All of it at this moment."""
        return Served(
            taken=self.taken,
            answered=self.answered,
            failed=MappingProxyType(dict(self.failed)),
            refused=MappingProxyType(dict(self.refused)),
            waiting=waiting,
            running=running,
            width=width,
            breaker=breaker,
            service_s=service_s,
            waited_s=self._waited_s / self._sent if self._sent else None,
            primings=self.primings,
            priming_failures=self.priming_failures,
            tokens=self._tokens,
        )
