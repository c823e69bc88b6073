"""Small reports and gates by hand, to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agent_agency.gate_settings import STANDARD_THRESHOLDS, ConfiguredGate, GateKind
from agent_agency.gates.reports.lines import Branches, Lines
from agent_agency.gates.reports.model import (
    CoverageReport,
    FileCoverage,
    Issue,
    IssueLevel,
    IssueReport,
    IssueSeverity,
    Measure,
    Mutant,
    MutantStatus,
    MutationReport,
    PerformanceReport,
    TestCase,
    TestReport,
    TestStatus,
)


def a_gate(kind: GateKind, *argv: str, **settings: Any) -> ConfiguredGate:
    """A gate of a kind with the standard's thresholds."""
    gate = ConfiguredGate("g", kind, argv or ("tool", "--run"), threshold=STANDARD_THRESHOLDS.get(kind, {}))
    return replace(gate, **settings)


def ran(*statuses: TestStatus, **named: TestStatus) -> TestReport:
    """A run of tests: unnamed ones as ``m::t0``, ``m::t1``…, and named ones as ``m::NAME``."""
    cases = [TestCase(f"m::t{index}", status, "boom") for index, status in enumerate(statuses)]
    return TestReport((*cases, *(TestCase(f"m::{name}", status, "boom") for name, status in named.items())))


def reached(
    files: Mapping[str, tuple[Iterable[int], Iterable[int]]],
    branches: Mapping[str, Mapping[int, tuple[int, int]]] | None = None,
    roots: tuple[str, ...] = (),
) -> CoverageReport:
    """Coverage of files, each with its covered and missed lines."""
    told = []
    for path, (covered, missed) in files.items():
        by_line = Branches.of((branches or {}).get(path, {}))
        lines = Lines.of(covered), Lines.of(missed)
        told.append(FileCoverage(path, *lines, by_line.taken, by_line.total, by_line))
    return CoverageReport(tuple(told), branches is not None, roots)


def mutants(**counts: int) -> MutationReport:
    """So many mutants of each status."""
    numbered = [(MutantStatus(word), index) for word, number in counts.items() for index in range(number)]
    return MutationReport(tuple(Mutant(f"{status}-{i}", status, "src/a.py", i + 1, "x") for status, i in numbered))


def issue(
    rule: str = "R1",
    level: IssueLevel = IssueLevel.ERROR,
    severity: IssueSeverity | None = None,
    message: str = "no",
    path: str | None = "src/a.py",
    **more: Any,
) -> Issue:
    """One issue."""
    return Issue(rule, level, severity, message, path, **{"line": 3, **more})


def issues(*found: Issue) -> IssueReport:
    """What a tool found."""
    return IssueReport(found, "tool")


def measured(**values: float) -> PerformanceReport:
    """Measures in seconds."""
    return PerformanceReport(tuple(Measure(name, value, "s") for name, value in values.items()))
