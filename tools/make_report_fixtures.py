"""Make ``tests/fixtures/reports`` anew by running the tools themselves over three small projects.

usage: python -m tools.make_report_fixtures WORKSPACE [FAMILY…]

WORKSPACE is a folder that is made, and used again if it is there, so that the tools are installed once. Families are
``python``, ``javascript``, ``c`` and ``native``; what a machine lacks is named and its files are left as they are. The
only change made to what a tool wrote: the workspace's path becomes ``/project``, the interpreter's ``/python``, the
machine's name ``machine``. Files named ``handwritten_…`` are not made here: they follow the public schema of tools that
are not run.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tools.report_fixture_projects import JAVASCRIPT, PYTHON, C

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "reports"
PYTHON_TOOLS = (
    "pytest==9.2.0",
    "pytest-json-report==1.5.0",
    "coverage==7.17.3",
    "ruff==0.17.6",
    "bandit[sarif]==1.9.4",
    "mypy==2.4.1",
    "pyright==1.1.414",
    "mutmut==3.8.1",
    "cosmic-ray==8.7.0",
    "gcovr==8.8",
    "pytest-benchmark==5.3.1",
)
NODE_TOOLS = (
    "jest@30.5.2",
    "jest-junit@17.0.0",
    "mocha@10.8.2",  # the last that mocha-junit-reporter works with
    "mocha-junit-reporter@2.2.1",
    "vitest@4.1.12",
    "eslint@10.15.0",
    "@microsoft/eslint-formatter-sarif@3.1.0",
    "@stryker-mutator/core@9.6.1",
    "axe-core@4.14.1",
    "jsdom@29.1.1",
)


class Workspace:
    """Where projects and tools lie while they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)

    def project(self, name: str, files: Mapping[str, str]) -> Path:
        """Write a project's files afresh; what its tools installed before stays."""
        root = self.folder / name
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return root

    def run(self, root: Path, *argv: str, output: str | None = None) -> None:
        """Run a tool whatever it answers; ``output`` names a file for its standard output."""
        environment = os.environ | {"PATH": f"{self.folder}/venv/bin:{os.environ['PATH']}", "NO_COLOR": "1"}
        done = subprocess.run(argv, cwd=root, env=environment, capture_output=True, check=False, timeout=900)
        print(f"{' '.join(argv)[:100]}: {done.returncode}")
        if output:
            (root / output).write_bytes(done.stdout)

    def keep(self, root: Path, written: str, name: str) -> None:
        """Copy what a tool wrote to the fixtures."""
        source = root / written
        if not source.is_file() or not source.stat().st_size:
            print(f"NOT MADE: {name}", file=sys.stderr)
            return
        data = source.read_bytes().replace(os.fsencode(self.folder), b"/project")
        data = data.replace(os.fsencode(sys.base_prefix), b"/python")
        data = data.replace(f'"{platform.node()}"'.encode(), b'"machine"')
        (FIXTURES / name).write_bytes(data)


def make_python(space: Workspace) -> None:
    """pytest, coverage.py, linters, type checkers, scanners and mutation tools."""
    if not (space.folder / "venv").is_dir():
        space.run(space.folder, sys.executable, "-m", "venv", "venv")
        space.run(space.folder, "pip", "install", "-q", *PYTHON_TOOLS)
    root = space.project("python", PYTHON)
    space.run(root, "pytest", "-q", "tests", "--junitxml=a.xml", "--json-report", "--json-report-file=s.json")
    space.run(root, "pytest", "-q", "tests", "-k", "not parts", "--json-report", "--json-report-file=a.json")
    space.run(root, "pytest", "-q", "tests", "-o", "junit_family=xunit1", "--junitxml=b.xml")
    space.run(root, "pytest", "-q", "tests", "broken", "--junitxml=c.xml", "--json-report", "--json-report-file=c.json")
    for written, name in (("a.xml", "pytest"), ("b.xml", "pytest_xunit1"), ("c.xml", "pytest_collection_error")):
        space.keep(root, written, f"{name}.junit.xml")
    space.keep(root, "a.json", "pytest_json_report.json")
    space.keep(root, "s.json", "pytest_json_report_subtests.json")
    space.keep(root, "c.json", "pytest_json_report_collection_error.json")
    space.run(root, "coverage", "run", "--branch", "--source=src", "-m", "pytest", "-q", "tests")
    for form, written in (("json", "coverage.json"), ("xml", "coverage.xml"), ("lcov", "coverage.lcov")):
        space.run(root, "coverage", form, "-o", written)
    space.keep(root, "coverage.json", "coveragepy.json")
    space.keep(root, "coverage.xml", "coveragepy.cobertura.xml")
    space.keep(root, "coverage.lcov", "coveragepy.lcov")
    space.run(root, "pytest", "-q", "speed", "--benchmark-json=speed.json")
    space.keep(root, "speed.json", "pytest_benchmark.json")
    _python_checkers(space, root)
    _python_mutation(space, root)


def _python_checkers(space: Workspace, root: Path) -> None:
    for form in ("json", "sarif"):
        space.run(root, "ruff", "check", "--isolated", "--output-format", form, "-o", f"ruff.{form}", "src")
        space.run(root, "ruff", "check", "--isolated", "--output-format", form, "-o", f"ruff_clean.{form}", "clean")
        space.run(root, "bandit", "-q", "-r", "-f", form, "-o", f"bandit.{form}", "src")
        for name in (f"ruff.{form}", f"ruff_clean.{form}", f"bandit.{form}"):
            space.keep(root, name, name)
    space.run(root, "bandit", "-q", "-r", "-f", "json", "-o", "bandit_unreadable.json", "broken")
    space.keep(root, "bandit_unreadable.json", "bandit_unreadable.json")
    space.run(root, "mypy", "--strict", "--output", "json", "src", output="mypy.jsonl")
    space.run(root, "mypy", "--strict", "--junit-xml", "mypy.xml", "src")
    space.run(root, "mypy", "--strict", "--junit-xml", "mypy_clean.xml", "clean")
    space.run(root, "pyright", "--outputjson", "src", output="pyright.json")
    for written, name in (
        ("mypy.jsonl", "mypy.jsonl"),
        ("mypy.xml", "mypy.junit.xml"),
        ("mypy_clean.xml", "mypy_clean.junit.xml"),
        ("pyright.json", "pyright.json"),
    ):
        space.keep(root, written, name)


