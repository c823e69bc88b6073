"""How much of the machine others used while something was measured; without it a figure means little."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_USER = 11
"""Places of a process's user and system time in /proc/PID/stat, counted from behind its name (proc(5))."""
_IDLE = (3, 4)
"""Places of idle and waiting time in the first line of /proc/stat."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Processor time so far: of the whole machine, of it busy, and of the processes that are measured."""

    all: int
    busy: int
    ours: int


def ticks_of(processes: Iterable[int], proc: Path = _PROC) -> Ticks | None:
    """Processor time so far; ``None`` where the system does not tell it.

    Args:
        processes: ids of the processes that are measured, this one's included.
        proc: where the system tells it.
    """
    try:
        fields = [int(one) for one in (proc / "stat").read_text("ascii").split("\n", 1)[0].split()[1:9]]
        ours = sum(_process_ticks(one, proc) for one in processes)
    except (OSError, ValueError, IndexError):
        return None
    return Ticks(sum(fields), sum(fields) - sum(fields[place] for place in _IDLE), ours)


def other_load(processes: Callable[[], Iterable[int]]) -> Callable[[], float | None]:
    """Begin to watch; the function that comes back tells the share of all processor time that others took since."""
    before = ticks_of({os.getpid(), *processes()})

    def share() -> float | None:
        after = ticks_of({os.getpid(), *processes()})
        if before is None or after is None or after.all <= before.all:
            return None
        others = (after.busy - before.busy) - (after.ours - before.ours)
        return max(0.0, others / (after.all - before.all))

    return share


def _process_ticks(process: int, proc: Path) -> int:
    fields = (proc / str(process) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return int(fields[_USER]) + int(fields[_USER + 1])
