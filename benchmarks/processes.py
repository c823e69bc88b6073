"""Cold processes, timed and weighed: each run is a fresh one, waited for with its own resource usage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

AGENCY = str(Path(sys.executable).parent / "agency")
_WEIGH = Path(__file__).resolve().parent / "weigh.py"
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
    weighed = subprocess.run(
        [sys.executable, "-I", "-S", str(_WEIGH), *command],
        cwd=folder,
        env=_surroundings(),
        capture_output=True,
        check=False,
    )
    complaint = weighed.stderr.decode(errors="replace")
    if weighed.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} could not be run: {complaint}")
    cost = json.loads(weighed.stdout)
    if cost["status"] not in set(expect):
        raise RuntimeError(f"{' '.join(command)} ended with {cost['status']}: {complaint}")
    return ColdRun(cost["milliseconds"], cost["maxrss"] * _RSS_UNIT / 2**20, cost["status"])


def _surroundings() -> dict[str, str]:
    """The environment, in which Python may keep what it compiled: an installed package is compiled already."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def cold_runs(command: Sequence[str], folder: Path, *, repeat: int, expect: Iterable[int] = (0,)) -> list[ColdRun]:
    """Run a command again and again; one run before them, not counted, warms the file cache."""
    wanted = tuple(expect)
    cold_run(command, folder, expect=wanted)
    return [cold_run(command, folder, expect=wanted) for _ in range(repeat)]
