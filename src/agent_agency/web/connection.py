"""A connection that ends when the head of its next request does not come in time.

Uvicorn bounds the time between two requests only, and starts it anew with every byte: who opens connections and sends
nothing, or a header's sign now and then, would hold them for ever, until no more can be had and nobody is answered.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedConnection(H11Protocol):
    """One connection of a client.

    Args:
        head_s: seconds in which the whole head of a request must have come, from the connection or from its first byte.
        told: what uvicorn gives each of its connections.
    """

    def __init__(self, *, head_s: float, **told: Any) -> None:
        super().__init__(**told)
        self._head_s = head_s
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first head."""
        super().connection_made(transport)
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
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self._head_s, self.timeout_keep_alive_handler)

    def _rest(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
