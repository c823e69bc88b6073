"""Benchmarks that prove nothing: damaged, contradicting themselves, failed, or empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_agency.gates.reports.model import PerformanceReport, ReportProblem
from agent_agency.gates.reports.read import Report, read_report

STATS = {"min": 1.0, "max": 3.0, "mean": 2.0}


def read(form: str, value: Any, folder: Path) -> Report | ReportProblem:
    path = folder / "report"
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return read_report(form, path)


def code_of(form: str, value: Any, folder: Path) -> str:
    problem = read(form, value, folder)
    assert isinstance(problem, ReportProblem), problem
    return problem.code.removeprefix("report.")


def benchmarks(*stats: dict[str, Any], name: str = "test_a") -> dict[str, Any]:
    return {"version": "5", "benchmarks": [{"name": name, "fullname": f"t.py::{name}", "stats": s} for s in stats]}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"benchmarks": [], "version": "5"}, "nothing_checked"),
        ({"benchmarks": []}, "wrong_shape"),
        ({"version": "5"}, "wrong_shape"),
        ([], "wrong_shape"),
        (benchmarks({"min": 1.0, "max": 3.0}), "wrong_shape"),
        (benchmarks({**STATS, "mean": 0.5}), "count_mismatch"),
        (benchmarks({**STATS, "median": 3.5}), "count_mismatch"),
        (benchmarks({**STATS, "max": -1}), "number_invalid"),
        (benchmarks({**STATS, "mean": None}), "number_invalid"),
        (benchmarks({**STATS, "mean": True}), "number_invalid"),
        (benchmarks({**STATS, "mean": "2"}), "number_invalid"),
        (benchmarks(STATS, STATS), "duplicate"),
        (benchmarks(STATS, name=""), "wrong_shape"),
        (json.dumps(benchmarks(STATS))[:-2], "truncated"),
        (json.dumps(benchmarks(STATS)).replace("2.0", "NaN"), "syntax"),
        (json.dumps(benchmarks(STATS)).replace("3.0", "1e999"), "syntax"),
    ],
)
def test_a_damaged_report_of_pytest_benchmark_is_refused(value: Any, code: str, tmp_path: Path) -> None:
    assert code_of("pytest-benchmark", value, tmp_path) == code


def command(**changed: Any) -> dict[str, Any]:
    return {"results": [{"command": "run", **STATS, "exit_codes": [0, 0], **changed}]}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"results": []}, "nothing_checked"),
        ({}, "wrong_shape"),
        (command(command=""), "wrong_shape"),
        (command(mean=9), "count_mismatch"),
        (command(min=None), "number_invalid"),
        (command(exit_codes=[0, 1]), "tool_failed"),
        (command(exit_codes=[0, None]), "tool_failed"),
        ({"results": command()["results"] * 2}, "duplicate"),
    ],
)
def test_a_command_that_failed_or_a_damaged_report_of_hyperfine_is_refused(
    value: Any, code: str, tmp_path: Path
) -> None:
    assert code_of("hyperfine", value, tmp_path) == code


def test_a_single_run_has_no_deviation(tmp_path: Path) -> None:
    report = read("hyperfine", command(stddev=None, exit_codes=[0]), tmp_path)
    assert isinstance(report, PerformanceReport)
    assert "run.stddev" not in {measure.name for measure in report.measures}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"root_group": {}, "metrics": {}}, "nothing_checked"),
        ({"root_group": {}}, "wrong_shape"),
        ({"metrics": {"m": {"avg": 1}}}, "wrong_shape"),
        ({"root_group": {}, "metrics": {"m": {}}}, "wrong_shape"),
        ({"root_group": {}, "metrics": {"m": {"type": "trend"}}}, "wrong_shape"),
        ({"root_group": {}, "metrics": {"m": {"avg": "fast"}}}, "number_invalid"),
        ('{"root_group": {}, "metrics": {"m": {"avg": 9}, "m": {"avg": 1}}}', "duplicate"),
    ],
)
def test_a_damaged_summary_of_k6_is_refused(value: Any, code: str, tmp_path: Path) -> None:
    assert code_of("k6", value, tmp_path) == code


@pytest.mark.parametrize("attributes", ['tests="3" failures="0" errors="0" skipped="1"'])
def test_a_suite_that_declares_more_tests_than_it_lists_is_refused(attributes: str, tmp_path: Path) -> None:
    case = '<testcase classname="m" name="t"/>'
    assert code_of("junit", f'<testsuite name="s" {attributes}>{case}</testsuite>', tmp_path) == "count_mismatch"
    whole = f'<testsuite name="s" {attributes}>{case}<testcase name="u"/></testsuite>'
    assert not isinstance(read("junit", whole, tmp_path), ReportProblem)
