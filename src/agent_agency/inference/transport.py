"""One server over HTTP: bounded in time and size, cancelled from any thread, never led elsewhere.

It stands on httpcore, the transport under httpx: httpx itself cannot end a call whose answer has not begun. Nothing of
the environment (proxies, certificates, netrc) changes where a request goes; a redirection is an error.
"""

from __future__ import annotations

import contextlib
import random
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from agent_agency._version import __version__
from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.refusals import network_failure, refusal
from agent_agency.inference.untrusted_json import bad_answer

if TYPE_CHECKING:
    import httpcore

    from agent_agency.inference.deadline import Call
    from agent_agency.inference.server_address import ServerAddress, ServerKey

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_MAX_REFUSAL_BYTES = 64 * 1024
_KEEP_ALIVE_S = 4.0  # servers let go of an idle connection after 5 s; a request must not cross that on its way
_IDLE_CONNECTIONS = 32
_CONNECT_TRIES = 3
_BUSY_TRIES = 10
_LONGEST_WAIT_S = 8.0
_FIRST_WAIT_S = 0.1
_LOOK_S = 0.05
_SUCCESS = 2
_CLOSE = (b"Connection", b"close")
_LONGEST_WAIT_DIGITS = 6
_BUSY = frozenset({429, 503})


_Result = TypeVar("_Result")
_Headers = list[tuple[bytes, bytes]]
_Asked = tuple[str, str, _Headers, bytes | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, and seconds for which a server may be silent within a call."""

    connect_s: float = 10.0
    idle_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer that has begun: its content type in small letters, and its bytes as they come."""

    content_type: str
    chunks: Iterator[bytes]

    def read(self) -> bytes:
        """The rest of the bytes.

        Raises:
            EngineError: it breaks off, is late or cancelled, or too large.
        """
        return b"".join(self.chunks)


class Transport:
    """Sends requests to one server; used from several threads at once.

    Args:
        address: the server; every path is taken below one of its two URLs.
        key: sent with every request.
        limits: seconds.
        ca_file: certificates of an authority to trust beside the usual ones.
        proxy: URL of a proxy to go through; the environment is never asked for one.
        wait: sleeps for that many seconds.
        rng: spreads the waits of those who were sent away together.

    Raises:
        MissingExtraError: httpcore is not installed.
        EngineError: ``ca_file`` cannot be read.
    """

    def __init__(
        self,
        address: ServerAddress,
        key: ServerKey | None = None,
        limits: Limits | None = None,
        *,
        ca_file: str | None = None,
        proxy: str | None = None,
        wait: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        core = require("httpcore", extra="models")
        from agent_agency.inference.watched_network import Watch, WatchedNetwork

        self._core = core
        self._address = address
        self._key = key
        limits = limits or Limits()
        self.busy_tries = _BUSY_TRIES
        """How often a request is sent to a server that says that it is busy; 1 for who waits and counts elsewhere."""
        self._wait = wait
        self._rng = rng or random.Random()  # noqa: S311 - spreads waits, nothing secret
        self._watch = Watch()
        self._failures = (
            core.TimeoutException,
            core.NetworkError,
            core.ProtocolError,
            core.ProxyError,
            core.UnsupportedProtocol,
            OSError,
        )
        self._pool: httpcore.ConnectionPool = core.ConnectionPool(
            ssl_context=trusted(core, ca_file) if address.scheme == "https" else None,
            proxy=core.Proxy(proxy) if proxy else None,
            max_connections=None,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=WatchedNetwork(self._watch),
        )
        self._finalizer = weakref.finalize(self, self._pool.close)  # nobody need close what they chose by name
        self._headers = _headers(address, key)
        self._timeouts = {"timeout": {"connect": limits.connect_s, "read": limits.idle_s, "write": limits.idle_s}}

    def close(self) -> None:
        """Close every connection."""
        self._finalizer()

    @contextlib.contextmanager
    def keyless(self) -> Iterator[None]:
        """Let no error of the block quote the key, should the server have told it."""
        try:
            yield
        except EngineError as error:
            message = error.message if self._key is None else self._key.hidden_in(error.message)
            if message == error.message:
                raise
            told = error.retry_after_s
            raise EngineError(message, fix=error.fix, code=error.stable_code, retry_after_s=told) from None

    @contextlib.contextmanager
    def open(self, method: str, url: str, body: bytes | None, call: Call, *, last: bool = False) -> Iterator[Opened]:
        """Send a request and give the answer as it comes; leaving the block early closes the connection.

        What was surely not done is asked again within the deadline: a connection that was refused before anything was
        sent, and a server that says that it is busy (429, 503), after the time that it names.

        Args:
            method: of HTTP.
            url: of this server.
            body: JSON, or none.
            call: whose time it is.
            last: nothing more is to be asked on the connection.

        Raises:
            EngineError: the server cannot be reached, refuses, breaks off, or the call is late or cancelled.
        """
        with contextlib.ExitStack() as stack:
            headers = [*self._headers, _CLOSE] if last else self._headers
            response = self._answered(stack, (method, url, headers, body), call)
            kind = _header(response, b"content-type").lower()
            encoding = _header(response, b"content-encoding").lower()
            if encoding not in {"", "identity"}:
                raise bad_answer(f"it comes packed as {encoding[:40]!r}, which was not asked for")
            try:
                yield Opened(kind, self._chunks(response, call, MAX_ANSWER_BYTES))
            except EngineError:  # what comes next on this connection may be the rest of what was wrong
                response.extensions["network_stream"].close()
                raise

    def fetch(self, method: str, url: str, body: bytes | None, call: Call) -> bytes:
        """Send a request and give the whole answer.

        Raises:
            EngineError: as `open`.
        """
        with self.open(method, url, body, call) as opened:
            return opened.read()

    def _answered(self, stack: contextlib.ExitStack, asked: _Asked, call: Call) -> httpcore.Response:
        tried = 0
        while True:
            tried += 1
            try:
                response = self._sent(stack, asked, call)
            except EngineError as error:
                if error.stable_code != "engine.unreachable" or tried >= _CONNECT_TRIES or not _unsent(error):
                    raise
                self._pause(self._backoff(tried), call, error)
                continue
            if response.status // 100 == _SUCCESS:
                return response
            refused = self._refusal(response, call)
            stack.close()
            if response.status not in _BUSY:
                raise refused
            refused.retry_after_s = _retry_after(response, datetime.now(UTC))
            if tried >= self.busy_tries:
                raise refused
            self._pause(refused.retry_after_s or self._backoff(tried), call, refused)

    def _sent(self, stack: contextlib.ExitStack, asked: _Asked, call: Call) -> httpcore.Response:
        method, url, headers, body = asked

        def send() -> httpcore.Response:
            call.check()
            return stack.enter_context(
                self._pool.stream(method, url, headers=headers, content=body, extensions=self._timeouts)
            )

        return self._watched(send, call, begun=False)

    def _chunks(self, response: httpcore.Response, call: Call, most: int) -> Iterator[bytes]:
        source = iter(response.iter_stream())
        size = 0
        while chunk := self._watched(lambda: next(source, b""), call, begun=True):
            size += len(chunk)
            if size > most:
                raise bad_answer(f"it is larger than {most:,} bytes")
            yield chunk

    def _watched(self, step: Callable[[], _Result], call: Call, *, begun: bool) -> _Result:
        """Take one step on the network on behalf of a call; what fails is told in our terms."""
        watch = self._watch
        before, watch.call = watch.call, call
        try:
            return step()
        except self._failures as error:
            raise self._told(error, call, begun=begun) from error
        finally:
            watch.call = before

    def _refusal(self, response: httpcore.Response, call: Call) -> EngineError:
        data = bytearray()
        try:
            for chunk in self._chunks(response, call, _MAX_REFUSAL_BYTES):
                data += chunk
        except EngineError as error:
            if error.stable_code in {"engine.cancelled", "engine.timeout"}:
                return error
        kind = _header(response, b"content-type").lower()
        key_name = self._key.variable if self._key else None
        return refusal(response.status, kind, bytes(data), self._address.host, key_name)

    def _told(self, error: Exception, call: Call, *, begun: bool) -> EngineError:
        core = self._core
        if isinstance(error, core.TimeoutException):
            call.check()
        if isinstance(error, (core.ReadTimeout, core.WriteTimeout)):
            return EngineError(
                "The server was silent for longer than it may be",
                fix="See why it hangs, or raise 'idle_s' in the engine's settings.",
                code="engine.timeout",
            )
        return network_failure(error, self._address.host, begun=begun)

    def _backoff(self, tried: int) -> float:
        return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * float(2**tried)) * self._rng.uniform(0.5, 1.0)

    def _pause(self, seconds: float, call: Call, refused: EngineError) -> None:
        """Wait before asking again; where the deadline comes first, say at once why nothing came."""
        if seconds >= call.remaining:
            raise refused
        while seconds > 0:
            call.check()
            self._wait(min(_LOOK_S, seconds))
            seconds -= _LOOK_S


def trusted(core: Any, ca_file: str | None) -> Any:
    """What a connection under TLS trusts.

    Raises:
        EngineError: ``ca_file`` cannot be read.
    """
    context = core.default_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise EngineError(
                f"The certificates of 'ca_file' cannot be used: {error.strerror or error}",
                fix="Give a PEM file with the authority's certificate.",
                path=ca_file,
                code="engine.tls",
            ) from error
    return context


def _headers(address: ServerAddress, key: ServerKey | None) -> _Headers:
    headers = [
        (b"Host", urlsplit(address.base).netloc.encode()),  # httpcore leaves out the brackets of IPv6
        (b"Accept", b"application/json, text/event-stream, application/x-ndjson"),
        (b"Accept-Encoding", b"identity"),
        (b"Content-Type", b"application/json"),
        (b"User-Agent", f"agent-agency/{__version__}".encode()),
    ]
    return [*headers, key.header()] if key else headers


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _unsent(error: EngineError) -> bool:
    """Whether the connection was refused, so that nothing of the request can have arrived."""
    cause = error.__cause__
    return cause is not None and type(cause).__name__ in {"ConnectError", "ConnectTimeout"}


def _retry_after(response: httpcore.Response, now: datetime) -> float | None:
    """Seconds that a server asks to wait (RFC 9110, section 10.2.3); ``None`` where it names none."""
    text = _header(response, b"retry-after").strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_WAIT_DIGITS:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    return max(0.0, (until - now).total_seconds()) if until.tzinfo else None
