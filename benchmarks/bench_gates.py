"""What ``agency review`` costs over the bare gate commands, and what a review costs whose results are used again.

Budget: shared design, table "Budgets": at most 10 % or 300 ms over the gate commands, whichever is more. The rival runs
the same commands side by side in the work tree, as a shell script with ``&`` and ``wait`` would.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure, figure_of, milliseconds
from benchmarks.processes import AGENCY, cold_runs
from benchmarks.repositories import make_repository

REPEAT = 5
FILES = 20
REVIEW = [AGENCY, "review", "--base", "main", "--head", "topic", "--json"]
TESTS = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml", "tests"]
COMPILE = [sys.executable, "-m", "compileall", "-q", "src"]
SHARE, LEAST_MS = 0.10, 300.0

_SUITE = """\
import time

import pytest


@pytest.mark.parametrize("number", range(100))
def test_number(number):
    time.sleep({seconds})
    assert number >= 0
"""


def measure() -> Iterator[Figure]:
    """Measure gates that take about one second, and gates that take about five."""
    for name, seconds in (("short", 0.002), ("long", 0.05)):
        folder = Path(tempfile.mkdtemp())
        try:
            yield from _figures(name, _repository(folder / "repo", seconds))
        finally:
            shutil.rmtree(folder)


def _repository(folder: Path, seconds: float) -> Path:
    tables = [
        _table("tests", "tests", TESTS, 'report = "report.xml"\nformat = "junit"\n'),
        _table("compiles", "custom", COMPILE),
    ]
    also = {"agency.toml": "\n".join(tables), "tests/test_numbers.py": _SUITE.format(seconds=seconds)}
    return make_repository(folder, FILES, also)


def _table(name: str, kind: str, argv: Sequence[str], more: str = "") -> str:
    listed = ", ".join(f'"{part}"' for part in argv)
    return f'[[gate]]\nname = "{name}"\nkind = "{kind}"\nargv = [{listed}]\n{more}'


def _figures(name: str, repo: Path) -> Iterator[Figure]:
    bare = milliseconds(lambda: _side_by_side(repo), repeat=REPEAT)
    anew = [run.milliseconds for run in cold_runs([*REVIEW, "--no-cache"], repo, repeat=REPEAT)]
    again = [run.milliseconds for run in cold_runs(REVIEW, repo, repeat=REPEAT)]
    rival = figure_of(f"bare commands, {name} gates", "ms", bare)
    over = [one - rival.median for one in anew]
    yield rival
    yield figure_of(f"review, {name} gates", "ms", anew, rival=rival.name)
    budget = max(LEAST_MS, SHARE * rival.median)
    yield figure_of(f"review over bare commands, {name} gates", "ms", over, budget=budget, rival=rival.name)
    yield figure_of(f"review again, results reused, {name} gates", "ms", again, rival=rival.name)


def _side_by_side(repo: Path) -> None:
    started = [subprocess.Popen(argv, cwd=repo, stdout=subprocess.DEVNULL) for argv in (TESTS, COMPILE)]
    if any(process.wait() for process in started):
        raise RuntimeError("a bare command failed")
