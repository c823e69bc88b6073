"""Temporary folders that tell whether the process that made them still lives, so that what it left can be taken away.

Each holds a file that its maker keeps locked; the kernel lets go of the lock however the maker ends.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_MARK = ".agency-owner"
_UNMARKED = ".agency-owner-new"


class OwnedFolder:
    """A new temporary folder, only for this user; `close` when it was removed."""

    def __init__(self, prefix: str) -> None:
        """Make the folder.

        Raises:
            OSError: when it cannot be made.
        """
        self.path = Path(os.path.realpath(tempfile.mkdtemp(prefix=prefix)))
        self._lock: int | None = None
        with contextlib.suppress(OSError):  # a file system without locks: what is left there stays
            self._lock = _locked(self.path / _UNMARKED, os.O_CREAT | os.O_EXCL)
            (self.path / _UNMARKED).rename(self.path / _MARK)

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_left_folders(prefixes: Sequence[str], remove: Callable[[Path], None]) -> None:
    """Remove this user's folders of these prefixes whose maker is gone; never raises for what stands there.

    A folder without the mark, or with another owner, is none of ours; a link is never followed.
    """
    with contextlib.suppress(OSError):
        for path in _candidates(prefixes):
            with contextlib.suppress(OSError):
                lock = _locked(path / _MARK, os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    remove(path)
                finally:
                    os.close(lock)


def _candidates(prefixes: Sequence[str]) -> Iterator[Path]:
    with os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(tuple(prefixes)):
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid():
                    yield Path(entry.path)


def _locked(path: Path, flags: int) -> int:
    """Open and lock a file, or raise ``OSError`` when another process holds it."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
