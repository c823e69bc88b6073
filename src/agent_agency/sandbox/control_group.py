"""A control group that bounds all processes of a command together: how many, and how much memory they hold.

``RLIMIT_NPROC`` does not bind root, and ``RLIMIT_AS`` binds each process by itself. The files are those of the kernel's
documentation of control groups, version 1 and 2.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PROCESSES, MEMORY = "pids", "memory"
_CONTROL = Path("/sys/fs/cgroup")
_PREFIX = "agency-"
_REMOVAL_LIMIT = 5.0
_LIMIT_FILES = {PROCESSES: ("pids.max",), MEMORY: ("memory.max", "memory.limit_in_bytes")}
_NO_SWAP = {"memory.swap.max": "0", "memory.swappiness": "0"}
_ENDED_FOR_MEMORY = ("memory.events", "memory.oom_control")


class ControlGroup:
    """A group for one command, removed after it; ``bounds`` are the controllers whose limit is in force."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    @classmethod
    def create(cls, limits: Mapping[str, int | None]) -> ControlGroup:
        """Make a group with the limit of each controller, as far as this machine lets it.

        Groups that a killed process of this program left are removed.
        """
        name = f"{_PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
        folders: dict[str, Path] = {}
        for controller, limit in limits.items():
            parent = None if limit is None else find_parent(controller, Path("/proc/self/cgroup"), _CONTROL)
            if parent is None:
                continue
            _sweep(parent)
            folder = parent / name
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=folder in folders.values())
                if _set(folder, controller, limit):
                    folders[controller] = folder
                elif folder not in folders.values():
                    folder.rmdir()
        return cls(folders)

    @property
    def bounds(self) -> frozenset[str]:
        """What is bounded."""
        return frozenset(self._folders)

    @property
    def entrances(self) -> tuple[Path, ...]:
        """The files into which a process writes its number to be in the group."""
        return tuple(folder / "cgroup.procs" for folder in dict.fromkeys(self._folders.values()))

    def attach(self, pid: int) -> bool:
        """Put a process, and all that it will start, into the group."""
        try:
            for entrance in self.entrances:
                entrance.write_text(str(pid))
        except OSError:
            return False
        return True

    def memory_was_short(self) -> bool:
        """Whether the kernel ended a process for the group's memory; ask before it is removed."""
        folder = self._folders.get(MEMORY)
        return folder is not None and any(
            name == "oom_kill" and value != "0" for file in _ENDED_FOR_MEMORY for name, value in _pairs(folder / file)
        )

    def remove(self) -> None:
        """Remove the group once its processes are gone."""
        for folder in self._folders.values():
            _remove(folder)


def find_parent(controller: str, own_groups: Path, control: Path) -> Path | None:
    """Where a group with a controller can be made: version 1 below the own, version 2 where it is handed on.

    Under version 2 a group with processes of its own hands no controller on, so the nearest one above that does is
    taken; processes can be moved below it by whoever may write to its own list of them.
    """
    try:
        lines = own_groups.read_text("utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            folder = control / controller / path.lstrip("/")
            return folder if os.access(folder, os.W_OK) else None
    unified = next((line[3:] for line in lines if line.startswith("0::")), None)
    if unified is None:
        return None
    folder = control / unified.lstrip("/")
    for above in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            handed_on = (above / "cgroup.subtree_control").read_text("utf-8").split()
            if controller in handed_on and all(os.access(one, os.W_OK) for one in (above, above / "cgroup.procs")):
                return above
        if above == control:
            break
    return None


def _set(folder: Path, controller: str, limit: int | None) -> bool:
    for name in _LIMIT_FILES[controller]:
        with contextlib.suppress(OSError):
            if (folder / name).exists():
                (folder / name).write_text(str(limit))
                for swap, value in _NO_SWAP.items() if controller == MEMORY else ():
                    with contextlib.suppress(OSError):
                        (folder / swap).write_text(value)
                return True
    return False


def _pairs(file: Path) -> Iterator[tuple[str, str]]:
    with contextlib.suppress(OSError):
        for line in file.read_text("utf-8").splitlines():
            name, _, value = line.partition(" ")
            yield name, value


def _sweep(parent: Path) -> None:
    """Remove groups whose maker is gone; the kernel keeps those that still hold processes."""
    for left in parent.glob(f"{_PREFIX}*-*"):
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + _REMOVAL_LIMIT
    while folder.exists():
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        if time.monotonic() > deadline:
            return
        time.sleep(0.002)
