"""Was the code mended, or the test that failed?

A test that fails at the base proves nothing about what passed before. As it stands at the base it must pass over the
head's code all the same, once the head's own run no longer fails it: otherwise the change made the test agree.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from agent_agency.change.model import Change
from agent_agency.facts import Finding, GateStatus, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.reports.model import TestReport, TestStatus
from agent_agency.gates.tests_of_tree import touched_base_tests
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import SHOWN, ToolVerdict

OVERLAY = "overlay"
_FAILING = frozenset({TestStatus.FAILED, TestStatus.ERROR})


def with_unmended_tests(
    gate: ConfiguredGate, verdict: ToolVerdict, change: Change, runs: Sequence[ToolRun], known: frozenset[str]
) -> ToolVerdict:
    """A gate's verdict with the tests that fail as they stand at the base and no longer fail at the head.

    Args:
        gate: its definition.
        verdict: what is known so far.
        change: what is judged.
        runs: all runs of the gate's tool; the first is that of the head.
        known: the tests that pass at the base, which are told of elsewhere.
    """
    unmended = sorted(_unmended(runs) - known)
    if not unmended:
        return verdict
    shown = ", ".join(map(display_path, unmended[:SHOWN]))
    more = f" and {len(unmended) - SHOWN} more" if len(unmended) > SHOWN else ""
    message = f"{len(unmended)} tests fail over this change's code as they stand at the base, and only there: "
    paths = [path for path in touched_base_tests(change) if path.isprintable()][:SHOWN]
    restore = f"\ngit checkout {change.base_commit[:12]} -- {shlex.join(paths)}" if paths else ""
    remedy = (
        "Mend the code until the base's tests pass, or ask for a waiver of this gate when the tests themselves were"
        f" wrong{restore}\n{shlex.join(gate.argv)}"
    )
    finding = Finding(f"gate.{gate.name}.failing_test_changed", Severity.MAJOR, f"{message}{shown}{more}", remedy)
    return replace(
        verdict,
        status=GateStatus.FAIL,
        reason=f"{verdict.reason}; {message}{shown}{more}",
        findings=(*verdict.findings, finding),
        figures={**(verdict.figures or {}), "failing_tests_changed": len(unmended)},
    )


def _unmended(runs: Sequence[ToolRun]) -> frozenset[str]:
    head = runs[0].report if runs else None
    over = [ran.report.worst for ran in runs if ran.part == OVERLAY and isinstance(ran.report, TestReport)]
    if not isinstance(head, TestReport) or not over:
        return frozenset()
    still_failing = {name for name, status in head.worst.items() if status in _FAILING}
    failing = {name for name, status in over[0].items() if status in _FAILING}
    for again in over[1:]:
        failing = {name for name in failing if again.get(name) in _FAILING}
    return frozenset(failing - still_failing)
