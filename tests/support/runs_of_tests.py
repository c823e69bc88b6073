"""Runs of a tests gate, made of the few things that a test is about."""

from __future__ import annotations

from collections.abc import Mapping

from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.gates.reports.model import TestCase, TestReport, TestStatus
from agent_agency.gates.tool_run import ToolRun
from agent_agency.sandbox.model import Ended, Isolation, Outcome

GATE = ConfiguredGate("tests", GateKind.TESTS, ("pytest",), report="r.xml", format="junit")
FAILED = frozenset({TestStatus.FAILED, TestStatus.ERROR})


def run_of(tests: Mapping[str, str], part: str = "head", *, exit_code: int | None = None) -> ToolRun:
    """A run that reported these tests by status, exited as pytest would unless told otherwise."""
    cases = tuple(TestCase(name, TestStatus(status)) for name, status in tests.items())
    code = int(any(case.status in FAILED for case in cases)) if exit_code is None else exit_code
    return ToolRun(_outcome(Ended.EXITED, code), TestReport(cases), part=part)


def stopped_run(part: str = "head", ended: Ended = Ended.TIMED_OUT) -> ToolRun:
    """A run that was ended before it could report."""
    return ToolRun(_outcome(ended, None, "it ran too long"), None, part=part)


def _outcome(ended: Ended, code: int | None, detail: str = "") -> Outcome:
    return Outcome(ended, code, None, b"", b"", 0, "sha256:", 0.1, Isolation.NONE, detail)
