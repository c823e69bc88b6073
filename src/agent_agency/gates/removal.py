"""Take away a folder whatever a hostile tool made of it: closed folders, links, names and depths of any kind."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it; links are removed, never followed.

    Folders are made accessible first. Nested folders are moved up before they are emptied, so that no depth meets the
    limit of a path, of open files or of recursion. What cannot be removed stays, and nothing is raised.
    """
    pending = [folder]
    moved = 0
    while pending:
        emptied = pending.pop()
        for name in _open_and_clear(emptied):
            target = folder / f".agency-removed-{moved}"
            moved += 1
            with contextlib.suppress(OSError):
                (emptied / name).rename(target)
                pending.append(target)
        if emptied != folder:
            with contextlib.suppress(OSError):
                emptied.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _open_and_clear(folder: Path) -> list[str]:
    """Unlink everything in a folder but its folders, which are named and made ready to be moved."""
    folders = []
    try:
        folder.chmod(0o700)
        entries = list(os.scandir(folder))
    except OSError:
        return []
    for entry in entries:
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                Path(entry.path).chmod(0o700)
                folders.append(entry.name)
            else:
                Path(entry.path).unlink()
    return folders
