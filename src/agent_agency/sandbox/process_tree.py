"""Find and end every process that came from one, by ancestry; needs a sub-reaper so that none can leave the tree.

Only the standard library: the supervising process imports it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

_POLL = 0.005


def parents() -> Mapping[int, int]:
    """The parent of each process on the machine that can be seen."""
    if not Path("/proc/self/stat").exists():
        import subprocess

        told = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, check=False, env={}).stdout
        return {int(pid): int(parent) for pid, parent in (line.split() for line in told.splitlines())}
    found: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  bare names, several times a second
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The name of the program stands in parentheses and may itself hold any character.
                found[int(name)] = int(Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()[1])
    return found


def descendants(root: int) -> tuple[int, ...]:
    """Every process below ``root``, without itself."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    pending = [root]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return tuple(found)


def end_descendants(*, time_limit: float) -> bool:
    """Kill and reap all below this process, which must be a sub-reaper; whether none was left within the time.

    First all are stopped, until no new one is found, so that none forks while others are killed.
    """
    deadline = time.monotonic() + time_limit
    stopped: set[int] = set()
    while new := set(descendants(os.getpid())) - stopped:
        _signal_all(new, signal.SIGSTOP)
        stopped |= new
        if time.monotonic() > deadline:
            break
    while True:
        _signal_all(descendants(os.getpid()), signal.SIGKILL)
        if not _reap():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)


def _signal_all(pids: set[int] | tuple[int, ...], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _reap() -> bool:
    """Collect what has ended; whether children are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