def _python_mutation(space: Workspace, root: Path) -> None:
    space.run(root, "mutmut", "run")
    space.run(root, "mutmut", "export-cicd-stats")
    space.run(root, "mutmut", "results", "--all", "true", output="mutmut.txt")
    space.keep(root, "mutants/mutmut-cicd-stats.json", "mutmut_stats.json")
    space.keep(root, "mutants/src/tally/money.py.meta", "mutmut_meta.json")
    space.keep(root, "mutmut.txt", "mutmut_results.txt")
    (root / "session.sqlite").unlink(missing_ok=True)
    space.run(root, "cosmic-ray", "init", "cosmic-ray.toml", "session.sqlite")
    space.run(root, "cosmic-ray", "dump", "session.sqlite", output="cosmic_ray_unfinished.jsonl")
    space.keep(root, "cosmic_ray_unfinished.jsonl", "cosmic_ray_unfinished.jsonl")
    space.run(root, "cosmic-ray", "exec", "cosmic-ray.toml", "session.sqlite")
    space.run(root, "cosmic-ray", "dump", "session.sqlite", output="cosmic_ray.jsonl")
    space.keep(root, "cosmic_ray.jsonl", "cosmic_ray.jsonl")


def make_javascript(space: Workspace) -> None:
    """Jest, Mocha, Vitest, ESLint, Stryker and axe."""
    if not shutil.which("npm"):
        print("NOT MADE: the JavaScript family (npm is missing)", file=sys.stderr)
        return
    root = space.project("javascript", JAVASCRIPT)
    if not (root / "node_modules").is_dir():
        space.run(root, "npm", "install", "--no-audit", "--no-fund", "--silent", "--no-save", *NODE_TOOLS)
    coverage = [f"--coverageReporters={form}" for form in ("json", "lcovonly", "cobertura")]
    space.run(root, "npx", "jest", "--coverage", *coverage, "--reporters=jest-junit")
    space.keep(root, "junit.xml", "jest.junit.xml")
    space.keep(root, "coverage/coverage-final.json", "istanbul.json")
    space.keep(root, "coverage/lcov.info", "istanbul.lcov")
    space.keep(root, "coverage/cobertura-coverage.xml", "istanbul.cobertura.xml")
    space.run(root, "npx", "mocha", "other/*.mocha.js", "--reporter", "mocha-junit-reporter")
    space.keep(root, "test-results.xml", "mocha.junit.xml")
    space.run(root, "npx", "vitest", "run", "--reporter=junit", "--outputFile=vitest.xml")
    space.keep(root, "vitest.xml", "vitest.junit.xml")
    for form, ending in (("json", "json"), ("@microsoft/sarif", "sarif")):
        for target, name in (("src", "eslint_unreadable"), ("src/careless.js", "eslint")):
            space.run(root, "npx", "eslint", target, "-f", form, "-o", f"{name}.{ending}")
            space.keep(root, f"{name}.{ending}", f"{name}.{ending}")
    space.run(root, "npx", "stryker", "run")
    space.keep(root, "reports/mutation/mutation.json", "stryker.json")
    space.run(root, "node", "other/axe.js", output="axe.json")
    space.keep(root, "axe.json", "axe.json")


def make_c(space: Workspace) -> None:
    """gcovr, whose Cobertura report names a document type."""
    if not shutil.which("gcc"):
        print("NOT MADE: the C family (gcc is missing)", file=sys.stderr)
        return
    root = space.project("c", C)
    space.run(root, "gcc", "--coverage", "-O0", "-o", "money", "money.c")
    space.run(root, "./money")
    space.run(root, "gcovr", "--cobertura", "gcovr.xml", "--lcov", "gcovr.lcov")
    space.keep(root, "gcovr.xml", "gcovr.cobertura.xml")
    space.keep(root, "gcovr.lcov", "gcovr.lcov")


def make_native(space: Workspace) -> None:
    """hyperfine, which measures any command."""
    if not shutil.which("hyperfine"):
        print("NOT MADE: the native family (hyperfine is missing)", file=sys.stderr)
        return
    root = space.project("native", {})
    root.mkdir(exist_ok=True)
    measured = ("--shell=none", "--runs=3", "--command-name=nothing", "true", "sleep 0.01")
    space.run(root, "hyperfine", *measured, "--export-json", "hyperfine.json")
    space.keep(root, "hyperfine.json", "hyperfine.json")


FAMILIES: Mapping[str, Callable[[Workspace], None]] = MappingProxyType(
    {"python": make_python, "javascript": make_javascript, "c": make_c, "native": make_native}
)


def main(arguments: Sequence[str]) -> int:
    """Make the named families, or all."""
    if not arguments or set(arguments[1:]) - FAMILIES.keys():
        print(__doc__, file=sys.stderr)
        return 2
    FIXTURES.mkdir(parents=True, exist_ok=True)
    space = Workspace(Path(arguments[0]))
    for family in arguments[1:] or FAMILIES:
        FAMILIES[family](space)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
