"""Reports made of pieces, so that a test knows which bytes tell of which failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from agent_agency.gates.reports.model import (
    CoverageReport,
    IssueReport,
    MutantStatus,
    PerformanceReport,
    TestReport,
)
from agent_agency.gates.reports.read import Report


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a report; ``bad`` is how many failures they alone tell of."""

    data: bytes
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    form: str
    pieces: tuple[Piece, ...]

    @property
    def data(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)

    def untouched(self, start: int, end: int) -> tuple[int, int]:
        """Failures that an edit of the bytes from ``start`` to ``end`` leaves alone, and pieces that it touches.

        An edit at the border of two pieces touches both.
        """
        left = touched = position = 0
        for piece in self.pieces:
            after = position + len(piece.data)
            if position <= end and start <= after:
                touched += 1
            else:
                left += piece.bad
            position = after
        return left, touched


SLOW = 100.0
"""What a benchmark that speaks against a change takes at most, and then some."""


def badness(report: Report) -> int:
    """How much of a report speaks against the change; of measures, how many different values are too large."""
    if isinstance(report, TestReport):
        return report.failed
    if isinstance(report, CoverageReport):
        return report.lines_total - report.lines_covered
    if isinstance(report, IssueReport):
        return len(report.issues)
    if isinstance(report, PerformanceReport):
        return len({measure.value for measure in report.measures if measure.value >= SLOW})
    return report.counts[MutantStatus.SURVIVED] + report.counts[MutantStatus.NO_COVERAGE]


def _joined(form: str, head: str, items: list[tuple[str, int]], tail: str, comma: str = ",") -> Document:
    pieces = [Piece(head.encode())]
    for index, (text, bad) in enumerate(items):
        pieces += [Piece(comma.encode())] if index and comma else []
        pieces.append(Piece(text.encode(), bad))
    return Document(form, (*pieces, Piece(tail.encode())))


def _flags(chance: Random) -> list[bool]:
    return [chance.random() < 0.4 for _ in range(chance.randint(2, 12))]


def junit(chance: Random) -> Document:
    """A suite that declares its numbers."""
    flags = _flags(chance)
    items = []
    for index, bad in enumerate(flags):
        inside = (
            '<failure message="no &amp; no">a.py:3: AssertionError</failure>' if bad else "<system-out>x</system-out>"
        )
        items.append((f'<testcase classname="m.C" name="test_{index}" time="0.1">{inside}</testcase>\n', int(bad)))
    head = (
        f'<?xml version="1.0"?><testsuites><testsuite name="s" errors="0" failures="{sum(flags)}" tests="{len(flags)}">'
    )
    return _joined("junit", head, items, "</testsuite></testsuites>", "")


def cobertura(chance: Random) -> Document:
    """Two classes with a piece for each line."""
    items: list[tuple[str, int]] = []
    for name, first in (("alpha/first_module.py", 11), ("omega/second_module.py", 511)):
        items.append((f'<class name="c" filename="{name}" line-rate="0.5"><lines>', 0))
        items += [
            (f'<line number="{n}" hits="{int(not bad)}"/>\n', int(bad)) for n, bad in enumerate(_flags(chance), first)
        ]
        items.append(("</lines></class>", 0))
    head = '<coverage line-rate="0.5" version="1"><packages><package name="p"><classes>'
    return _joined("cobertura", head, items, "</classes></package></packages></coverage>", "")


def lcov(chance: Random) -> Document:
    """Two sections with a piece for each line."""
    items: list[tuple[str, int]] = []
    for name, first in (("alpha/first_module.py", 11), ("omega/second_module.py", 511)):
        items.append((f"SF:{name}\n", 0))
        items += [(f"DA:{n},{int(not bad)}\n", int(bad)) for n, bad in enumerate(_flags(chance), first)]
        items.append(("end_of_record\n", 0))
    return _joined("lcov", "TN:\n", items, "", "")


def _json_items(flags: list[bool], make: Callable[[int, bool], object], *, only_bad: bool) -> list[tuple[str, int]]:
    return [(json.dumps(make(index, bad)), int(bad)) for index, bad in enumerate(flags) if bad or not only_bad]


