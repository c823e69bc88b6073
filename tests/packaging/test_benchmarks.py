from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.figures import Figure, figure_of, number
from benchmarks.processes import cold_run
from benchmarks.repositories import make_repository

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


@pytest.mark.parametrize(
    ("median", "budget", "better", "kept"),
    [
        (99, 100, "lower", True),
        (101, 100, "lower", False),
        (2001, 2000, "higher", True),
        (1999, 2000, "higher", False),
        (5, None, "lower", None),
    ],
)
def test_a_budget_is_kept_on_its_own_side_only(
    median: float, budget: float | None, better: str, kept: bool | None
) -> None:
    assert Figure("x", "ms", median, median, median, 1, budget=budget, better=better).kept is kept


def test_a_figure_tells_median_and_spread() -> None:
    figure = figure_of("x", "ms", [3.0, 1.0, 9.0])
    assert (figure.median, figure.low, figure.high, figure.runs) == (3.0, 1.0, 9.0, 3)
    assert [number(value) for value in (12345.6, 123.4, 1.234, 0.00123)] == ["12,346", "123", "1.23", "0.00123"]


def test_a_process_is_weighed_by_its_own_memory_and_its_failure_stops_the_benchmark(tmp_path: Path) -> None:
    small = cold_run([sys.executable, "-c", "pass"], tmp_path)
    large = cold_run([sys.executable, "-c", "x = b'1' * 200 * 2**20"], tmp_path)
    assert large.peak_mib - small.peak_mib > 150
    with pytest.raises(RuntimeError, match="ended with 3: no"):
        cold_run([sys.executable, "-c", "import sys; sys.stderr.write('no'); sys.exit(3)"], tmp_path)


def test_the_measured_repository_changes_as_many_files_as_it_says(tmp_path: Path) -> None:
    from support.git_repo import GitRepo

    repo = GitRepo(make_repository(tmp_path / "repo", 25))
    assert len(repo.git("diff", "--name-only", "main", "topic").splitlines()) == 25


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_committed_figures_name_their_command_and_machine(path: Path) -> None:
    results = json.loads(path.read_text("utf-8"))
    assert results["command"] == f"make bench BENCH_ARGS={path.stem}"
    assert results["figures"]
    assert {"processor", "cores", "python", "git"} <= set(results["machine"])
