"""The journal of a batch: what is settled is on disk before the next record is asked, and a killed run goes on from it.

One line of JSON per settled subject, appended whole and flushed to the disk every few lines. A run that was killed may
leave a torn last line, which is cut off; anything else that cannot be read is an error, as a result may not be lost
silently. A lock keeps two runs apart.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from agent_agency.canonical_json import parse_json
from agent_agency.errors import FileUnwritableError, JudgeError
from agent_agency.judging.batch_outcome import Work, read_work, work_document

SYNC_EVERY = 32
"""Lines after which the file is flushed to the disk; a power cut loses fewer, a killed process none."""

Key = tuple[str, str]


class Journal:
    """An open journal; use it in a ``with`` statement, and append from one thread.

    Args:
        path: the file; it is made where there is none.

    Raises:
        JudgeError: another run has it (``judge.journal_busy``), or it is damaged (``judge.journal_damaged``).
        FileUnwritableError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FileUnwritableError(
                f"The journal cannot be opened: {error.strerror}",
                fix="Name a folder that may be written.",
                path=str(path),
            ) from error
        self._unsynced = 0
        try:
            self._lock()
            self.settled = self._read()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.fsync(self._fd)
        os.close(self._fd)

    def append(self, work: Work) -> None:
        """Write one settled result.

        Raises:
            FileUnwritableError: the disk refused; what was written before stays.
        """
        line = json.dumps(work_document(work), ensure_ascii=False).encode("utf-8") + b"\n"
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                os.fsync(self._fd)
                self._unsynced = 0
        except OSError as error:
            raise FileUnwritableError(
                f"The journal could not be written: {error.strerror}",
                fix="Make room and run the same command again; it goes on from what is written.",
                path=str(self._path),
            ) from error
        self.settled[work.subject, work.judge] = work

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JudgeError(
                "Another run writes this journal",
                fix="Wait for it, or name another output file.",
                path=str(self._path),
                code="judge.journal_busy",
            ) from error

    def _read(self) -> dict[Key, Work]:
        data = self._path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(self._fd, whole)
        settled: dict[Key, Work] = {}
        for number, line in enumerate(data[:whole].split(b"\n")[:-1], start=1):
            try:
                work = read_work(parse_json(line))
            except ValueError as error:
                raise JudgeError(
                    f"The journal is damaged: {error}",
                    fix="Name another output file, or take the line out if you know what happened to it.",
                    path=str(self._path),
                    line=number,
                    code="judge.journal_damaged",
                ) from error
            settled[work.subject, work.judge] = work
        return settled