def coveragepy(chance: Random) -> Document:
    """Files one line long, covered or not."""
    flags = _flags(chance)
    items = []
    for index, bad in enumerate(flags):
        summary = {"covered_lines": int(not bad), "num_statements": 1}
        file = {"executed_lines": [] if bad else [7], "missing_lines": [7] if bad else [], "summary": summary}
        items.append((f'"some/module_number_{index * 1111}.py": {json.dumps(file)}', int(bad)))
    totals = json.dumps({"covered_lines": len(flags) - sum(flags), "num_statements": len(flags)})
    return _joined("coveragepy", '{"meta": {"format": 3}, "files": {', items, f'}}, "totals": {totals}}}')


def istanbul(chance: Random) -> Document:
    """Files one statement long, covered or not."""
    items = []
    for index, bad in enumerate(_flags(chance)):
        place = {"start": {"line": 7, "column": 0}, "end": {"line": 7, "column": 9}}
        file = {"statementMap": {"0": place}, "s": {"0": int(not bad)}, "branchMap": {}, "b": {}, "fnMap": {}, "f": {}}
        items.append((f'"/some/module_number_{index * 1111}.js": {json.dumps(file)}', int(bad)))
    return _joined("istanbul", "{", items, "}")


def sarif(chance: Random) -> Document:
    """Results of one run."""
    result = {"ruleId": "r", "level": "error", "message": {"text": "no"}, "locations": []}
    items = _json_items(_flags(chance), lambda _, __: result, only_bad=True)
    head = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": ['
    return _joined("sarif", head, items, '], "invocations": [{"executionSuccessful": true}]}]}')


def mutation_elements(chance: Random) -> Document:
    """Mutants of one file, killed or not."""

    def make(index: int, bad: bool) -> object:
        return {"id": f"mutant-{index * 1111}", "mutatorName": "m", "status": "Survived" if bad else "Killed"}

    items = _json_items(_flags(chance), make, only_bad=False)
    return _joined("mutation-elements", '{"schemaVersion": "2", "files": {"a.js": {"mutants": [', items, "]}}}")


def mutmut(chance: Random) -> Document:
    """The lines of mutmut results."""
    words = [("survived" if bad else "killed", int(bad)) for bad in _flags(chance)]
    items = [(f"    m.x_f__mutmut_{index * 1111}: {word}\n", bad) for index, (word, bad) in enumerate(words)]
    return _joined("mutmut", "", items, "", "")


def cosmic_ray(chance: Random) -> Document:
    """The lines of a dump."""

    def make(index: int, bad: bool) -> object:
        item = {"job_id": f"job-{index * 1111}", "mutations": [{"module_path": "a.py", "start_pos": [3, 1]}]}
        return [item, {"worker_outcome": "normal", "test_outcome": "survived" if bad else "killed"}]

    items = [(text + "\n", bad) for text, bad in _json_items(_flags(chance), make, only_bad=False)]
    return _joined("cosmic-ray", "", items, "", "")


def pytest_json(chance: Random) -> Document:
    """Tests with a summary."""
    flags = _flags(chance)

    def make(index: int, bad: bool) -> object:
        return {"nodeid": f"t.py::test_{index}", "outcome": "failed" if bad else "passed", "lineno": 3}

    numbers = {"passed": len(flags) - sum(flags), "failed": sum(flags), "total": len(flags)}
    head = (
        f'{{"exitcode": {int(any(flags))}, "summary": {json.dumps({k: v for k, v in numbers.items() if v})}, "tests": ['
    )
    return _joined("pytest-json", head, _json_items(flags, make, only_bad=False), "]}")


def axe(chance: Random) -> Document:
    """Violations of one page."""

    def make(index: int, _: bool) -> object:
        return {"id": f"rule-{index}", "impact": "serious", "help": "h", "nodes": [{"target": ["p"]}]}

    items = _json_items(_flags(chance), make, only_bad=True)
    return _joined("axe", '[{"url": "u", "passes": [{"id": "p", "nodes": []}], "violations": [', items, "]}]")


def ruff(chance: Random) -> Document:
    """Issues."""
    issue = {"code": "F401", "filename": "a.py", "location": {"row": 3, "column": 1}, "message": "unused"}
    return _joined("ruff", "[", _json_items(_flags(chance), lambda _, __: issue, only_bad=True), "]")


