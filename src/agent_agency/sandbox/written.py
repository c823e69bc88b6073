"""How much disk the writable folders take, deleted files that are still held open included."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_BLOCK = 512  # st_blocks counts in this unit whatever the file system's own


class WrittenBytes:
    """How much the disk use of some folders has grown since this was made."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(dict.fromkeys(folder.resolve() for folder in folders))
        self._used, _ = disk_use(self._folders)
        self._free = self._free_now()

    def growth(self, pids: Iterable[int]) -> int:
        """Bytes more than at first, with the deleted files that the processes hold open.

        Where a folder cannot be looked into, closed or nested deeper than a path can name, it could hide anything:
        then what the file systems as a whole have lost counts, if that is more.
        """
        used, complete = disk_use(self._folders)
        grown = used + deleted_files_use(pids) - self._used
        return grown if complete else max(grown, self._free - self._free_now())

    def _free_now(self) -> int:
        counts = {}
        for folder in self._folders:
            with contextlib.suppress(OSError):
                info = os.statvfs(folder)
                counts[folder.stat().st_dev] = info.f_bfree * info.f_frsize
        return sum(counts.values())


def disk_use(folders: Iterable[Path]) -> tuple[int, bool]:
    """Bytes that the files below the folders occupy, and whether all could be looked at.

    A file linked twice counts once, links are not followed.
    """
    seen: set[tuple[int, int]] = set()
    total = 0
    complete = True
    pending = [os.fspath(folder) for folder in folders]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        info = entry.stat(follow_symlinks=False)
                        if (info.st_dev, info.st_ino) in seen:
                            continue
                        if info.st_nlink > 1 or stat.S_ISDIR(info.st_mode):
                            seen.add((info.st_dev, info.st_ino))
                        total += info.st_blocks * _BLOCK
                        if stat.S_ISDIR(info.st_mode):
                            pending.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue  # it was removed meanwhile
        except OSError:
            complete = False
    return total, complete


def deleted_files_use(pids: Iterable[int]) -> int:
    """Bytes of files on disk that are deleted and still held open by the processes."""
    held: dict[tuple[int, int], int] = {}
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    info = entry.stat()
                    if stat.S_ISREG(info.st_mode) and info.st_nlink == 0:
                        held[info.st_dev, info.st_ino] = info.st_blocks * _BLOCK
    return sum(held.values())
