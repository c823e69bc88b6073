"""Tests that fail and then pass: a failed gate of tests is run again, and what differs is told, never hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent_agency.facts import Finding, GateStatus, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.reports.model import TestReport, TestStatus
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import SHOWN, ToolVerdict

_BAD = frozenset({TestStatus.FAILED, TestStatus.ERROR})


def failed_tests(ran: ToolRun) -> frozenset[str] | None:
    """The ids of the tests that fail in a run; ``None`` where it left no report of tests."""
    if not isinstance(ran.report, TestReport):
        return None
    return frozenset(name for name, status in ran.report.worst.items() if status in _BAD)


def with_second_run(
    gate: ConfiguredGate, verdict: ToolVerdict, first: ToolRun, second: ToolRun, again: ToolVerdict
) -> ToolVerdict:
    """A failed gate's verdict in the light of a second run of the same files.

    The gate passes when the whole second run passes; then each test that failed in the first is named as flaky. It
    stays failed otherwise, and tests that failed in one of the two runs only are named all the same.

    Args:
        gate: its definition.
        verdict: what the first run means.
        first: the first run.
        second: the second run.
        again: what the second run means.
    """
    before, after = failed_tests(first), failed_tests(second)
    if before is None or after is None or again.status not in {GateStatus.PASS, GateStatus.FAIL}:
        told = f"; a second run gave no result to rely on ({again.reason})"
        return replace(verdict, reason=verdict.reason + told, figures=_figures(verdict, (), 2))
    flaky = sorted(before ^ after)
    if again.status is GateStatus.PASS:
        passed = replace(again, findings=(*again.findings, *_findings(gate, flaky)))
        told = f"; {_count(flaky)} failed in a first run of the same files"
        return replace(passed, reason=again.reason + told, figures=_figures(again, flaky, 2))
    steady = tuple(found for found in verdict.findings if found.subject not in flaky)
    told = f"; {_count(flaky)} failed in one of two runs only" if flaky else ""
    return replace(
        verdict,
        reason=verdict.reason + told,
        findings=(*(steady or verdict.findings), *_findings(gate, flaky)),
        figures=_figures(verdict, flaky, 2),
    )


def _figures(verdict: ToolVerdict, flaky: tuple[str, ...] | list[str], runs: int) -> Mapping[str, Any]:
    figures = dict(verdict.figures or {})
    return {**figures, "flaky": figures.get("flaky", 0) + len(flaky), "runs": runs}


def _findings(gate: ConfiguredGate, flaky: list[str]) -> tuple[Finding, ...]:
    if not flaky:
        return ()
    named = ", ".join(map(display_path, flaky[:SHOWN])) + (
        f" and {len(flaky) - SHOWN} more" if len(flaky) > SHOWN else ""
    )
    message = f"{_count(flaky)} failed in one run and passed in another of the same files: {named}"
    remedy = "Make the test's outcome follow from the code alone: no clock, no order, no shared state"
    return (Finding(f"gate.{gate.name}.flaky_test", Severity.ADVICE, message, remedy),)


def _count(flaky: list[str]) -> str:
    return "1 test" if len(flaky) == 1 else f"{len(flaky)} tests"
