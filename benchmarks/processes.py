"""Cold processes, timed and weighed: each run is a fresh one, waited for with its own resource usage."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

AGENCY = str(Path(sys.executable).parent / "agency")
# ru_maxrss counts KiB on Linux and bytes on macOS (getrusage(2) of each).
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class ColdRun:
    """One process from start to end: wall clock in milliseconds, peak resident memory in MiB, exit status."""

    milliseconds: float
    peak_mib: float
    status: int


def cold_run(command: Sequence[str], folder: Path, *, expect: Iterable[int] = (0,)) -> ColdRun:
    """Run a command to its end, its output thrown away; any other status than expected stops the benchmark."""
    started = perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    complaint = process.stderr.read()
    _, raw_status, usage = os.wait4(process.pid, 0)
    elapsed = (perf_counter() - started) * 1000
    status = os.waitstatus_to_exitcode(raw_status)
    process.returncode = status
    process.stderr.close()
    if status not in set(expect):
        raise RuntimeError(f"{' '.join(command)} ended with {status}: {complaint.decode(errors='replace')}")
    return ColdRun(elapsed, usage.ru_maxrss * _RSS_UNIT / 2**20, status)


def cold_runs(command: Sequence[str], folder: Path, *, repeat: int, expect: Iterable[int] = (0,)) -> list[ColdRun]:
    """Run a command again and again; one run before them, not counted, warms the file cache."""
    wanted = tuple(expect)
    cold_run(command, folder, expect=wanted)
    return [cold_run(command, folder, expect=wanted) for _ in range(repeat)]
