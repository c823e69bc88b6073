"""A control group that bounds how many processes a command has, for root, whom ``RLIMIT_NPROC`` does not bind."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_CONTROL = Path("/sys/fs/cgroup")
_PREFIX = "agency-"
_REMOVAL_LIMIT = 5.0


class PidsGroup:
    """One control group below the caller's own, made for one command and removed after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, limit: int) -> PidsGroup | None:
        """Make a group with room for ``limit`` processes and threads; ``None`` where this is not possible.

        Groups that a killed process of this program left are removed.
        """
        parent = find_parent(Path("/proc/self/cgroup"), _CONTROL)
        if parent is None:
            return None
        _sweep(parent)
        group = cls(parent / f"{_PREFIX}{os.getpid()}-{os.urandom(4).hex()}")
        try:
            group.folder.mkdir()
            (group.folder / "pids.max").write_text(str(limit))
        except OSError:
            group.remove()
            return None
        return group

    def attach(self, pid: int) -> bool:
        """Put a process, and all that it will start, into the group."""
        try:
            (self.folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """Remove the group once its processes are gone."""
        deadline = time.monotonic() + _REMOVAL_LIMIT
        while self.folder.exists():
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)


def _sweep(parent: Path) -> None:
    """Remove groups whose maker is gone; the kernel keeps those that still hold processes."""
    for left in parent.glob(f"{_PREFIX}*-*"):
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def find_parent(own_groups: Path, control: Path) -> Path | None:
    """Where a group with the ``pids`` controller can be made: version 1 below the own, version 2 where it is handed on.

    Under version 2 a group with processes of its own hands no controller on, so the nearest one above that does is
    taken.
    """
    try:
        lines = own_groups.read_text("utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "pids" in controllers.split(","):
            folder = control / "pids" / path.lstrip("/")
            return folder if os.access(folder, os.W_OK) else None
    unified = next((line[3:] for line in lines if line.startswith("0::")), None)
    if unified is None:
        return None
    folder = control / unified.lstrip("/")
    for above in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            if "pids" in (above / "cgroup.subtree_control").read_text("utf-8").split() and os.access(above, os.W_OK):
                return above
        if above == control:
            break
    return None
