"""The kernel's per-process limits for a command, for the process that it starts as."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from agent_agency.sandbox.model import Limits


def resource_limits(limits: Limits, tasks: int | None) -> Iterator[tuple[int, int]]:
    """Kinds of limit and their values; ``tasks`` is how many processes the command's user may have.

    A limit never goes above what this process itself is held to. macOS accepts neither a limit on address space nor,
    in a useful way, one on processes, so that there only sizes are bound.
    """
    wanted: dict[int, int | None] = {resource.RLIMIT_CORE: 0}
    sizes = [size for size in (limits.file_bytes, limits.written_bytes) if size is not None]
    wanted[resource.RLIMIT_FSIZE] = min(sizes) if sizes else None
    if sys.platform == "linux":
        wanted[resource.RLIMIT_AS] = limits.memory_bytes
        wanted[resource.RLIMIT_NPROC] = tasks
    for kind, value in wanted.items():
        if value is not None:
            ceiling = resource.getrlimit(kind)[1]
            yield kind, value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)


def own_tasks() -> int:
    """How many processes and threads this user has: without a user name space the limit counts them all."""
    total = 0
    for name in os.listdir("/proc") if Path("/proc").is_dir() else ():  # noqa: PTH208  bare names
        with contextlib.suppress(OSError):
            if name.isdigit() and Path("/proc", name).stat().st_uid == os.getuid():
                total += len(os.listdir(f"/proc/{name}/task"))  # noqa: PTH208  likewise
    return total
