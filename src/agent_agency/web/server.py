"""Running the HTTP face: a listening socket, one event loop, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import uvicorn

from agent_agency.errors import AgencyError, UsageError
from agent_agency.web.app import make_app
from agent_agency.web.connection import BoundedConnection
from agent_agency.web.face import LOOPBACK, Face

BACKLOG = 256
"""Connections that wait to be accepted, and that are accepted at a time before any is counted."""
_FILES = 8192
_OWN_FILES = 128
MAX_HEADERS = 64 * 1024
_DRAIN_S = 10
_END_S = 5
"""Seconds in which those who wait are told, and an engine lets go."""
_IDLE_S = 30


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        host: an address of this machine.
        port: 0 for any that is free.

    Raises:
        AgencyError: it cannot be had (``serve.no_address``).
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        raise AgencyError(
            f"No server can listen on {host} port {port}: {getattr(error, 'strerror', None) or error}",
            fix="Give another --port (0 for any that is free), or an address of this machine as --host.",
            code="serve.no_address",
        ) from error
    return found


def room_for_connections() -> int:
    """How many connections this process has files for, once its limit is as high as it needs to be and may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    most = _FILES if soft == resource.RLIM_INFINITY else min(_FILES, soft)
    return max(1, most - BACKLOG - _OWN_FILES, most // 4)


def hosts_of(host: str) -> frozenset[str]:
    """The names under which clients of this machine call a face that listens on a host, as they stand in Host."""
    return LOOPBACK | {f"[{host}]" if ":" in host else host.lower()}


def url_of(listening: socket.socket) -> str:
    """The base URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


def refuse_open_house(host: str, token: str | None) -> None:
    """Refuse to serve other machines without a token.

    Raises:
        UsageError: the host is not this machine's own, and there is no token.
    """
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host == "localhost" or token is not None:
        return
    raise UsageError(
        f"Anybody who reaches {host} could ask the model",
        fix="Set AGENCY_SERVE_TOKEN (or name a variable with --token-env), or serve 127.0.0.1 alone.",
    )


class Server(uvicorn.Server):
    """A server that ends its work when it is asked to, and then comes back to its caller.

    Args:
        face: what is served.
        drain_s: seconds for answers under way; what is not whole by then is told that the engine is being closed.
    """

    def __init__(self, face: Face, drain_s: float = _DRAIN_S) -> None:
        limits = face.limits
        connection = partial(BoundedConnection, head_s=limits.head_s, taken_s=limits.taken_s, most=limits.connections)
        super().__init__(
            uvicorn.Config(
                make_app(face),
                http=cast("type[asyncio.Protocol]", connection),
                ws="none",
                backlog=min(BACKLOG, limits.connections),
                lifespan="off",
                log_level="error",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=MAX_HEADERS,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_DRAIN_S + _END_S,
            )
        )
        self._rest = threading.Timer(drain_s, face.serving.close, kwargs={"drain": False, "timeout_s": _END_S})
        self._rest.daemon = True
        self._asked = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let signals end the server, not the process: what it holds must be let go of first.

        SIGHUP is one of them, as a terminal that is closed sends it; under nohup it is ignored, and stays so.
        """
        loop = asyncio.get_running_loop()
        taken = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            with contextlib.suppress(RuntimeError, ValueError):  # in another thread there are no signals
                loop.add_signal_handler(number, self.stop)
                taken.append(number)
        try:
            yield
        finally:
            for number in taken:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """End; who asks twice has the answers under way ended at once, and who asks again waits for nothing."""
        self._asked += 1
        self.should_exit, self.force_exit = True, self._asked > 2  # noqa: PLR2004 - as the docstring says
        if self._asked == 1:
            self._rest.start()
        elif self._asked == 2:  # noqa: PLR2004 - as above
            self._rest.cancel()
            threading.Thread(target=self._rest.function, kwargs=self._rest.kwargs, daemon=True).start()

    def ended(self) -> None:
        """Nothing is left to be ended."""
        self._rest.cancel()


def serve(
    face: Face, listening: socket.socket, began: Callable[[Server], None] = lambda _: None, drain_s: float = _DRAIN_S
) -> None:
    """Serve until told to end.

    Args:
        face: what is served.
        listening: from `listen`; closed at the end.
        began: called with the server before it runs.
        drain_s: as for `Server`.
    """
    server = Server(face, drain_s)
    began(server)
    with listening:
        try:
            server.run(sockets=[listening])
        finally:
            server.ended()
