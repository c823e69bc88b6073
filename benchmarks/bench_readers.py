"""Readers of reports: a JUnit file of 100 MB and an LCOV file of 1,000,000 lines, each in a cold process of its own.

What a file of such a size costs in time and peak memory, beside a bare interpreter and beside reading it whole with
the standard library.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, figure_of
from benchmarks.processes import ColdRun, cold_run, cold_runs

MEGABYTE = 10**6
JUNIT_SIZE = 100 * MEGABYTE
LCOV_LINES = 1_000_000
JSON_SIZE = 100 * MEGABYTE
RUNS = 3
READ = """
import sys
from pathlib import Path
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import read_report
report = read_report(sys.argv[1], Path(sys.argv[2]))
assert not isinstance(report, ReportProblem), report
"""
WHOLE_XML = "import sys; from xml.etree import ElementTree; ElementTree.parse(sys.argv[2])"
WHOLE_JSON = "import sys, json; json.load(open(sys.argv[2], 'rb'))"


def measure() -> Iterable[Figure]:
    """Write each file, read it in processes of their own, and throw it away."""
    yield figure_of("a bare interpreter, peak memory", "MiB", [_python("pass", "-", Path()).peak_mib])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _figures("junit", "JUnit, 100 MB", folder / "report.xml", write_junit, WHOLE_XML)
        yield from _figures("lcov", "LCOV, 1,000,000 lines", folder / "lcov.info", write_lcov, None)
        yield from _figures("coveragepy", "coverage.py JSON, 100 MB", folder / "c.json", write_coverage, WHOLE_JSON)


def _figures(form: str, what: str, path: Path, write: Callable[[Path], None], whole: str | None) -> Iterator[Figure]:
    write(path)
    size = path.stat().st_size
    runs = cold_runs([sys.executable, "-c", READ, form, str(path)], path.parent, repeat=RUNS)
    note = f"{size / MEGABYTE:,.0f} MB"
    rival = f"{what}, whole in memory" if whole else ""
    rates = [size / MEGABYTE / (run.milliseconds / 1000) for run in runs]
    yield figure_of(f"{what}: throughput", "MB/s", rates, better="higher", note=note)
    peaks = [run.peak_mib for run in runs]
    yield figure_of(f"{what}: peak memory", "MiB", peaks, budget=256, rival=rival, note=note)
    if whole:
        yield figure_of(rival, "MiB", [_python(whole, form, path).peak_mib], note="standard library, peak memory")
    path.unlink()


def _python(code: str, form: str, path: Path) -> ColdRun:
    return cold_run([sys.executable, "-c", code, form, str(path)], Path.cwd())


def write_junit(path: Path) -> None:
    """A report as pytest writes it, with output kept and one failure in a hundred tests, of 100 MB."""
    trace = "    def test():\\n&gt;       assert left == right\nE       assert 1 == 2\n" * 12
    failure = f'<failure message="assert 1 == 2">{trace}\ntests/test_one.py:12: AssertionError</failure>'
    output = "<system-out>" + "a line that the test printed\n" * 8 + "</system-out>"
    with path.open("w", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">')
        written = number = 0
        while written < JUNIT_SIZE:
            inside = failure if number % 100 == 0 else output
            case = f'<testcase classname="tests.test_module_{number // 50}" name="test_number_{number}" time="0.001">'
            written += stream.write(f"{case}{inside}</testcase>\n")
            number += 1
        stream.write("</testsuite></testsuites>")


def write_lcov(path: Path) -> None:
    """A tracefile with 1,000,000 lines in all: files of 400 lines, a branch on every tenth."""
    with path.open("w", encoding="ascii") as stream:
        written = number = 0
        while written < LCOV_LINES:
            records = [f"SF:src/package/module_{number}.py"]
            for line in range(1, 401):
                records.append(f"DA:{line},{(line * 7) % 5}")
                if line % 10 == 0:
                    records += [f"BRDA:{line},0,0,1", f"BRDA:{line},0,1,-"]
            records += ["LF:400", "LH:320", "end_of_record"]
            stream.write("\n".join(records) + "\n")
            written += len(records)
            number += 1


def write_coverage(path: Path) -> None:
    """A coverage.py report of 100 MB with 400 lines a file."""
    executed, missing = list(range(1, 321)), list(range(321, 401))
    summary = '{"covered_lines": 320, "num_statements": 400}'
    body = f'{{"executed_lines": {executed}, "summary": {summary}, "missing_lines": {missing}, "excluded_lines": []}}'
    count = JSON_SIZE // len(body)
    with path.open("w", encoding="ascii") as stream:
        stream.write('{"meta": {"format": 3, "version": "7.0", "branch_coverage": false}, "files": {')
        stream.write(",\n".join(f'"src/package/module_{number}.py": {body}' for number in range(count)))
        totals = f'{{"covered_lines": {320 * count}, "num_statements": {400 * count}}}'
        stream.write(f'}}, "totals": {totals}}}')
