"""A folder of one process's own, in memory where the system has such a place, and gone with the process.

A process that is killed leaves its folder behind, with weights in it, or prefixes in memory: a leak. So each folder is
locked as long as its maker lives, and whoever makes the next one, or sees a model's process end, removes those whose
lock nobody holds any more. A locked folder is also left alone by what tidies up temporary folders by age
(systemd-tmpfiles(8)).
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
PREFIX = "agency-llama-"
_MARK = "lock"


class PrivateFolder:
    """A new folder that its user alone may read.

    Args:
        parents: where it may be made, the best place first; one without `LEAST_FREE` bytes is passed over.
        prefix: of its name; who looks for folders that were left behind looks for the same.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, parents: tuple[Path, ...] | None = None, prefix: str = PREFIX) -> None:
        places = (MEMORY_FOLDER, Path(tempfile.gettempdir())) if parents is None else parents
        parent = next((one for one in places[:-1] if _has_room(one)), places[-1])
        remove_left(parent, prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        self._lock: int | None = None
        with suppress(OSError):  # a file system without locks: what is left there stays
            self._lock = _locked(self.path)
            (self.path / _MARK).touch(mode=0o600)
        self._there = True

    def remove(self) -> None:
        """Delete it with all that is in it; a second time does nothing."""
        if not self._there:
            return
        self._there = False
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)


def remove_left(parent: Path, prefix: str = PREFIX) -> None:
    """Remove what processes that are no more left behind; never raises.

    A folder without the mark is none of ours, or too young to be locked yet; a link is never followed.
    """
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # another user's, somebody's who lives, or gone meanwhile
            if (folder / _MARK).is_file():
                held = _locked(folder)
                try:
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(held)


def _locked(folder: Path) -> int:
    """Lock a folder, or raise ``OSError`` where somebody else has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _has_room(folder: Path) -> bool:
    try:
        return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= LEAST_FREE
    except OSError:
        return False
