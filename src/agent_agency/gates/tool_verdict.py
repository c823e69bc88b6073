"""What a tool's report means for its gate: figures, findings, and pass, fail, not run or error.

The exit code alone proves nothing: it must agree with what the report says. What is missing, truncated or silent is
never a pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.facts import Finding, GateStatus, Place, Severity
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import (
    CoverageReport,
    IssueLevel,
    IssueReport,
    IssueSeverity,
    MutantStatus,
    MutationReport,
    ReportProblem,
    TestReport,
)
from agent_agency.gates.reports.read import Report

SHOWN = 20


@dataclass(frozen=True, slots=True)
class ToolVerdict:
    """The judged outcome of one tool: ``figures`` are JSON-ready numbers."""

    status: GateStatus
    reason: str
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, Any] | None = None


def judge(
    gate: ConfiguredGate,
    tier: int,
    exit_code: int,
    report: Report | ReportProblem | None,
    context: JudgingContext | None = None,  # noqa: ARG001  the changed lines and the base's figures come in with it
) -> ToolVerdict:
    """Judge a tool that ended by itself.

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
    judged = _judge_report(gate, tier, report)
    if judged.status is GateStatus.PASS and exit_code != 0:
        reason = f"the report has nothing to object to ({judged.reason}), and yet the tool exited with {exit_code}"
        return ToolVerdict(GateStatus.ERROR, reason, judged.findings, judged.figures)
    return judged


def _by_exit_code(gate: ConfiguredGate, exit_code: int) -> ToolVerdict:
    if gate.kind in {GateKind.TESTS, GateKind.COVERAGE, GateKind.MUTATION}:
        reason = "no report is configured, and an exit code does not tell that anything was tested"
        return ToolVerdict(GateStatus.NOT_RUN, reason)
    if exit_code == 0:
        return ToolVerdict(GateStatus.PASS, "the tool exited with 0")
    finding = _finding(gate, "failed", Severity.MAJOR, f"the tool exited with {exit_code}", _see(gate))
    return ToolVerdict(GateStatus.FAIL, f"the tool exited with {exit_code}", (finding,))


def _judge_report(gate: ConfiguredGate, tier: int, report: Report) -> ToolVerdict:
    if isinstance(report, TestReport):
        return _tests(gate, report)
    if isinstance(report, CoverageReport):
        return _coverage(gate, tier, report)
    if isinstance(report, MutationReport):
        return _mutation(gate, tier, report)
    return _issues(gate, tier, report)


def _tests(gate: ConfiguredGate, report: TestReport) -> ToolVerdict:
    figures = {
        "total": report.total,
        "passed": report.passed,
        "failed": report.failed,
        "skipped": report.skipped,
        "xfailed": report.xfailed,
        "flaky": report.flaky,
    }
    if report.ran == 0:
        return ToolVerdict(GateStatus.NOT_RUN, f"no test was run ({report.skipped} skipped)", (), figures)
    findings = tuple(
        _finding(
            gate,
            "test_failed",
            Severity.MAJOR,
            f"{case.id} {case.status}: {_first_line(case.message)}",
            _see(gate),
            place=Place(case.path, case.line),
            subject=case.id,
        )
        for case in report.failures[:SHOWN]
    )
    reason = f"{report.passed} of {report.total} tests passed, {report.failed} failed, {report.skipped} skipped"
    return ToolVerdict(GateStatus.FAIL if report.failed else GateStatus.PASS, reason, findings, figures)


