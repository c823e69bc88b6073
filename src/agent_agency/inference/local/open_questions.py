"""The questions that a model's process was asked and has not answered; each gets one end, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

from agent_agency.inference.local.answers import ANSWERED_BY, Answer, PieceText, read
from agent_agency.inference.local.backend import Failed
from agent_agency.inference.local.process_ends import Lost
from agent_agency.inference.local.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Stands in a box where the asker wants no answer any more."""


Box: TypeAlias = "SimpleQueue[Answer | Lost | Cancelled]"
"""Where the answers to one question go, pieces first."""


@dataclass(frozen=True, slots=True)
class _Open:
    op: str
    box: Box | None
    streamed: bool


class OpenQuestions:
    """What was asked and has no end yet; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._open: dict[int, _Open] = {}
        self._left: set[int] = set()
        self._next = 0
        self._lost: Lost | None = None

    def add(self, op: str, box: Box | None, *, streamed: bool = False) -> tuple[int, bool]:
        """Open a question; where the process is gone, its box is told at once.

        Args:
            op: what is asked.
            box: where the answer goes; ``None`` for what the process's own keeper asks.
            streamed: whether pieces may come before the end.

        Returns:
            Its number, and whether none was open before it.
        """
        with self._lock:
            number, first = self._next, not self._open
            self._next += 1
            if self._lost is None:
                self._open[number] = _Open(op, box, streamed)
            elif box is not None:
                box.put(self._lost)
        return number, first

    def take(self, document: Mapping[str, Any]) -> tuple[str, Answer]:
        """Hand on an answer.

        Returns:
            What was asked, and the answer.

        Raises:
            WireError: it answers nothing that is open, or is no answer to what was asked.
        """
        number = document.get("id")
        with self._lock:
            asked = self._open.get(number) if isinstance(number, int) and not isinstance(number, bool) else None
        if asked is None or not isinstance(number, int):
            raise WireError("it answers a question that is not open")
        answer = read(document)
        if isinstance(answer, PieceText):
            if not asked.streamed:
                raise WireError("it gives a piece where a whole answer was asked for")
        elif not isinstance(answer, (ANSWERED_BY[asked.op], Failed)):
            raise WireError(f"it gives another answer than to {asked.op!r}")
        else:
            self._close(number)
        if asked.box is not None:
            asked.box.put(answer)
        return asked.op, answer

    def leave(self, number: int) -> bool:
        """Nobody waits for this answer any more.

        Returns:
            Whether it is still to come.
        """
        with self._lock:
            asked = self._open.get(number)
            if asked is None:
                return False
            self._open[number] = _Open(asked.op, None, asked.streamed)
            self._left.add(number)
            self._changed.notify_all()
            return True

    def drop(self, number: int) -> None:
        """A question was not sent after all."""
        self._close(number)

    def end(self, lost: Lost) -> None:
        """Tell everybody that no answer comes, now and from now on."""
        with self._lock:
            self._lost = lost
            boxes = [one.box for one in self._open.values() if one.box is not None]
            self._open.clear()
            self._left.clear()
            self._changed.notify_all()
        for box in boxes:
            box.put(lost)

    @property
    def any(self) -> bool:
        """Whether one is open."""
        return bool(self._open)

    @property
    def any_left(self) -> bool:
        """Whether one is open that nobody waits for, so that it should have ended."""
        return bool(self._left)

    @property
    def waited_for(self) -> int:
        """How many are open that somebody waits for."""
        with self._lock:
            return sum(one.box is not None for one in self._open.values())

    def wait_until_none(self, seconds: float) -> bool:
        """Wait until somebody waits for none; whether that came in time."""

        def none() -> bool:
            return all(one.box is None for one in self._open.values())

        with self._changed:
            return self._changed.wait_for(none, seconds)

    def _close(self, number: int) -> None:
        with self._lock:
            self._open.pop(number, None)
            self._left.discard(number)
            self._changed.notify_all()
