"""How much room the kept replies take: the ones used longest ago go first, and any number of processes may see to it.

A file's time of change is when it was used last. Only one process clears at a time; one that is clearing is not waited
for. Between two looks at the folder a process adds at most a sixteenth of the bound, so that with n processes the
folder holds at most the bound and n sixteenths of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

INCOMING = ".incoming-"
_STALE_S = 3600.0
_PART = 16


class CacheRoom:
    """The room of one folder.

    Args:
        folder: of the cache; entries lie one folder deeper.
        most_bytes: that its entries may take together, about.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        if most_bytes < 1:
            raise ValueError("a cache of no size keeps nothing; switch it off instead")
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._added: int | None = None
        """Bytes added since the last look; ``None`` before the first."""

    def used(self, entry: Path) -> None:
        """An entry was of use; it goes later."""
        with contextlib.suppress(OSError):  # a folder that may only be read is of use as well
            os.utime(entry)

    def added(self, size: int) -> None:
        """An entry was written; clears where there may be too many. What cannot be cleared stays."""
        with self._lock:
            first = self._added is None
            self._added = (self._added or 0) + size
            if not first and self._added <= self._most // _PART:
                return
            self._added = 0
        with contextlib.suppress(OSError), self._alone() as now:
            self._clear(now)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[float]:
        """The present by the file system's own clock, with no other process clearing.

        Raises:
            BlockingIOError: another one is.
        """
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.utime(descriptor)
            yield os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)

    def _clear(self, now: float) -> None:
        entries = []
        for entry in self._files():
            with contextlib.suppress(OSError):
                status = entry.lstat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                if entry.name.startswith(INCOMING):
                    if status.st_mtime < now - _STALE_S:  # of a process that was killed
                        entry.unlink()
                    continue
                entries.append((status.st_mtime_ns, status.st_size, entry))
        total = sum(size for _, size, _ in entries)
        if total <= self._most:
            return
        entries.sort(key=lambda one: one[0])
        for _, size, entry in entries:
            if total <= self._most - self._most // _PART:
                return
            with contextlib.suppress(OSError):
                entry.unlink()
            total -= size

    def _files(self) -> Iterator[Path]:
        with os.scandir(self._folder) as folders:
            for folder in folders:
                if folder.is_dir(follow_symlinks=False):
                    with contextlib.suppress(OSError), os.scandir(folder.path) as found:
                        yield from (Path(one.path) for one in found)
