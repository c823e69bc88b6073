"""Coverage of the lines that a change adds: what its own tests reach of what it wrote.

A line counts when the report calls it code. A changed source file that the report does not name counts with every
added line as not covered, where it looks like what the report measures: it has the suffix of a measured file, lies
below the same top folder as one, and is no test. A tool that was not told its source folders leaves out what no test
imports, and what nothing imports is not covered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_agency.facts import Finding, GateStatus, Place, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.source_code import is_source, is_test
from agent_agency.gates.tests_of_tree import is_test_file
from agent_agency.gates.verdicts.believed_coverage import BelievedCoverage
from agent_agency.gates.verdicts.model import (
    SHOWN,
    ToolVerdict,
    at,
    counted,
    gate_finding,
    left_over,
    percent,
    see,
    shown_percent,
    threshold_of,
    with_more,
)


@dataclass(frozen=True, slots=True)
class ChangedLines:
    """Lines of code that a change adds: how many, and which of them no test reaches, by file."""

    total: int
    uncovered: Mapping[str, tuple[int, ...]]
    unnamed: tuple[str, ...] = ()

    @property
    def covered(self) -> int:
        """How many of them a test reaches."""
        return self.total - sum(map(len, self.uncovered.values()))


def changed_lines(coverage: BelievedCoverage, added: Mapping[str, frozenset[int]]) -> ChangedLines:
    """Hold the lines that a change adds against what a report says of them; ``unnamed`` files it says nothing of."""
    total, uncovered, unnamed = 0, {}, []
    is_measured = _Measured(coverage)
    for path in sorted(added):
        numbers, file = added[path], coverage.files.get(path)
        if file is not None:
            covered = {line for line in numbers if line in file.covered}
            missed = {line for line in numbers if line in file.missed} - covered
        elif numbers and is_measured(path):
            covered, missed = set(), set(numbers)
            unnamed.append(path)
        else:
            continue
        total += len(covered) + len(missed)
        if missed:
            uncovered[path] = tuple(sorted(missed))
    return ChangedLines(total, uncovered, tuple(unnamed))


def with_changed_lines(
    gate: ConfiguredGate, tier: int, verdict: ToolVerdict, coverage: BelievedCoverage, changed: ChangedLines
) -> ToolVerdict:
    """A coverage gate's verdict with what it says of the changed lines.

    They block below ``changed_threshold`` where that names the tier. Elsewhere they give one advice where they are
    covered less than the whole has to be.
    """
    least = gate.changed_threshold.get(tier)
    figures = {
        "changed_lines": changed.total,
        "changed_covered": changed.covered,
        "changed_percent": None,
        "changed_threshold": least,
    }
    if not changed.total:
        return with_more(verdict, figures, "; no line of code that the change adds is measured")
    share = percent(changed.covered, changed.total)
    wanted = threshold_of(gate, tier) if least is None else least
    figures["changed_percent"] = shown_percent(share, wanted)
    said = f"{changed.covered:,} of {counted(changed.total, 'changed line')} covered"
    if share >= wanted:
        return with_more(verdict, figures, f"; {said}")
    asked = f"{said}, {wanted:g} % asked for"
    if least is None:
        return with_more(verdict, figures, f"; {said}", (_advice(gate, changed, said),))
    told = with_more(verdict, figures, f"; {asked}", _blocking(gate, coverage, changed, asked))
    return ToolVerdict(GateStatus.FAIL, told.reason, told.findings, told.figures)


def _advice(gate: ConfiguredGate, changed: ChangedLines, said: str) -> Finding:
    named = list(changed.uncovered.items())[:SHOWN]
    where = "; ".join(at(path, lines) for path, lines in named) + left_over(len(named), len(changed.uncovered))
    first, lines = named[0]
    message = f"Of the lines that this change adds, {said}; no test reaches {where}"
    return gate_finding(
        gate, "changed_lines", Severity.ADVICE, message, f"Test them. {see(gate)}", place=Place(first, lines[0])
    )


def _blocking(
    gate: ConfiguredGate, coverage: BelievedCoverage, changed: ChangedLines, asked: str
) -> tuple[Finding, ...]:
    told = []
    for path, lines in list(changed.uncovered.items())[:SHOWN]:
        what = f"{counted(len(lines), 'added line is', 'added lines are')} not covered: {at(path, lines)}"
        if path in changed.unnamed:
            what += f" ({_why_unnamed(path, coverage)})"
        remedy = f"Write tests that run them. {see(gate)}"
        told.append(
            gate_finding(gate, "changed_lines", Severity.MAJOR, what, remedy, place=Place(path, lines[0]), subject=path)
        )
    left = len(changed.uncovered) - len(told)
    if left > 0:
        message = f"{counted(left, 'more changed file holds', 'more changed files hold')} lines not covered; {asked}"
        told.append(gate_finding(gate, "changed_lines", Severity.MAJOR, message, see(gate), subject="more"))
    return tuple(told)


def _why_unnamed(path: str, coverage: BelievedCoverage) -> str:
    doubtful = next((name for name, meant in coverage.ambiguous.items() if path in meant), None)
    if doubtful is not None:
        return f"the report's '{doubtful[:200]}' could mean several files"
    return "the report does not name the file"


class _Measured:
    """Whether a file that a report does not name looks like what it measures."""

    def __init__(self, coverage: BelievedCoverage) -> None:
        paths = [*coverage.files, *(path for meant in coverage.ambiguous.values() for path in meant)]
        self._kinds = {(_top(path), PurePosixPath(path).suffix) for path in paths if not _tests(path)}

    def __call__(self, path: str) -> bool:
        return is_source(path) and not _tests(path) and (_top(path), PurePosixPath(path).suffix) in self._kinds


def _tests(path: str) -> bool:
    return is_test(path) or is_test_file(path)


def _top(path: str) -> str:
    return path.partition("/")[0] if "/" in path else ""