def eslint(chance: Random) -> Document:
    """Files with one message or none."""

    def make(index: int, bad: bool) -> object:
        messages = [{"ruleId": "r", "severity": 2, "message": "m", "line": 3}] if bad else []
        return {"filePath": f"/a{index}.js", "messages": messages, "errorCount": int(bad), "warningCount": 0}

    return _joined("eslint", "[", _json_items(_flags(chance), make, only_bad=False), "]")


def pyright(chance: Random) -> Document:
    """Diagnostics with a summary."""
    diagnostic = {"file": "/a.py", "severity": "error", "message": "m", "range": {"start": {"line": 1, "character": 1}}}
    items = _json_items(_flags(chance), lambda _, __: diagnostic, only_bad=True)
    summary = {"filesAnalyzed": 3, "errorCount": len(items), "warningCount": 0, "informationCount": 0}
    tail = f'], "summary": {json.dumps(summary)}}}'
    return _joined("pyright", '{"version": "1", "generalDiagnostics": [', items, tail)


def mypy(chance: Random) -> Document:
    """Lines of issues, at least one."""
    issue = {"file": "a.py", "line": 3, "column": 0, "message": "m", "code": "misc", "severity": "error"}
    items = [(json.dumps(issue) + "\n", 1) for _ in range(chance.randint(1, 8))]
    return _joined("mypy", "", items, "", "")


def bandit(chance: Random) -> Document:
    """Results."""
    issue = {"test_id": "B1", "filename": "a.py", "issue_severity": "HIGH", "issue_text": "t", "line_number": 3}
    items = _json_items(_flags(chance), lambda _, __: issue, only_bad=True)
    metrics = {"a.py": {}, "_totals": {"nosec": 0, "skipped_tests": 0}}
    return _joined("bandit", f'{{"errors": [], "metrics": {json.dumps(metrics)}, "results": [', items, "]}")


def pip_audit(chance: Random) -> Document:
    """Dependencies, vulnerable or not."""

    def make(index: int, bad: bool) -> object:
        vulnerabilities = [{"id": "PYSEC-1", "fix_versions": [], "description": "d"}] if bad else []
        return {"name": f"package-{index}", "version": "1", "vulns": vulnerabilities}

    items = _json_items(_flags(chance), make, only_bad=False)
    return _joined("pip-audit", '{"dependencies": [', items, '], "fixes": []}')


def pytest_benchmark(chance: Random) -> Document:
    """Benchmarks, slow or not, no two alike."""

    def make(index: int, bad: bool) -> object:
        taken = SLOW + index if bad else 0.5
        stats = {"min": taken, "max": taken, "mean": taken}
        return {"name": f"test_{index * 1111}", "fullname": f"speed/t.py::test_{index * 1111}", "stats": stats}

    items = _json_items(_flags(chance), make, only_bad=False)
    return _joined("pytest-benchmark", '{"machine_info": {}, "benchmarks": [', items, '], "version": "5"}')


def hyperfine(chance: Random) -> Document:
    """Commands, slow or not, no two alike."""

    def make(index: int, bad: bool) -> object:
        taken = SLOW + index if bad else 0.5
        return {"command": f"run {index * 1111}", "min": taken, "max": taken, "mean": taken, "exit_codes": [0]}

    return _joined("hyperfine", '{"results": [', _json_items(_flags(chance), make, only_bad=False), "]}")


def k6(chance: Random) -> Document:
    """Metrics, large or not, no two alike."""
    items = [
        (f'"metric_{index * 1111}": {json.dumps({"avg": SLOW + index if bad else 0.5})}', int(bad))
        for index, bad in enumerate(_flags(chance))
    ]
    return _joined("k6", '{"root_group": {}, "metrics": {', items, "}}")


MAKERS: Mapping[str, Callable[[Random], Document]] = MappingProxyType(
    {
        "junit": junit,
        "cobertura": cobertura,
        "lcov": lcov,
        "coveragepy": coveragepy,
        "istanbul": istanbul,
        "sarif": sarif,
        "mutation-elements": mutation_elements,
        "mutmut": mutmut,
        "cosmic-ray": cosmic_ray,
        "pytest-json": pytest_json,
        "axe": axe,
        "ruff": ruff,
        "eslint": eslint,
        "pyright": pyright,
        "mypy": mypy,
        "bandit": bandit,
        "pip-audit": pip_audit,
        "pytest-benchmark": pytest_benchmark,
        "hyperfine": hyperfine,
        "k6": k6,
    }
)
"""A maker of random reports for every format."""
