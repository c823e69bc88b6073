"""``agency validate``: a cold process on one spec, and specs per second in one process.

Budgets: shared design, table "Budgets": 100 ms cold; 2,000 specs per second is the floor, 10,000 the aim.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, figure_of, milliseconds
from benchmarks.processes import AGENCY, cold_runs
from benchmarks.repositories import SPEC, make_repository

SPECS_PER_ROUND = 500


def measure() -> Iterator[Figure]:
    """Measure cold start first, then throughput."""
    with tempfile.TemporaryDirectory() as folder:
        repo = make_repository(Path(folder) / "repo", 1)
        yield from _cold(repo)
    yield from _throughput()


def _cold(repo: Path) -> Iterator[Figure]:
    spec = ".caws/specs/BENCH-1.yaml"
    ours = cold_runs([AGENCY, "validate", spec], repo, repeat=20)
    bare = cold_runs([sys.executable, "-c", "pass"], repo, repeat=20)
    whole = cold_runs([AGENCY, "validate"], repo, repeat=20)
    scope = cold_runs([AGENCY, "scope", "check", "src/a.py"], repo, repeat=20)
    rival = "bare python"
    yield figure_of("validate one spec, cold", "ms", [run.milliseconds for run in ours], budget=100, rival=rival)
    yield figure_of("validate the repository, cold", "ms", [run.milliseconds for run in whole], rival=rival)
    yield figure_of("scope check, cold", "ms", [run.milliseconds for run in scope], budget=100, rival=rival)
    yield figure_of(rival, "ms", [run.milliseconds for run in bare])
    yield figure_of("validate one spec, peak memory", "MiB", [run.peak_mib for run in ours], budget=150)


def _throughput() -> Iterator[Figure]:
    import yaml

    from agent_agency.spec.validate import ValidationOptions, validate_spec

    data = SPEC.encode()
    now = datetime.now(UTC)
    options = ValidationOptions()

    def ours() -> None:
        for _ in range(SPECS_PER_ROUND):
            if not validate_spec(data, "BENCH-1.yaml", options, now=now).valid:
                raise RuntimeError("the benchmark's spec is not valid")

    def parser_alone() -> None:
        for _ in range(SPECS_PER_ROUND):
            yaml.load(data, yaml.CSafeLoader)

    rival = "PyYAML's C safe loader alone"
    yield _per_second("specs per second in one process", milliseconds(ours, repeat=7), budget=2000, rival=rival)
    yield _per_second(rival, milliseconds(parser_alone, repeat=7))


def _per_second(name: str, rounds: list[float], budget: float | None = None, rival: str = "") -> Figure:
    rates = [SPECS_PER_ROUND * 1000 / took for took in rounds]
    return figure_of(name, "specs/s", rates, budget=budget, better="higher", rival=rival)
