"""Fetching a model's file: bounded in size and silence, resumed where it broke off, refused where it is no model.

A redirection is followed, because hubs send to their stores, but a token goes to the hub's own address alone, and a
file that anybody on the way could change is taken only with its digest.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

from agent_agency._version import __version__
from agent_agency.canonical_json import parse_json
from agent_agency.errors import EngineError, FileUnwritableError
from agent_agency.extras import require
from agent_agency.inference.models.digests import Digests, Told, no_word
from agent_agency.inference.models.gguf_header import MAGIC
from agent_agency.inference.models.source import is_url
from agent_agency.inference.refusals import is_html, network_failure, refusal
from agent_agency.inference.server_address import read_address, read_key

if TYPE_CHECKING:
    import httpcore

    from agent_agency.inference.models.source import Remote

GIB = 1024**3
MAX_REDIRECTS = 8
MAX_TRIES = 5
SPARE_BYTES = 64 * 1024 * 1024
"""Room that a download leaves on the disk."""
_MAX_REFUSAL = 64 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})
_GOES_ON = frozenset({"engine.incomplete", "engine.timeout", "engine.unreachable"})
"""Codes after which the same command goes on where this one ended."""
_OK, _PARTIAL, _BEYOND = 200, 206, 416
_WANT_TOKEN = frozenset({401, 403})
_PRIVATE = "A token goes only to a hub: put it into HF_TOKEN and name the file as hf:owner/repo/path/file.gguf."
_FIXES = MappingProxyType(
    {
        "engine.unreachable": "Check the URL, the network and --proxy.",
        "engine.incomplete": "Run the same command again; it goes on where it ended.",
        "engine.not_found": "Check the URL, or the hub's owner, repository, path and revision.",
        "engine.busy": "Wait, then run the same command again.",
        "engine.server_failed": "Run the same command again later, or take the file from elsewhere.",
        "engine.tls": "Give the authority's certificates as --ca-file, or check the URL.",
        "engine.bad_answer": "Check the URL's port, and http or https.",
    }
)
"""What to do about a download, where it is something else than about a question to an engine."""


class Fetch(Protocol):
    """Brings a file from elsewhere."""

    def __call__(self, source: Remote, wanted: str | None, into: Path, /) -> str:
        """Fetch into a file, and tell its digest.

        Raises:
            EngineError: it cannot be fetched.
            FileUnwritableError: it cannot be written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much, and how long: bytes of the file, seconds to connect, and seconds for which a server may be silent."""

    max_bytes: int = 256 * GIB
    connect_s: float = 20.0
    idle_s: float = 60.0


@dataclass(frozen=True, slots=True)
class _Told:
    """What a server said of the whole file: its validator, for going on later, and its bytes."""

    validator: str
    total: int | None


class Download:
    """Fetches files over HTTP; nothing of the environment but the hub's token changes what is sent where.

    Args:
        environment: holds the token that a source names.
        bounds: of one file.
        told: of bytes that came, and those there are (0 where unknown).
        proxy: URL of a proxy to go through.
        ca_file: certificates of an authority to trust beside the usual ones.
        free: bytes that are free where a path lies.

    Raises:
        MissingExtraError: httpcore is not installed.
        EngineError: the proxy is no URL.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        bounds: Bounds | None = None,
        told: Told = no_word,
        proxy: str | None = None,
        ca_file: str | None = None,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._core = require("httpcore", extra="models")
        from agent_agency.inference.transport import trusted

        self._environment = environment
        self._bounds = bounds or Bounds()
        self._told = told
        self._free = free
        self._trust: Callable[[], Any] = lambda: trusted(self._core, ca_file)
        self._proxy = _proxy(proxy)
        self._failures = (
            self._core.TimeoutException,
            self._core.NetworkError,
            self._core.ProtocolError,
            self._core.ProxyError,
            self._core.UnsupportedProtocol,
        )

    def __call__(self, source: Remote, wanted: str | None, into: Path) -> str:
        """Fetch a file, going on where an earlier try broke off.

        Raises:
            EngineError: it cannot be reached, refuses, is too large or no model, or broke off again and again
                (``engine.incomplete``; what came stays, for the next time).
            FileUnwritableError: the disk is full, or the folder may not be written.
        """
        into.touch(mode=0o600)
        with into.open("r+b") as part, self._pool(source.url) as pool:
            try:
                self._whole(pool, source, wanted, part)
            except EngineError as error:
                if error.stable_code not in _GOES_ON or not into.stat().st_size:
                    _forget(into)
                raise
            except OSError as error:
                _forget(into)
                raise FileUnwritableError(
                    f"The download could not be written: {error.strerror or error}",
                    fix="Make room on the disk, or set XDG_DATA_HOME to one that has it.",
                    path=str(into),
                ) from error
        _notes(into).unlink(missing_ok=True)
        return Digests(None).of(into)

    @contextmanager
    def _pool(self, url: str) -> Iterator[httpcore.ConnectionPool]:
        core = self._core
        with core.ConnectionPool(
            ssl_context=self._trust() if url.startswith("https") else None,
            proxy=core.Proxy(self._proxy) if self._proxy else None,
        ) as pool:
            yield pool

    def _whole(self, pool: httpcore.ConnectionPool, source: Remote, wanted: str | None, part: IO[bytes]) -> None:
        for tried in range(1, MAX_TRIES + 1):
            before = part.seek(0, os.SEEK_END)
            try:
                self._once(pool, source, wanted, part)
            except EngineError as error:
                came = part.seek(0, os.SEEK_END) > before
                if error.stable_code != "engine.incomplete" or not came or tried == MAX_TRIES:
                    raise
                continue
            part.flush()
            os.fsync(part.fileno())
            return

    def _once(self, pool: httpcore.ConnectionPool, source: Remote, wanted: str | None, part: IO[bytes]) -> None:
        notes = _notes(Path(part.name))
        have, known = part.seek(0, os.SEEK_END), _read_notes(notes, source.url)
        headers = []
        if have and known is not None and known.validator:
            headers = [(b"Range", f"bytes={have}-".encode()), (b"If-Range", known.validator.encode("latin-1"))]
        with self._answer(pool, source, wanted, headers) as response:
            if response.status == _BEYOND and known is not None and known.total == have:
                return
            start = have if response.status == _PARTIAL and _begins_at(response) == have else 0
            if response.status == _PARTIAL and start != have:
                raise _another_part(have)
            if response.status not in {_OK, _PARTIAL}:
                raise self._refused(response, source)
            told = _what_it_is(response, start)
            self._refuse_size(told.total, start, part)
            part.seek(start)
            part.truncate(start)
            notes.write_text(json.dumps({"url": source.url, "validator": told.validator, "total": told.total}))
            self._written(response, told.total, start, part)

    def _written(self, response: httpcore.Response, total: int | None, done: int, part: IO[bytes]) -> None:
        host = "The server"
        chunks = iter(response.iter_stream())
        while chunk := self._step(lambda: next(chunks, b""), host, begun=True):
            if done == 0:
                _refuse_other(response, chunk)
            done += len(chunk)
            if done > min(self._bounds.max_bytes, total if total is not None else done):
                raise _too_large(f"more than {min(self._bounds.max_bytes, total or done):,} bytes came")
            part.write(chunk)
            self._told(done, total or 0)
        part.flush()
        if total is not None and done < total:
            raise _broke_off(done, total)

    @contextmanager
    def _answer(
        self, pool: httpcore.ConnectionPool, source: Remote, wanted: str | None, headers: list[tuple[bytes, bytes]]
    ) -> Iterator[httpcore.Response]:
        """The answer at the end of all redirections."""
        url = source.url
        for _ in range(MAX_REDIRECTS):
            _refuse_in_clear(url, wanted)
            sent = [*headers, *self._headers(source, url)]
            times = {"connect": self._bounds.connect_s, "read": self._bounds.idle_s, "write": self._bounds.idle_s}
            stream = pool.stream("GET", url, headers=sent, extensions={"timeout": times})
            response = self._step(stream.__enter__, _host(url), begun=False)
            try:
                if response.status not in _MOVED:
                    yield response
                    return
                url = _moved(url, _header(response, b"location"))
            finally:
                stream.__exit__(None, None, None)
        raise EngineError(
            "The server sends from one address to the next without an end",
            fix="Give the URL of the file itself.",
            code="engine.redirected",
        )

    def _headers(self, source: Remote, url: str) -> list[tuple[bytes, bytes]]:
        headers = [(b"Accept-Encoding", b"identity"), (b"User-Agent", f"agent-agency/{__version__}".encode())]
        if source.token_variable is None or _origin(url) != _origin(source.url):
            return headers
        parts = urlsplit(url)
        key = read_key(source.token_variable, self._environment, read_address(f"{parts.scheme}://{parts.netloc}"))
        return [*headers, key.header()] if key is not None else headers

    def _step(self, step: Callable[[], Any], host: str, *, begun: bool) -> Any:
        try:
            return step()
        except self._failures as error:
            if isinstance(error, (self._core.ReadTimeout, self._core.WriteTimeout)):
                raise EngineError(
                    f"The server was silent for {self._bounds.idle_s:g} seconds",
                    fix="Run the same command again; it goes on where it ended.",
                    code="engine.timeout",
                ) from error
            found = network_failure(error, host, begun=begun)
            fix = _FIXES.get(found.stable_code, found.fix)
            raise EngineError(found.message, fix=fix, code=found.stable_code) from error

    def _refuse_size(self, total: int | None, start: int, part: IO[bytes]) -> None:
        if total is None:
            return
        if total > self._bounds.max_bytes:
            raise _too_large(f"it has {total:,} bytes, and {self._bounds.max_bytes:,} are allowed")
        free = self._free(Path(part.name).parent) + part.seek(0, os.SEEK_END) - start
        if total - start + SPARE_BYTES > free:
            raise FileUnwritableError(
                f"The model has {total:,} bytes, and {free:,} are free where it would be kept",
                fix="Make room on the disk, or set XDG_DATA_HOME to one that has it.",
                path=part.name,
            )

    def _refused(self, response: httpcore.Response, source: Remote) -> EngineError:
        data = bytearray()
        with suppress(*self._failures):
            for chunk in response.iter_stream():
                data += chunk
                if len(data) > _MAX_REFUSAL:
                    break
        kind = _header(response, b"content-type").lower()
        found = refusal(response.status, kind, bytes(data), _host(source.url), source.token_variable)
        wants = found.stable_code == "engine.refused" and source.token_variable is None
        fix = _PRIVATE if wants and response.status in _WANT_TOKEN else _FIXES.get(found.stable_code, found.fix)
        return EngineError(found.message, fix=fix, code=found.stable_code)


