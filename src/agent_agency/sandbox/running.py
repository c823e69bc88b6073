"""What the levels of isolation have in common: a started command, and what is known when it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from typing import Any, Protocol

_LONGEST_LINE = 65536


class NotStartedError(Exception):
    """A command could not be started; the text says why, without a trailing full stop."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the program itself ended; ``problem`` says why it never ran, or that something of it was left.

    ``starved``: the kernel ended a process of the command for the memory that all of them held.
    """

    exit_code: int | None = None
    signal: int | None = None
    problem: str = ""
    starved: bool = False


class Running(Protocol):
    """A started command."""

    output: int
    """The end to read standard output and standard error from."""

    status: int
    """Readable when there is news of the program's end."""

    gaps: tuple[str, ...]
    """What of the limits asked for does not bind it, in words."""

    def has_ended(self) -> bool:
        """Whether the program itself has ended, going by what can be read from ``status``; call when it is readable."""
        ...

    def processes(self) -> tuple[int, ...]:
        """The processes of the command, as this machine numbers them."""
        ...

    def finish(self) -> Ending:
        """Kill whatever is left of the command, wait until it is gone, and tell how the program ended."""
        ...


class StatusLines:
    """JSON objects, one a line, read from a pipe as they come.

    What is no such line is passed over: without isolation, whatever runs as the same user can write here too.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.closed = False
        self.known: dict[str, Any] = {}
        self._rest = b""

    def read(self) -> None:
        """Take what is there; blocks when nothing is."""
        chunk = os.read(self.descriptor, 65536)
        self.closed = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[:_LONGEST_LINE]
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):
                news = json.loads(line.decode("utf-8"))
                self.known.update(news if isinstance(news, dict) else {})

    def number(self, name: str) -> int | None:
        """A whole number that was told."""
        value = self.known.get(name)
        return value if isinstance(value, int) else None

    def text(self, name: str) -> str:
        """A text that was told, or an empty one."""
        value = self.known.get(name)
        return value if isinstance(value, str) else ""

    def read_to_end(self) -> None:
        """Take all until the last writer closes."""
        while not self.closed:
            self.read()


def as_descriptor(data: bytes) -> int:
    """A descriptor from which ``data`` can be read, however long: a pipe would fill."""
    with tempfile.TemporaryFile() as stream:
        stream.write(data)
        stream.flush()
        stream.seek(0)
        return os.dup(stream.fileno())
