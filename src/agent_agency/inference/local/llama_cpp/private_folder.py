"""A folder of one process's own, in memory where the system has such a place, and gone with the process.

A process that is killed leaves its folder behind, and in memory that is a leak: each folder holds a locked file, and
whoever makes the next folder removes those whose lock nobody holds any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - made with mkdtemp, for its user alone
LEAST_FREE = 256 * 1024 * 1024
_PREFIX = "agency-llama-"
_LOCK = "lock"


class PrivateFolder:
    """A new folder that its user alone may read.

    Args:
        parents: where it may be made, the best place first; one without `LEAST_FREE` bytes is passed over.
        prefix: of its name; who looks for folders that were left behind looks for the same.
    """

    def __init__(self, parents: tuple[Path, ...] | None = None, prefix: str = _PREFIX) -> None:
        places = (MEMORY_FOLDER, Path(tempfile.gettempdir())) if parents is None else parents
        parent = next((one for one in places[:-1] if _has_room(one)), places[-1])
        _sweep(parent, prefix)
        made = None
        while made is None:
            made = _made(parent, prefix)
        self.path, self._lock = made

    def remove(self) -> None:
        """Delete it with all that is in it; a second time does nothing."""
        if self._lock < 0:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1


def _made(parent: Path, prefix: str) -> tuple[Path, int] | None:
    """A folder and its lock; ``None`` where somebody who sweeps took it for left behind before it was locked."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return path, lock


def _has_room(folder: Path) -> bool:
    try:
        return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= LEAST_FREE
    except OSError:
        return False


def _sweep(parent: Path, prefix: str) -> None:
    """Remove what processes that are no more left behind."""
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            held = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)