def _proxy(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        read_address(url)
    except ValueError as error:
        raise EngineError(
            f"The proxy cannot be used: {error}", fix="Give it as --proxy http://HOST:PORT.", code="engine.bad_url"
        ) from error
    return url


def _refuse_other(response: httpcore.Response, beginning: bytes) -> None:
    """Refuse what is no model at its first bytes, before gigabytes of it are fetched."""
    if beginning.startswith(MAGIC[: len(beginning)]):
        return
    kind = _header(response, b"content-type").lower()
    what = "a page for people" if is_html(kind, beginning) else "no GGUF file"
    raise EngineError(
        f"The server sent {what} in place of a model",
        fix="Check the URL in a browser; it must be that of the file itself, and may need a token.",
        code="engine.not_a_model",
    )


def _refuse_in_clear(url: str, wanted: str | None) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or wanted is not None or read_address(f"http://{parts.netloc}").loopback:
        return
    raise EngineError(
        f"The model would come from {parts.hostname} in the clear, where anybody on the way can change it",
        fix="Give an https:// URL, or the file's digest as --sha256.",
        code="engine.download_in_clear",
    )


def _moved(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError:
        target = ""
    clear = url.startswith("https:") and not target.startswith("https:")
    if not location or not is_url(target) or clear:
        raise EngineError(
            "The server sends on to an address that is not followed",
            fix="Give the URL of the file itself.",
            code="engine.redirected",
        )
    return target


def _what_it_is(response: httpcore.Response, start: int) -> _Told:
    if _header(response, b"content-encoding").lower() not in {"", "identity"}:
        raise EngineError(
            "The file comes packed, which was not asked for", fix="Give another URL.", code="engine.bad_answer"
        )
    length = _header(response, b"content-length")
    total = start + int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None  # noqa: PLR2004
    etag = _header(response, b"etag")
    return _Told(etag if etag and not etag.startswith("W/") else _header(response, b"last-modified"), total)


def _begins_at(response: httpcore.Response) -> int | None:
    unit, _, rest = _header(response, b"content-range").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isascii() and first.isdigit() else None


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1").strip() for key, value in response.headers if key.lower() == name), "")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _too_large(why: str) -> EngineError:
    return EngineError(
        f"The file is too large: {why}", fix="Give a smaller file, or raise --max-gb.", code="engine.too_large"
    )


def _another_part(asked: int) -> EngineError:
    return EngineError(
        f"The server sent another part of the file than the one from byte {asked:,} that was asked for",
        fix="Run the same command again; it begins at the beginning.",
        code="engine.wrong_part",
    )


def _broke_off(done: int, total: int) -> EngineError:
    return EngineError(
        f"The download broke off after {done:,} of {total:,} bytes",
        fix="Run the same command again; it goes on where it ended.",
        code="engine.incomplete",
    )


def _notes(part: Path) -> Path:
    return part.with_suffix(".json")


def _forget(part: Path) -> None:
    for path in (part, _notes(part)):
        path.unlink(missing_ok=True)


def _read_notes(path: Path, url: str) -> _Told | None:
    try:
        value = parse_json(path.read_bytes()[:_MAX_REFUSAL])
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict) or value.get("url") != url or not isinstance(value.get("validator"), str):
        return None
    total = value.get("total")
    return _Told(value["validator"], total if isinstance(total, int) else None)
