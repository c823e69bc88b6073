"""Do the tests that the owner withholds pass over the head's code?

They are the measure against code that knows the tests it will meet. What they ask must stay unknown to whoever made the
change, so nothing of their run is told but numbers: no name, no message, no output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent_agency.errors import AgencyError
from agent_agency.facts import Finding, GateStatus, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.reports.model import TestReport, TestStatus
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import ToolVerdict
from agent_agency.gates.withheld_files import WithheldFiles
from agent_agency.withheld_settings import WithheldTests

RunWithheld = Callable[[WithheldFiles], ToolRun]
"""Runs the gate's tool over a checkout of ``withheld_parts`` with the files laid over, and keeps nothing of it."""

FindWithheld = Callable[[str], WithheldFiles | str]
"""The files behind a digest, or why they are not to be had."""


def withheld_of(
    declared: Sequence[WithheldTests], gate: ConfiguredGate, spec_id: str | None
) -> tuple[WithheldTests, ...]:
    """What a gate must run beside its own tests for a change under a working spec."""
    return tuple(item for item in declared if item.gate == gate.name and item.binds(spec_id))


def judge_withheld(
    gate: ConfiguredGate,
    tier: int,
    verdict: ToolVerdict,
    declared: Sequence[WithheldTests],
    find: FindWithheld,
    run: RunWithheld,
) -> ToolVerdict:
    """A passing gate's verdict with what the withheld tests say; any other verdict stands as it is.

    A head that fails by its own tests gets no answer from the withheld ones: each answer is a question fewer left.
    """
    if verdict.status is not GateStatus.PASS:
        return verdict
    for item in declared:
        found = find(item.digest)
        if isinstance(found, str):
            verdict = _unknown(verdict, item, found)
            continue
        try:
            ran = run(found)
        except (AgencyError, OSError):
            verdict = _unknown(verdict, item, "their checkout could not be made")
            continue
        verdict = with_withheld(gate, tier, verdict, item, ran)
    return verdict


def with_withheld(
    gate: ConfiguredGate, tier: int, verdict: ToolVerdict, declared: WithheldTests, ran: ToolRun
) -> ToolVerdict:
    """A gate's verdict with one run of withheld tests: each must pass, and as many must run as are declared."""
    own, report = ran.verdict(gate, tier), ran.report
    if own.status is GateStatus.NOT_RUN and not isinstance(report, TestReport):
        return _unknown(verdict, declared, "their run was not made")
    if own.status not in {GateStatus.PASS, GateStatus.FAIL, GateStatus.NOT_RUN} or not isinstance(report, TestReport):
        return _failed(gate, verdict, declared, "their run gave no result to rely on", {})
    total = len(report.worst)
    passed = sum(status is TestStatus.PASSED for status in report.worst.values())
    figures = {"withheld_tests": total, "withheld_passed": passed}
    if passed < total:
        return _failed(gate, verdict, declared, f"{total - passed} of {total} did not pass", figures)
    if total < declared.tests:
        return _failed(gate, verdict, declared, f"{total} were run, {declared.tests} are declared", figures)
    if own.status is not GateStatus.PASS:
        return _failed(gate, verdict, declared, "their run gave no result to rely on", figures)
    return _with(verdict, figures, f"; all {total} withheld tests pass")


def _failed(
    gate: ConfiguredGate, verdict: ToolVerdict, declared: WithheldTests, problem: str, figures: Mapping[str, int]
) -> ToolVerdict:
    rule = f"gate.{gate.name}.withheld_test_failed"
    message = f"Of the tests that the owner withholds, {problem}"
    remedy = (
        "Make the code right for every input that its description covers, not only for those that the tests name; "
        "whoever keeps the withheld tests can say more"
    )
    finding = Finding(rule, Severity.MAJOR, message, remedy, subject=declared.digest)
    told = _with(verdict, {"withheld_tests": 0, "withheld_passed": 0, **figures}, f"; of the withheld tests {problem}")
    return replace(told, status=GateStatus.FAIL, findings=(*verdict.findings, finding))


def _unknown(verdict: ToolVerdict, declared: WithheldTests, reason: str) -> ToolVerdict:
    """What is declared and cannot be asked is never taken for a pass; a failure already found stays one."""
    status = GateStatus.NOT_RUN if verdict.status is GateStatus.PASS else verdict.status
    told = f"; withheld tests are declared for {declared.spec or 'every change'}, and {reason}"
    return replace(_with(verdict, {"withheld_missing": 1}, told), status=status)


def _with(verdict: ToolVerdict, figures: Mapping[str, int], reason: str) -> ToolVerdict:
    """The figures of several runs add up."""
    known: dict[str, Any] = dict(verdict.figures or {})
    for name, number in figures.items():
        known[name] = known.get(name, 0) + number
    return replace(verdict, reason=verdict.reason + reason, figures=known)
