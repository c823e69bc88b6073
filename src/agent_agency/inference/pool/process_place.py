"""Which process saw an event, so that a state is told only while that process lives: a killed one tells no end."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_PROC = Path("/proc")
_STARTED = 19
"""Field of ``/proc/PID/stat`` after the name in brackets: when the process began, in clock ticks (proc(5))."""


@dataclass(frozen=True, slots=True)
class ProcessPlace:
    """A process: its machine, its number there, and when it began, as numbers are used again; empty if unknown."""

    host: str
    pid: int
    began: str

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.began}"


def this_process() -> str:
    """This process, as events keep it."""
    return str(place_of(os.getpid()))


def place_of(pid: int) -> ProcessPlace:
    """A process of this machine, by its number."""
    return ProcessPlace(_host(), pid, _began(pid))


def read_place(text: str) -> ProcessPlace | None:
    """A process as an event kept it; ``None`` where it kept none."""
    host, _, rest = text.partition(":")
    pid, _, began = rest.partition(":")
    if not host or not pid.isascii() or not pid.isdigit():
        return None
    return ProcessPlace(host, int(pid), began)


def life_of(place: ProcessPlace) -> Literal["alive", "gone", "elsewhere"]:
    """Whether a process lives; of another machine nobody here can tell."""
    if place.host != _host():
        return "elsewhere"
    if _PROC.is_dir():
        return "alive" if _began(place.pid) == place.began != "" else "gone"
    try:
        os.kill(place.pid, 0)
    except ProcessLookupError:
        return "gone"
    except OSError:
        return "alive"
    return "alive"


def _host() -> str:
    return socket.gethostname().replace(":", "-")


def _began(pid: int) -> str:
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[_STARTED] if len(fields) > _STARTED and fields[0] not in {"Z", "X"} else ""
