"""Lines on their way out of a model's process, written by a thread of their own, several at a time."""

from __future__ import annotations

import contextlib
import os
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from agent_agency.inference.local.answers import Answer, write
from agent_agency.inference.local.backend import Failed
from agent_agency.inference.local.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_AT_ONCE = 256


class WrittenLines:
    """Answers to a pipe; who puts one never waits, so that a slow reader holds up no model.

    Args:
        descriptor: of the pipe.
        gone: called where nobody reads any more.
    """

    def __init__(self, descriptor: int, gone: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._gone = gone
        self._lines: SimpleQueue[bytes | threading.Event] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="answers", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, number: int, answer: Answer) -> None:
        """Hand on the answer to one question; one that JSON has no form for is told as a failure."""
        try:
            line = encode({"id": number, **write(answer)})
        except (ValueError, TypeError) as error:
            line = encode({"id": number, **write(_unwritable(error))})
        self._lines.put(line)

    def flush(self, seconds: float) -> None:
        """Wait until all so far is written, or the time is over."""
        written = threading.Event()
        self._lines.put(written)
        written.wait(seconds)

    def _write(self) -> None:
        while True:
            batch = [self._lines.get(), *self._more()]
            try:
                _write_all(self._descriptor, b"".join(part for part in batch if isinstance(part, bytes)))
            except OSError:
                self._gone()
                return
            for part in batch:
                if isinstance(part, threading.Event):
                    part.set()

    def _more(self) -> list[bytes | threading.Event]:
        more: list[bytes | threading.Event] = []
        with contextlib.suppress(Empty):
            while len(more) < _MOST_AT_ONCE:
                more.append(self._lines.get_nowait())
        return more


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _unwritable(error: Exception) -> Failed:
    return Failed(
        "engine.bad_answer",
        f"The model's answer has numbers or text that cannot be told ({' '.join(str(error).split())[:120]})",
        "Try another model file, or the other engine.",
    )
