"""A server of one file on loopback that can misbehave: a double of what hubs and web servers do to downloads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Conduct:
    """How the server behaves.

    ``break_after`` ends an answer after so many bytes, the first ``breaks`` times; ``lie`` is added to the length that
    is told; ``silent_after`` stops sending, without closing, after so many bytes.
    """

    data: bytes
    kind: str = "application/octet-stream"
    etag: str = '"one"'
    ranges: bool = True
    breaks: int = 0
    break_after: int = 0
    lie: int = 0
    length: bool = True
    silent_after: int | None = None
    status: int = 200
    token: str | None = None
    redirect: str | None = None
    beside: int = 0


@dataclass
class FileServer:
    url: str
    conduct: Conduct
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving_file(conduct: Conduct) -> Iterator[FileServer]:
    """Serve, until the block ends."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            found.asked.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
            with suppress(OSError):
                _answer(self, found.conduct, over)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = FileServer(f"http://127.0.0.1:{server.server_address[1]}", conduct)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, conduct: Conduct, over: threading.Event) -> None:
    if conduct.redirect is not None:
        handler.send_response(302)
        handler.send_header("Location", conduct.redirect)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    if conduct.token is not None and handler.headers.get("Authorization") != f"Bearer {conduct.token}":
        handler.send_response(401)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    start = _start(handler, conduct)
    body = conduct.data[start:]
    handler.send_response(206 if start else conduct.status)
    handler.send_header("Content-Type", conduct.kind)
    handler.send_header("ETag", conduct.etag)
    handler.send_header("Connection", "close")
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(conduct.data) - 1}/{len(conduct.data)}")
    if conduct.length:
        handler.send_header("Content-Length", str(len(body) + conduct.lie))
    handler.end_headers()
    handler.close_connection = True
    if conduct.breaks:
        conduct.breaks -= 1
        body = body[: conduct.break_after]
    if conduct.silent_after is not None:
        handler.wfile.write(body[: conduct.silent_after])
        handler.wfile.flush()
        over.wait(30)
        return
    handler.wfile.write(body)


def _start(handler: BaseHTTPRequestHandler, conduct: Conduct) -> int:
    asked = handler.headers.get("Range", "")
    if not asked or not conduct.ranges or handler.headers.get("If-Range") != conduct.etag:
        return 0
    return int(asked.removeprefix("bytes=").partition("-")[0]) + conduct.beside
