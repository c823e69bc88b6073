"""How long one call may take, and whether somebody wants it no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Cancel


class Call:
    """One call of an engine with its deadline and its off switch.

    Args:
        seconds: what the whole call may take.
        cancel: switched by another thread.
        timer: seconds that only go forward.
    """

    def __init__(self, seconds: float, cancel: Cancel | None, timer: Callable[[], float]) -> None:
        self.seconds = seconds
        self._cancel = cancel
        self._timer = timer
        self._started = timer()

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._timer() - self._started

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.seconds - self.elapsed

    def check(self) -> None:
        """Go on only while the call is wanted and in time.

        Raises:
            EngineError: ``engine.cancelled`` or ``engine.timeout``.
        """
        if self._cancel is not None and self._cancel.cancelled:
            raise EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")
        if self.remaining <= 0:
            self.late("gave no whole answer")

    def late(self, what: str) -> NoReturn:
        """End the call for its time.

        Raises:
            EngineError: ``engine.timeout``, always.
        """
        raise EngineError(
            f"The server {what} within {self.seconds:g} seconds",
            fix="Give the call more time, ask for fewer tokens, or see why the server is slow.",
            code="engine.timeout",
        )
