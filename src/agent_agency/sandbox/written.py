"""How much disk the writable folders and their processes' deleted files take."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_BLOCK = 512  # st_blocks counts in this unit whatever the file system's own


def disk_use(folders: Iterable[Path]) -> int:
    """Bytes that the files below the folders occupy; files linked twice count once, links are not followed."""
    seen: set[tuple[int, int]] = set()
    total = 0
    pending = [os.fspath(folder) for folder in folders]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        info = entry.stat(follow_symlinks=False)
                        if (info.st_dev, info.st_ino) in seen:
                            continue
                        if info.st_nlink > 1 or stat.S_ISDIR(info.st_mode):
                            seen.add((info.st_dev, info.st_ino))
                        total += info.st_blocks * _BLOCK
                        if stat.S_ISDIR(info.st_mode):
                            pending.append(entry.path)
        except OSError:
            continue  # gone, or not to be read: the command cannot make it grow unseen for longer than one look
    return total


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
