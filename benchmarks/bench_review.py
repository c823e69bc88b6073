"""``agency review`` of 10, 500 and 50,000 changed files: time, peak memory, how both grow, and git beside it.

Budget: shared design, table "Budgets": the review may cost 300 ms over the gate commands, of which there are none here.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, figure_of
from benchmarks.processes import AGENCY, ColdRun, cold_runs
from benchmarks.repositories import make_repository

REPEATS = {10: 15, 500: 5, 50_000: 3}
REVIEW = [AGENCY, "review", "--base", "main", "--head", "topic", "--json"]
NUMSTAT = ["git", "diff", "--numstat", "-M", "main...topic"]


def measure() -> Iterator[Figure]:
    """Measure each size in a fresh repository, then the growth between the two large ones."""
    runs: dict[int, list[ColdRun]] = {}
    for files, repeat in REPEATS.items():
        folder = Path(tempfile.mkdtemp())
        try:
            repo = make_repository(folder / "repo", files)
            runs[files] = cold_runs(REVIEW, repo, repeat=repeat)
            git = cold_runs(NUMSTAT, repo, repeat=repeat)
        finally:
            shutil.rmtree(folder)
        yield from _figures(files, runs[files], git)
    yield _growth("time", [run.milliseconds for run in runs[500]], [run.milliseconds for run in runs[50_000]])
    yield _growth("peak memory", [run.peak_mib for run in runs[500]], [run.peak_mib for run in runs[50_000]])


def _figures(files: int, ours: list[ColdRun], git: list[ColdRun]) -> Iterator[Figure]:
    size = f"{files:,} changed files"
    rival = f"git diff --numstat, {size}"
    budget = 300 if files == min(REPEATS) else None
    yield figure_of(f"review, {size}", "ms", [run.milliseconds for run in ours], budget=budget, rival=rival)
    yield figure_of(rival, "ms", [run.milliseconds for run in git])
    yield figure_of(f"review, {size}, peak memory", "MiB", [run.peak_mib for run in ours])


def _growth(what: str, small: list[float], large: list[float]) -> Figure:
    """The exponent e of "grows with files to the power of e": 1 is proportional, 2 is quadratic."""
    ratio = 50_000 / 500
    exponents = [math.log(big / little) / math.log(ratio) for big in large for little in small]
    return figure_of(f"growth of {what} from 500 to 50,000 files", "exponent", exponents, note="1 is proportional")
