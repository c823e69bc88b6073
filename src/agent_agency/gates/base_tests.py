"""Do the base's tests still pass over the head's code? What passed before a change must pass after it.

This is the strongest measure against weakened tests: it does not matter how a change edited them, because the base's
own are run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent_agency.change.model import Change
from agent_agency.facts import Finding, GateStatus, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.reports.model import TestReport, TestStatus
from agent_agency.gates.tests_of_tree import is_of_other_language, touched_base_tests
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import SHOWN, ToolVerdict
from agent_agency.sandbox.model import Ended

NOT_NEEDED = "not_needed"
NOT_RUN = "not_run"
RUN = "run"


def passing(ran: ToolRun, gate: ConfiguredGate, tier: int) -> frozenset[str] | str:
    """The ids of the tests that pass in a run, or why it proves nothing."""
    verdict = ran.verdict(gate, tier)
    report = ran.report
    if verdict.status not in {GateStatus.PASS, GateStatus.FAIL} or not isinstance(report, TestReport):
        return verdict.reason
    return frozenset(name for name, status in report.worst.items() if status is TestStatus.PASSED)


def without_overlay(verdict: ToolVerdict, reason: str | None = None) -> ToolVerdict:
    """A gate's verdict without the second look: not needed, or not possible for a ``reason`` that is then told."""
    if reason is None:
        return _with(verdict, {"overlay": NOT_NEEDED})
    told = f"; advice: whether the base's tests pass over this change is not known ({reason})"
    return _with(verdict, {"overlay": NOT_RUN, "overlay_reason": reason}, reason=told)


def with_overlay(
    gate: ConfiguredGate, verdict: ToolVerdict, change: Change, expected: frozenset[str], still: frozenset[str] | str
) -> ToolVerdict:
    """A gate's verdict with what the base's tests say over the head's code.

    Args:
        gate: its definition.
        verdict: what the head's own tests say.
        change: what is judged.
        expected: the tests that pass in a run of the base.
        still: those that pass over the head's code, or why that run proves nothing.
    """
    kept = frozenset() if isinstance(still, str) else expected & still
    figures: dict[str, Any] = {"overlay": RUN, "base_tests": len(expected), "base_tests_still_passing": len(kept)}
    if isinstance(still, str):
        figures |= {"overlay": "error", "overlay_reason": still}
        message = f"The base's tests, run over this change's code, gave no result to rely on: {still}"
        return _broken(gate, verdict, change, figures, message)
    broken = sorted(expected - still)
    if not broken:
        return _with(verdict, figures, reason=f"; all {len(expected)} tests that pass at the base pass over it")
    shown = ", ".join(map(display_path, broken[:SHOWN]))
    more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
    message = f"{len(broken)} of {len(expected)} tests that pass at the base do not pass over this change's code: "
    return _broken(gate, verdict, change, figures, f"{message}{shown}{more}")


def with_fewer_tests(
    gate: ConfiguredGate, verdict: ToolVerdict, change: Change, base: ToolRun, head: ToolRun
) -> ToolVerdict:
    """Tell when fewer tests count at the head than at the base; skipped ones and expected failures do not count.

    For Python that is advice, since the tests are compared one by one elsewhere. Of any other language nothing but the
    report is known, so it fails the gate.
    """
    if not isinstance(base.report, TestReport) or not isinstance(head.report, TestReport):
        return verdict
    before, after = _counting(base.report), _counting(head.report)
    if len(after) >= len(before):
        return verdict
    blocks = is_of_other_language(change)
    lost = sorted(before - after)[:SHOWN]
    message = f"{len(after)} tests count at the head, {len(before)} at the base"
    waive = ", or have a person waive the loss" if blocks else ", or say why they went"
    remedy = f"Bring back{waive}: {', '.join(map(display_path, lost))}"
    severity = Severity.MAJOR if blocks else Severity.ADVICE
    told = replace(
        verdict,
        findings=(*verdict.findings, Finding(f"gate.{gate.name}.fewer_tests", severity, message, remedy)),
        figures={**(verdict.figures or {}), "tests_at_base": len(before), "tests_at_head": len(after)},
    )
    return replace(told, status=GateStatus.FAIL, reason=f"{told.reason}; {message}") if blocks else told


def _counting(report: TestReport) -> frozenset[str]:
    """The ids of the tests that were run and could fail."""
    idle = {TestStatus.SKIPPED, TestStatus.XFAILED}
    return frozenset(name for name, status in report.worst.items() if status not in idle)


def was_stopped(ran: ToolRun) -> bool:
    """Whether a run was cancelled from outside, which says nothing about the change."""
    return ran.outcome is not None and ran.outcome.ended is Ended.CANCELLED


def _broken(
    gate: ConfiguredGate, verdict: ToolVerdict, change: Change, figures: Mapping[str, Any], message: str
) -> ToolVerdict:
    rule = f"gate.{gate.name}.base_test_broken"
    finding = Finding(rule, Severity.MAJOR, message, _remedy(gate, change))
    reason = f"; {message[0].lower()}{message[1:]}"
    told = _with(verdict, figures, reason=reason)
    return replace(told, status=GateStatus.FAIL, findings=(*verdict.findings, finding))


def _remedy(gate: ConfiguredGate, change: Change) -> str:
    """The commands that show the broken tests, and the two ways out."""
    paths = touched_base_tests(change)
    see = shlex.join(gate.argv)
    waive = "or ask for a waiver of this gate when the tests themselves were wrong"
    if not paths:
        return f"Mend the code until the base's tests pass, {waive}\n{see}"
    return f"Take the base's tests back and mend the code, {waive}\n{_restore(change.base_commit, paths)}\n{see}"


def _restore(commit: str, paths: Sequence[str]) -> str:
    if len(paths) > SHOWN or not all(path.isprintable() for path in paths):
        paths = sorted({path.split("/")[0] for path in paths if path.split("/")[0].isprintable()})
    return f"git checkout {commit[:12]} -- {shlex.join(paths)}"


def _with(verdict: ToolVerdict, figures: Mapping[str, Any], reason: str = "") -> ToolVerdict:
    return replace(verdict, reason=verdict.reason + reason, figures={**(verdict.figures or {}), **figures})
