"""Waiting for a model's process: until an answer comes, nobody wants it any more, or the time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.local.open_questions import Box, Cancelled
from agent_agency.inference.local.process_ends import Lost

if TYPE_CHECKING:
    from agent_agency.inference.local.answers import Answer
    from agent_agency.inference.protocol import Cancel

_LONGEST_S = 86_400.0


class Wait:
    """One call's time, off switch and box.

    Args:
        seconds: what the whole call may take.
        timer: seconds that only go forward.
    """

    def __init__(self, seconds: float, timer: Callable[[], float]) -> None:
        self.seconds = seconds
        self.box: Box = SimpleQueue()
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

    def answer(self, loading: Callable[[], bool]) -> Answer | Lost:
        """The next that comes.

        Args:
            loading: whether the model is being loaded, for the message.

        Raises:
            EngineError: ``engine.cancelled`` or ``engine.timeout``.
        """
        found = self._next(self.remaining)
        if found is None:
            raise _late(self.seconds, loading=loading())
        return found

    def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            EngineError: ``engine.cancelled``.
        """
        self._next(seconds)

    def _next(self, seconds: float) -> Answer | Lost | None:
        try:
            found = self.box.get(timeout=min(max(0.0, seconds), _LONGEST_S))
        except Empty:
            return None
        if isinstance(found, Cancelled):
            raise EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")
        return found


def _late(seconds: float, *, loading: bool) -> EngineError:
    if loading:
        message = f"The model was still being loaded after {round(seconds, 2):g} seconds"
        fix = "Ask again in a while; loading goes on."
    else:
        message = f"The model gave no whole answer within {round(seconds, 2):g} seconds"
        fix = "Give the call more time, ask for fewer tokens, or fewer questions at once."
    return EngineError(message, fix=fix, code="engine.timeout")


@contextmanager
def waiting(seconds: float, cancel: Cancel | None, timer: Callable[[], float]) -> Iterator[Wait]:
    """A call from its begin to its end."""
    wait = Wait(seconds, timer)
    forget = None if cancel is None else cancel.notify(lambda: wait.box.put(Cancelled()))
    try:
        yield wait
    finally:
        if forget is not None:
            forget()
