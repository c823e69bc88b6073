"""A network whose every wait ends when the call that waits is late or cancelled, whatever the server does.

This is the one module that builds on httpcore's classes; import it only where the library is known to be there.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable
from typing import Any

import httpcore

from agent_agency.inference.deadline import Call

_LOOK_S = 0.05
_WRITE_BYTES = 64 * 1024


class Watch(threading.local):
    """The call on whose behalf this thread is on the network."""

    call: Call | None = None


class WatchedStream(httpcore.NetworkStream):
    """A connection that looks up from waiting twenty times a second."""

    def __init__(self, inner: httpcore.NetworkStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes.

        Raises:
            EngineError: the call is late or cancelled.
            httpcore.ReadTimeout: nothing came for ``timeout`` seconds.
        """
        call = self._watch.call
        if call is None:
            return self._inner.read(max_bytes, timeout)
        silent = 0.0
        while True:
            call.check()
            wait = max(0.001, min(_LOOK_S, call.remaining))
            try:
                return self._inner.read(max_bytes, wait)
            except httpcore.ReadTimeout:
                silent += wait
                if timeout is not None and silent >= timeout:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes, a piece at a time.

        Raises:
            EngineError: the call is late or cancelled.
            httpcore.WriteTimeout: the server took nothing for ``timeout`` seconds.
        """
        for start in range(0, len(buffer), _WRITE_BYTES):
            self._inner.write(buffer[start : start + _WRITE_BYTES], self._time(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on under TLS.

        Raises:
            EngineError: the call is late or cancelled.
        """
        return WatchedStream(self._inner.start_tls(ssl_context, server_hostname, self._time(timeout)), self._watch)

    def get_extra_info(self, info: str) -> Any:
        """What the connection tells of itself."""
        return self._inner.get_extra_info(info)

    def _time(self, timeout: float | None) -> float | None:
        return _time(self._watch, timeout)


class WatchedNetwork(httpcore.NetworkBackend):
    """Opens watched connections; a name is looked up by the system, which has a time limit of its own."""

    def __init__(self, watch: Watch) -> None:
        self._inner = httpcore.SyncBackend()
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection.

        Raises:
            EngineError: the call is late or cancelled.
        """
        wait = _time(self._watch, timeout)
        return WatchedStream(self._inner.connect_tcp(host, port, wait, local_address, socket_options), self._watch)


def _time(watch: Watch, timeout: float | None) -> float | None:
    """The time that one step may take: its own, or what is left of the call where that is less."""
    call = watch.call
    if call is None:
        return timeout
    call.check()
    return call.remaining if timeout is None else min(timeout, call.remaining)
