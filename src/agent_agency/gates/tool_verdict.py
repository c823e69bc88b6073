"""What a tool's report means for its gate: figures, findings, and pass, fail, not run or error.

The exit code alone proves nothing: it must agree with what the report says. What is missing, truncated or silent is
never a pass.
"""

from __future__ import annotations

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import (
    CoverageReport,
    IssueReport,
    MutationReport,
    PerformanceReport,
    ReportProblem,
    TestReport,
)
from agent_agency.gates.reports.read import Report
from agent_agency.gates.verdicts.coverage import judge_coverage
from agent_agency.gates.verdicts.issues import judge_issues
from agent_agency.gates.verdicts.model import SHOWN, ToolVerdict, gate_finding, see, with_more
from agent_agency.gates.verdicts.mutation import judge_mutation
from agent_agency.gates.verdicts.performance import judge_performance
from agent_agency.gates.verdicts.tests import judge_tests

__all__ = ["SHOWN", "ToolVerdict", "judge"]

FOUND_SOMETHING = 1
"""What a tool that lists issues exits with when it found some; more than that is a tool that did not work."""

_ONLY_BY_REPORT = frozenset({GateKind.TESTS, GateKind.COVERAGE, GateKind.MUTATION, GateKind.PERFORMANCE})
_JUDGED = frozenset({GateStatus.PASS, GateStatus.FAIL})


def judge(
    gate: ConfiguredGate,
    tier: int,
    exit_code: int,
    report: Report | ReportProblem | None,
    context: JudgingContext | None = None,
) -> ToolVerdict:
    """Judge a tool that ended by itself.

    With a ratchet only what the change made worse fails; where the base's report says nothing the plain thresholds
    stand.

    Args:
        gate: its definition; ``report`` was read as ``gate.format``.
        tier: the risk tier, which chooses the threshold.
        exit_code: what the tool exited with.
        context: the lines that the change adds, and what the tool says of the base.
        report: ``None`` when the gate defines none.
    """
    if report is None:
        return _by_exit_code(gate, exit_code)
    if isinstance(report, ReportProblem):
        return ToolVerdict(GateStatus.ERROR, f"the report cannot be believed: {report.message} ({report.code})")
    judged = _of_report(gate, tier, report, context)
    if judged.status is GateStatus.PASS and exit_code != 0 and not _explains(judged, report, exit_code):
        reason = f"the report has nothing to object to ({judged.reason}), and yet the tool exited with {exit_code}"
        return ToolVerdict(GateStatus.ERROR, reason, judged.findings, judged.figures)
    if judged.status is GateStatus.FAIL and exit_code == 0 and isinstance(report, TestReport):
        judged = with_more(judged, {}, "; the tool exited with 0 all the same")
    if gate.ratchet and judged.status in _JUDGED:
        return _told_of_ratchet(judged, report, context)
    return judged


def _by_exit_code(gate: ConfiguredGate, exit_code: int) -> ToolVerdict:
    if gate.kind in _ONLY_BY_REPORT:
        reason = "no report is configured, and an exit code does not tell that anything was tested or measured"
        return ToolVerdict(GateStatus.NOT_RUN, reason)
    if exit_code == 0:
        return ToolVerdict(GateStatus.PASS, "the tool exited with 0")
    finding = gate_finding(gate, "failed", Severity.MAJOR, f"the tool exited with {exit_code}", see(gate))
    return ToolVerdict(GateStatus.FAIL, f"the tool exited with {exit_code}", (finding,))


def _of_report(gate: ConfiguredGate, tier: int, report: Report, context: JudgingContext | None) -> ToolVerdict:
    known = context or JudgingContext()
    if isinstance(report, TestReport):
        return judge_tests(gate, report, known)
    if isinstance(report, CoverageReport):
        return judge_coverage(gate, tier, report, context)
    if isinstance(report, MutationReport):
        return judge_mutation(gate, tier, report, known)
    if isinstance(report, PerformanceReport):
        return judge_performance(gate, report, known)
    return judge_issues(gate, tier, report, known)


def _explains(judged: ToolVerdict, report: Report, exit_code: int) -> bool:
    """Whether a report that passes says itself why the tool did not exit with 0.

    It is below its threshold and no worse than the base, or tells of issues that are allowed or weigh too little.
    """
    if (judged.figures or {}).get("eased"):
        return True
    return isinstance(report, IssueReport) and exit_code == FOUND_SOMETHING and len(report.issues) > 0


def _told_of_ratchet(judged: ToolVerdict, report: Report, context: JudgingContext | None) -> ToolVerdict:
    """Say why the plain threshold stands although the gate has a ratchet."""
    base = None if context is None else context.base
    if isinstance(base, ReportProblem):
        return with_more(judged, {"ratchet": False}, f"; not compared with the base: {base.message}")
    if base is None or type(base) is not type(report):
        return with_more(judged, {"ratchet": False}, "; not compared with the base, which was not measured")
    return judged
