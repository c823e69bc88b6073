"""Another user for a command of root's, so that the kernel's limit on processes binds it.

``RLIMIT_NPROC`` never binds root, whatever capabilities it gave up. Where no control group can be made, the command
runs as a user that nobody else is, if everything that it needs is open to all.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import stat
from collections.abc import Iterable
from pathlib import Path

from agent_agency.sandbox.control_group import MEMORY, PROCESSES, ControlGroup
from agent_agency.sandbox.model import Command, Limits
from agent_agency.sandbox.view import Access, parts

_NUMBERS = range(65000, 65500)
"""Below the 16 bits that a container's map of users often ends at, and given out to nobody by the usual policies."""
_TRIES = 20


NO_PROCESS_LIMIT = "the number of processes is not limited: root, and no control group for processes can be made"
NO_SUM_OF_MEMORY = "memory is limited for each process by itself: no control group for memory can be made"


def user_for(command: Command, *programs: Path) -> int | None:
    """Another user who can run a command, with its writable folders handed over."""
    view = parts(command, *programs)
    readable = [part.path for part in view if part.access is Access.READ]
    user = other_user([*readable, *programs], command.writable)
    if user is not None:
        hand_over(command.writable, user)
    return user


def gaps_of(limits: Limits, group: ControlGroup, user: int | None) -> tuple[str, ...]:
    """What of the limits asked for does not bind a command."""
    gaps = []
    if limits.processes is not None and os.geteuid() == 0 and user is None and PROCESSES not in group.bounds:
        gaps.append(NO_PROCESS_LIMIT)
    if limits.memory_bytes is not None and MEMORY not in group.bounds:
        gaps.append(NO_SUM_OF_MEMORY)
    return tuple(gaps)


def other_user(readable: Iterable[Path], writable: Iterable[Path]) -> int | None:
    """A user, and group, that no process has; ``None`` where it could not read, or not reach, what the command needs.

    ``writable`` are folders that can be handed over; they need only be reached.
    """
    if os.geteuid() != 0:
        return None
    if not all(_open_to_all(path) for path in readable) or not all(_reached_by_all(path) for path in writable):
        return None
    taken = _owners_of_processes()
    for number in random.sample(_NUMBERS, _TRIES):  # chance only keeps two runs apart
        with contextlib.suppress(KeyError):
            pwd.getpwuid(number)
            continue
        if number not in taken:
            return number
    return None


def hand_over(folders: Iterable[Path], user: int) -> None:
    """Make a user the owner of all below some folders; a file with further names is somebody else's, too, and stays.

    Raises:
        OSError: when a folder itself cannot be handed over.
    """
    pending = []
    for folder in folders:
        os.chown(folder, user, user, follow_symlinks=False)
        pending.append(os.fspath(folder))
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                info = entry.stat(follow_symlinks=False)
                is_folder = stat.S_ISDIR(info.st_mode)
                if is_folder or info.st_nlink == 1:
                    os.chown(entry.path, user, user, follow_symlinks=False)
                if is_folder:
                    pending.append(entry.path)


def _open_to_all(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & wanted == wanted and _reached_by_all(path)


def _reached_by_all(path: Path) -> bool:
    """Whether every folder above a path, its links followed, lets everybody through."""
    for above in {*path.absolute().parents, *path.resolve().parents}:
        try:
            if not above.stat().st_mode & stat.S_IXOTH:
                return False
        except OSError:
            return False
    return True


def _owners_of_processes() -> frozenset[int]:
    found = set()
    for name in os.listdir("/proc"):  # noqa: PTH208  bare names
        with contextlib.suppress(OSError):
            found.add(os.stat(f"/proc/{name}").st_uid if name.isdigit() else 0)  # noqa: PTH116  likewise
    return frozenset(found)
