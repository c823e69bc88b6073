"""One job's off switch: what it waits for on the server ends when somebody asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agent_agency.errors import EngineError


class Call:
    """A job from when it is handed in until it ends."""

    __slots__ = ("_lock", "_socket", "cancelled")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        """End what it waits for; the server frees the slot when it sees the connection closed."""
        with self._lock:
            self.cancelled.set()
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def waiting_on(self, connection: socket.socket) -> Iterator[None]:
        """While it waits for this connection.

        Raises:
            EngineError: ``engine.cancelled``: somebody asked before, or meanwhile.
        """
        with self._lock:
            self._socket = connection
        self.check()
        try:
            yield
        finally:
            with self._lock:
                self._socket = None
            self.check()

    def check(self) -> None:
        """Go on only where nobody asked for the end.

        Raises:
            EngineError: ``engine.cancelled``.
        """
        if self.cancelled.is_set():
            raise cancelled()


def cancelled() -> EngineError:
    """The error of a call that was cancelled."""
    return EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")
