"""The bytes of a report, piece by piece and never more than allowed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent_agency.gates.reports.refusal import Code, Refused

CHUNK = 64 * 1024
LONGEST_TOKEN = 16 * 2**20
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Source:
    """An open report; ``size`` is what it had when opened, and a file that grows meanwhile is refused."""

    stream: BinaryIO
    size: int
    _taken: int = 0

    def read(self, wanted: int = CHUNK) -> bytes:
        """The next bytes, at most ``wanted``; empty at the end."""
        data = self.stream.read(wanted)
        self._taken += len(data)
        if self._taken > self.size or (not data and self._taken < self.size):
            raise Refused(Code.UNREADABLE, "The report changed while it was read")
        return data

    def lines(self) -> Iterator[bytes]:
        """The lines with their ends, the last one perhaps without; a byte order mark before the first is dropped."""
        first = True
        while line := self.stream.readline(LONGEST_TOKEN + 1):
            self._taken += len(line)
            if len(line) > LONGEST_TOKEN:
                raise Refused(Code.TOKEN_TOO_LONG, f"A line is longer than {LONGEST_TOKEN:,} bytes")
            yield line.removeprefix(_BOM) if first else line
            first = False
        if self._taken != self.size:
            raise Refused(Code.UNREADABLE, "The report changed while it was read")

    def peek(self, wanted: int) -> bytes:
        """The first bytes, left where they are; to be called before any reading."""
        head = self.stream.read(wanted)
        self.stream.seek(0)
        return head

    def skip_bom(self) -> None:
        """Drop a UTF-8 byte order mark, which some tools write before JSON; to be called before any reading."""
        if self.stream.read(len(_BOM)) == _BOM:
            self._taken = len(_BOM)
        else:
            self.stream.seek(0)


@contextmanager
def open_report(path: Path, limit: int) -> Iterator[Source]:
    """Open a regular file of 1 to ``limit`` bytes; a link as the last part of the path is not followed.

    Raises:
        Refused: it is missing, no regular file, empty, too large, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise Refused(Code.MISSING, "The report was not written") from error
    except (OSError, ValueError) as error:
        what = "The report is a link" if getattr(error, "errno", None) == errno.ELOOP else "The report cannot be opened"
        raise Refused(Code.UNREADABLE, what) from error
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(Code.UNREADABLE, "The report is no regular file")
        if status.st_size == 0:
            raise Refused(Code.EMPTY, "The report is empty")
        if status.st_size > limit:
            raise Refused(Code.TOO_LARGE, f"The report has {status.st_size:,} bytes, more than {limit:,}")
        yield Source(stream, status.st_size)
