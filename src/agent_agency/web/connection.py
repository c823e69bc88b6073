"""A connection that ends when the head of its next request does not come in time, or nobody takes its answer.

Uvicorn bounds the time between two requests only, and starts it anew with every byte: who opens connections and sends
nothing, or a header's sign now and then, would hold them for ever, until no more can be had and nobody is answered. Who
asks and never reads would hold the answer's memory as well, and have a model write on. Without a bound on all of them a
process would run out of files, which asyncio meets by trying again and again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedConnection(H11Protocol):
    """One connection of a client.

    Args:
        head_s: seconds in which the whole head of a request must have come, from the connection or from its first byte.
        most: connections at a time; one more is told to come again.
        taken_s: seconds in which the client must have taken something of what waits to be sent.
        told: what uvicorn gives each of its connections.
    """

    def __init__(self, *, head_s: float, taken_s: float, most: int, **told: Any) -> None:
        super().__init__(**told)
        self._most = most
        self._head_s = head_s
        self._head: asyncio.TimerHandle | None = None
        self._taken_s = taken_s
        self._taken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first head."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            self.transport.write(_FULL)
            self.transport.close()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Go on waiting while the head is not whole."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._watch()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._rest()
        self._settle()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not keep up: see whether it takes anything."""
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._settle()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more is asked: end, also where the last answer was never taken."""
        super().timeout_keep_alive_handler()
        self._look_again()

    def _look_again(self) -> None:
        self._settle()
        waits = self.transport.get_write_buffer_size()
        if waits:
            self._taken = self.loop.call_later(self._taken_s, self._taken_by, waits)

    def _taken_by(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() < waited:
            self._look_again()
        else:
            self.transport.abort()

    def _settle(self) -> None:
        if self._taken is not None:
            self._taken.cancel()
            self._taken = None

    def _watch(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self._head_s, self.timeout_keep_alive_handler)

    def _rest(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
