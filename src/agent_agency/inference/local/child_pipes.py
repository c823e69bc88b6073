"""The three pipes of a child process, read and written by one thread that never waits for the child."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.inference.local.wire import Lines

if TYPE_CHECKING:
    import subprocess

_CHUNK = 1 << 16
_KEPT_LOG = 16 * 1024
_MOST_WAITING = 256 * 1024 * 1024
_SHOWN = 200
_READ = select.POLLIN | select.POLLHUP | select.POLLERR


@dataclass(frozen=True, slots=True)
class Heard:
    """What one look brought: whole lines, and whether the child will write no more."""

    lines: tuple[bytes, ...]
    ended: bool


class ChildPipes:
    """The pipes of one process.

    What cannot be written at once is kept and written when the child reads; `send` may be called from any thread,
    everything else from one.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("the process has no pipes")
        self._streams = (process.stdin, process.stdout, process.stderr)
        self._stdin, self._stdout, self._stderr = (one.fileno() for one in self._streams)
        for one in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(one, False)
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._closed = False
        self._lines = Lines()
        self._log = b""
        self._poll = select.poll()
        for one in (self._stdout, self._stderr, self._woken):
            self._poll.register(one, select.POLLIN)
        self._asks_to_write = False

    def send(self, data: bytes) -> bool:
        """Write, or keep until the child reads; ``False`` where far too much waits already."""
        with self._lock:
            if self._closed:
                return True  # its end is told in another way
            if len(self._waiting) + len(data) > _MOST_WAITING:
                return False
            had = bool(self._waiting)
            self._waiting += data
            if not had:
                self._write()
                if self._waiting:
                    self._wake_up()
        return True

    def wake(self) -> None:
        """Have `listen` come back."""
        with self._lock:
            if not self._closed:
                self._wake_up()

    def listen(self, seconds: float | None) -> Heard:
        """Wait until something comes, for so many seconds at most; ``None`` for as long as it takes.

        Raises:
            WireError: a line is too long.
        """
        self._ask_to_write()
        ready = dict(self._poll.poll(None if seconds is None else max(0, int(seconds * 1000))))
        if self._woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, _CHUNK)
        if self._stderr in ready:
            self._read_log()
        if self._stdin in ready:
            with self._lock:
                self._write()
        return self._read() if self._stdout in ready else Heard((), ended=False)

    def last_words(self) -> str:
        """The last line that the child printed, shortened; for messages, once it is gone."""
        while self._read_log():
            pass
        lines = [line for line in self._log.decode("utf-8", "replace").splitlines() if line.strip()]
        clean = "".join(char if char.isprintable() else "?" for char in lines[-1].strip()) if lines else ""
        return clean if len(clean) <= _SHOWN else clean[:_SHOWN] + "…"

    @property
    def log(self) -> str:
        """The end of what the child printed, at most 16 KiB."""
        return self._log.decode("utf-8", "replace")

    def close(self) -> None:
        """Close everything; what waits is lost."""
        with self._lock:
            self._closed = True
            for stream in self._streams:
                with contextlib.suppress(OSError):
                    stream.close()
            os.close(self._woken)
            os.close(self._wake)

    def _wake_up(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b".")

    def _write(self) -> None:
        try:
            written = os.write(self._stdin, memoryview(self._waiting)[:_CHUNK])
            del self._waiting[:written]
        except BlockingIOError:
            return
        except OSError:
            self._waiting.clear()  # the child is gone or going, which its other pipes tell

    def _ask_to_write(self) -> None:
        with self._lock:
            wanted = bool(self._waiting)
        if wanted and not self._asks_to_write:
            self._poll.register(self._stdin, select.POLLOUT)
        elif self._asks_to_write and not wanted:
            self._poll.unregister(self._stdin)
        self._asks_to_write = wanted

    def _read(self) -> Heard:
        try:
            data = os.read(self._stdout, _CHUNK)
        except BlockingIOError:
            return Heard((), ended=False)
        return Heard(tuple(self._lines.feed(data)), ended=False) if data else Heard((), ended=True)

    def _read_log(self) -> bool:
        try:
            data = os.read(self._stderr, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._stderr)
        self._log = (self._log + data)[-_KEPT_LOG:]
        return bool(data)
