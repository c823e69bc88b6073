"""Each preset's command is run as it is written, by the tool itself, and the report that it names is read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent_agency.gates.detect_presets import detect
from agent_agency.gates.presets import Preset
from agent_agency.gates.project_files import ProjectFiles
from agent_agency.gates.reports.model import (
    CoverageReport,
    IssueReport,
    MutationReport,
    ReportProblem,
    TestReport,
)
from agent_agency.gates.reports.read import Report, read_report
from agent_agency.gates.tool_presence import ToolPresence

CODE = "def total(lines: list[int]) -> int:\n    return sum(lines) if lines else 0\n"
TEST = "from demo import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n"
UNITTEST = (
    "import unittest\n\nfrom demo import total\n\n\nclass Totals(unittest.TestCase):\n"
    "    def test_total(self) -> None:\n        self.assertEqual(total([1, 2]), 3)\n"
)
PYTHON = {"src/demo/__init__.py": CODE, "tests/test_demo.py": TEST}
COSMIC_RAY = """\
[cosmic-ray]
module-path = "src/demo/__init__.py"
timeout = 20.0
excluded-modules = []
test-command = "python -m pytest -x -q -o pythonpath=src tests"

[cosmic-ray.distributor]
name = "local"
"""
MUTMUT = "[tool.mutmut]\nsource_paths = ['src/']\n[tool.pytest.ini_options]\npythonpath = ['src']\n"


def environment(tmp_path: Path) -> dict[str, str]:
    """The caller's PATH with this interpreter's tools first, and a home that is empty."""
    private = tmp_path / "private"
    private.mkdir(exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "HOME": str(private), "TMPDIR": str(private), "LANG": "C.UTF-8"}


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def run_preset(root: Path, files: dict[str, str], name: str, *, program: str = "") -> tuple[Report, int]:
    """Write the files, detect, and run what the gate of this name would run; skip where its tool is not installed."""
    checkout = root / "checkout"
    write(checkout, files)
    given = environment(root)
    presets = detect(ProjectFiles(tuple(files), files.get)).as_found_here(ToolPresence(given)).presets
    (preset,) = [preset for preset in presets if preset.name == name]
    if preset.hindrance:
        pytest.skip(preset.hindrance)
    if program and program not in " ".join(preset.argv):
        pytest.skip(f"{program} is not installed here")
    return run(preset, checkout, given)


def run(preset: Preset, checkout: Path, given: dict[str, str]) -> tuple[Report, int]:
    command = preset.argv if preset.shell is None else (preset.shell, "-c", *preset.argv)
    done = subprocess.run(command, cwd=checkout, env=given, capture_output=True, text=True, check=False)
    assert preset.report is not None
    assert preset.format is not None
    report = read_report(preset.format, checkout / preset.report)
    assert not isinstance(report, ReportProblem), f"{report}\n{done.stdout}{done.stderr}"
    return report, done.returncode


def test_pytest(tmp_path: Path) -> None:
    report, code = run_preset(tmp_path, PYTHON, "tests")

    assert isinstance(report, TestReport)
    assert (report.passed, report.failed, code) == (1, 0, 0)


def test_a_failing_test_is_in_the_report_and_in_the_exit_code(tmp_path: Path) -> None:
    files = {**PYTHON, "src/demo/__init__.py": CODE.replace("sum(lines)", "7")}
    report, code = run_preset(tmp_path, files, "tests")

    assert isinstance(report, TestReport)
    assert (report.failed, code) == (1, 1)


def test_unittest_by_pytest(tmp_path: Path) -> None:
    report, code = run_preset(tmp_path, {**PYTHON, "tests/test_demo.py": UNITTEST}, "tests", program="pytest")

    assert isinstance(report, TestReport)
    assert (report.passed, code) == (1, 0)


def test_unittest_by_xmlrunner(tmp_path: Path) -> None:
    files = {**PYTHON, "tests/test_demo.py": UNITTEST, "requirements.txt": "unittest-xml-reporting\n"}
    report, code = run_preset(tmp_path, files, "tests", program="xmlrunner")

    assert isinstance(report, TestReport)
    assert (report.passed, code) == (1, 0)


@pytest.mark.parametrize("requirement", ["pytest-cov", "coverage"])
def test_branch_coverage_of_pytest(requirement: str, tmp_path: Path) -> None:
    report, code = run_preset(tmp_path, {**PYTHON, "requirements.txt": f"{requirement}\n"}, "coverage")

    assert isinstance(report, CoverageReport)
    assert (report.measures_branches, report.branches_total >= 0, code) == (True, True, 0)
    assert [file.path for file in report.files] == ["src/demo/__init__.py"]


def test_branch_coverage_of_unittest(tmp_path: Path) -> None:
    files = {**PYTHON, "tests/test_demo.py": UNITTEST, "requirements.txt": "coverage\n"}
    report, code = run_preset(tmp_path, files, "coverage")

    assert isinstance(report, CoverageReport)
    assert (report.measures_branches, code) == (True, 0)


def test_coverage_of_parallel_runs_is_combined(tmp_path: Path) -> None:
    settings = "[tool.coverage.run]\nparallel = true\nsource = ['src']\n"
    report, code = run_preset(tmp_path, {**PYTHON, "pyproject.toml": settings}, "coverage")

    assert isinstance(report, CoverageReport)
    assert (report.lines_total > 0, code) == (True, 0)


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        ({"requirements.txt": "mutmut\n", "pyproject.toml": MUTMUT}, "mutmut", 1),
        ({"cosmic-ray.toml": COSMIC_RAY}, "cosmic-ray", 1),
    ],
)
def test_mutation(settings: dict[str, str], name: str, expected: int, tmp_path: Path) -> None:
    report, code = run_preset(tmp_path, {**PYTHON, **settings}, "mutation", program=name)

    assert isinstance(report, MutationReport)
    assert sum(report.counts.values()) >= expected
    assert code == 0


@pytest.mark.parametrize(
    ("requirement", "name", "careless"),
    [
        ("ruff", "lint", "import os\n"),
        ("mypy", "types", "X: int = 'a'\n"),
        ("pyright", "pyright", "X: int = 'a'\n"),
        ("bandit", "security", "import subprocess\nsubprocess.call('ls', shell=True)\n"),
    ],
)
def test_linters_and_checkers_tell_what_is_wrong(requirement: str, name: str, careless: str, tmp_path: Path) -> None:
    files = {**PYTHON, "requirements.txt": f"{requirement}\n"}
    clean, code = run_preset(tmp_path / "clean", files, name)
    assert isinstance(clean, IssueReport)
    assert (clean.issues, code) == ((), 0)

    report, _ = run_preset(tmp_path / "careless", {**files, "src/demo/bad.py": careless}, name)
    assert isinstance(report, IssueReport)
    assert len(report.issues) >= 1


MERGED = """\
#!/bin/sh
mkdir -p target/surefire-reports module/target/surefire-reports
printf '<?xml version="1.0" encoding="UTF-8"?>\\n<testsuite name="A" tests="1" failures="0" errors="0" skipped="0">\
<testcase name="a" classname="A" time="0.1"/></testsuite>' > target/surefire-reports/TEST-A.xml
printf '<?xml version="1.0" encoding="UTF-8"?><testsuite name="B" tests="1" failures="1" errors="0" skipped="0">\
<testcase name="b" classname="B"><failure message="x">y</failure></testcase></testsuite>' \
> module/target/surefire-reports/TEST-B.xml
exit 1
"""
FORGED = '<testsuite name="F" tests="1" failures="0"><testcase name="forged" classname="F"/></testsuite>'


def maven(root: Path, script: str) -> tuple[Preset, Path, dict[str, str]]:
    """A checkout with a forged report in it, and a stand-in for Maven that writes what Surefire does."""
    write(root, {"bin/mvn": script, "checkout/pom.xml": "<project/>"})
    write(root, {"checkout/target/surefire-reports/TEST-Forged.xml": FORGED})
    (root / "bin/mvn").chmod(0o755)
    given = environment(root)
    given["PATH"] = f"{root / 'bin'}{os.pathsep}{given['PATH']}"
    (preset,) = detect(ProjectFiles(("pom.xml",), {"pom.xml": "<project/>"}.get)).presets
    return preset, root / "checkout", given


def test_the_reports_of_surefire_are_joined_without_those_that_the_change_brings(tmp_path: Path) -> None:
    report, code = run(*maven(tmp_path, MERGED))

    assert isinstance(report, TestReport)
    assert (report.passed, report.failed, code) == (1, 1, 1)


def test_a_maven_that_runs_nothing_leaves_a_report_without_tests(tmp_path: Path) -> None:
    preset, checkout, given = maven(tmp_path, "#!/bin/sh\nexit 0\n")
    report, _ = run(preset, checkout, given)

    assert isinstance(report, TestReport)
    assert report.total == 0
