"""The slots of the server, and what each still holds: a request gets the one that saves it the most work."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from agent_agency.inference.local.llama_cpp.tokens import Tokens, common


@dataclass(slots=True)
class Slot:
    """One slot.

    Args:
        number: as the server counts.
        tokens: the prompt that it computed last, as far as we know; empty where we do not.
        used: when it was taken last, in takes.
    """

    number: int
    tokens: Tokens = ()
    used: int = 0


class Slots:
    """All slots of a server; there are as many as threads that take one, so that nobody waits.

    Args:
        count: how many there are.
    """

    def __init__(self, count: int) -> None:
        self._lock = Lock()
        self._idle = [Slot(number) for number in range(count)]
        self._takes = 0

    def take(self, tokens: Tokens, prefix: int) -> Slot:
        """The best idle slot for a prompt.

        Args:
            tokens: of the prompt.
            prefix: how many of these can be copied from a kept prefix; a slot that holds no more than that saves
                nothing, and then the one that was idle longest is taken, so that the others keep what they hold.
        """
        with self._lock:
            self._takes += 1
            held = {slot.number: common(slot.tokens, tokens) for slot in self._idle}
            best = max(self._idle, key=lambda slot: held[slot.number])
            if held[best.number] <= prefix:
                same = [slot for slot in self._idle if held[slot.number] == prefix > 0]
                best = min(same or self._idle, key=lambda slot: slot.used)
            self._idle.remove(best)
            best.used = self._takes
            return best

    def give_back(self, slot: Slot) -> None:
        """Let others have it."""
        with self._lock:
            self._idle.append(slot)
