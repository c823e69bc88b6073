"""Giving a model's memory back when nobody has asked for a while; the next question loads it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from agent_agency.inference.scheduling.served import Served

_LOOK_S = 1.0
_LOOKS = 4


class Unloadable(Protocol):
    """A model that can give its memory back."""

    @property
    def state(self) -> str:
        """``warm`` where there is something to give back."""
        ...

    def unload(self) -> None:
        """Give it back."""
        ...


class IdleWatch:
    """Unloads a model that nobody has asked for longer than it is to be kept.

    Args:
        engine: the model.
        served: what was asked of it so far.
        keep_s: seconds that it is kept.
        timer: seconds that only go forward.
    """

    def __init__(
        self,
        engine: Unloadable,
        served: Callable[[], Served],
        keep_s: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._served = served
        self._keep_s = keep_s
        self._timer = timer
        self._seen = -1
        self._last = timer()
        self._over = threading.Event()

    def look(self) -> bool:
        """Look once, and unload where it is time.

        Returns:
            Whether the model was unloaded.
        """
        served, now = self._served(), self._timer()
        if served.taken != self._seen or served.waiting or served.running or self._engine.state != "warm":
            self._seen, self._last = served.taken, now
            return False
        if now - self._last < self._keep_s:
            return False
        self._engine.unload()
        return True

    def start(self) -> None:
        """Look again and again, in a thread of its own, until `stop`."""
        threading.Thread(target=self._run, name="idle watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(min(_LOOK_S, max(0.05, self._keep_s / _LOOKS))):
            self.look()