def _coverage(gate: ConfiguredGate, tier: int, report: CoverageReport) -> ToolVerdict:
    least = gate.threshold[tier]
    what = "branch" if report.measures_branches and report.branches_total else "line"
    covered = report.branches_covered if what == "branch" else report.lines_covered
    total = report.branches_total if what == "branch" else report.lines_total
    if total == 0:
        return ToolVerdict(GateStatus.NOT_RUN, "the report names no line of code")
    share = 100 * covered / total
    figures = {"measured": what, "covered": covered, "total": total, "percent": round(share, 2), "threshold": least}
    reason = f"{what} coverage {share:.1f} %, tier {tier} asks for {least:g} %"
    if share >= least:
        return ToolVerdict(GateStatus.PASS, reason, (), figures)
    missed = sorted(report.files, key=lambda file: -len(file.missed))[:3]
    where = ", ".join(f"{file.path} ({len(file.missed)} lines)" for file in missed if len(file.missed))
    remedy = f"Cover what was missed most: {where}" if where else _see(gate)
    return ToolVerdict(
        GateStatus.FAIL, reason, (_finding(gate, "below_threshold", Severity.MAJOR, reason, remedy),), figures
    )


def _mutation(gate: ConfiguredGate, tier: int, report: MutationReport) -> ToolVerdict:
    least, score = gate.threshold[tier], report.score
    figures: dict[str, Any] = {str(status): number for status, number in report.counts.items()}
    if score is None:
        return ToolVerdict(GateStatus.NOT_RUN, "the report judges no mutant", (), figures)
    figures |= {"percent": round(score, 2), "threshold": least}
    reason = f"mutation score {score:.1f} %, tier {tier} asks for {least:g} %"
    if score >= least:
        return ToolVerdict(GateStatus.PASS, reason, (), figures)
    alive = [m for m in report.mutants if m.status in {MutantStatus.SURVIVED, MutantStatus.NO_COVERAGE}]
    findings = [_finding(gate, "below_threshold", Severity.MAJOR, reason, "Kill the mutants that survived")]
    findings += [
        _finding(
            gate,
            "mutant_survived",
            Severity.ADVICE,
            f"mutant {m.id} {m.status}: {m.description}",
            "Write a test that notices it",
            place=Place(m.path, m.line),
            subject=m.id,
        )
        for m in alive[:SHOWN]
    ]
    return ToolVerdict(GateStatus.FAIL, reason, tuple(findings), figures)


def _issues(gate: ConfiguredGate, tier: int, report: IssueReport) -> ToolVerdict:
    grave = {IssueSeverity.CRITICAL, IssueSeverity.HIGH, None}
    security = gate.kind is GateKind.SECURITY
    counting = [
        issue
        for issue in report.issues
        if (issue.severity in grave if security else True)
        and (issue.level is IssueLevel.ERROR or (security and issue.severity in grave - {None}))
    ]
    most = gate.threshold.get(tier, 0)
    figures = {
        **{str(level): number for level, number in report.levels.items()},
        "counted": len(counting),
        "threshold": most,
        "suppressed": report.suppressed,
    }
    what = "issues of high or critical severity" if security else "errors"
    reason = f"{len(counting)} {what}, {most:g} allowed"
    over = len(counting) > most
    listed = sorted(report.issues, key=lambda issue: issue not in counting)[:SHOWN]
    findings = tuple(
        _finding(
            gate,
            f"issue.{issue.rule}",
            Severity.MAJOR if over and issue in counting else Severity.ADVICE,
            _first_line(issue.message),
            _see(gate),
            place=Place(issue.path, issue.line),
        )
        for issue in listed
    )
    return ToolVerdict(GateStatus.FAIL if over else GateStatus.PASS, reason, findings, figures)


def _finding(
    gate: ConfiguredGate,
    rule: str,
    severity: Severity,
    message: str,
    remedy: str,
    *,
    place: Place | None = None,
    subject: str = "",
) -> Finding:
    return Finding(f"gate.{gate.name}.{rule}", severity, message, remedy, place or Place(), subject=subject)


def _see(gate: ConfiguredGate) -> str:
    import shlex

    return f"See it with: {shlex.join(gate.argv)}"


def _first_line(message: str) -> str:
    lines: Sequence[str] = message.strip().splitlines()
    return lines[0][:300] if lines else "no message"
