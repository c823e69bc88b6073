"""Run one configured gate's tool in a fresh checkout, kept apart, and tell what the run left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.checkout import Checkout
from agent_agency.gates.gate_command import Surroundings, gate_command
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.kept_paths import put_kept_paths
from agent_agency.gates.report_of_run import clear_report, document_of_run, report_of_run
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import Report
from agent_agency.gates.tool_environment import RULE as FOREIGN_CODE
from agent_agency.gates.tool_environment import ToolEnvironment, examine_tools
from agent_agency.gates.tool_verdict import ToolVerdict, judge
from agent_agency.sandbox.model import Command, Ended, Isolation, Outcome
from agent_agency.sandbox.run import run

LONGEST_LAST_WORDS = 200
UNGUARDED = "; run without isolation, so the tool could touch this machine"


@dataclass(frozen=True, slots=True)
class ToolRun:
    """What one run of a tool left; ``refused`` says why it was not started, and then there is nothing else.

    ``document`` is the contract that a contracts gate measures: what stands at its report's place afterwards. ``tools``
    is what the tool consisted of, ``part`` of what this was the run, ``root`` the folder that it ran in, ``gaps`` what
    the isolation left open.
    """

    outcome: Outcome | None = None
    report: Report | ReportProblem | None = None
    report_digest: str | None = None
    refused: ToolVerdict | None = None
    document: bytes | None = None
    tools: ToolEnvironment | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    part: str = ""
    root: str | None = None
    gaps: tuple[str, ...] = ()

    def verdict(self, gate: ConfiguredGate, tier: int, context: JudgingContext | None = None) -> ToolVerdict:
        """What the run means for its gate."""
        stopped = self.stopped()
        if stopped is not None or self.outcome is None or self.outcome.exit_code is None:
            return stopped or ToolVerdict(GateStatus.ERROR, "the tool was not started")
        judged = judge(gate, tier, self.outcome.exit_code, self.report, context)
        if isinstance(self.report, ReportProblem):
            told = f"{judged.reason}; the tool exited with {self.outcome.exit_code}{_last_words(self.outcome)}"
            return replace(judged, reason=told)
        return judged if gate.report is not None else _with_last_words(judged, self.outcome)

    def stopped(self) -> ToolVerdict | None:
        """What it means that the tool did not end by itself; ``None`` when it did."""
        outcome = self.outcome
        if outcome is None:
            return self.refused or ToolVerdict(GateStatus.ERROR, "the tool was not started")
        if outcome.ended is Ended.EXITED and outcome.exit_code is not None and not outcome.detail:
            return None
        status = GateStatus.NOT_RUN if outcome.ended in {Ended.NOT_STARTED, Ended.CANCELLED} else GateStatus.ERROR
        return ToolVerdict(status, outcome.detail or f"the tool ended by signal {outcome.signal}")


def run_tool(gate: ConfiguredGate, checkout: Checkout, surroundings: Surroundings, part: str) -> ToolRun:
    """Run a gate's tool; never raises for what the tool does.

    ``part`` says of what this is the run (``head``, ``base``, ``overlay``…), for the evidence.
    """
    problem = put_kept_paths(checkout, surroundings.keep) or clear_report(gate, checkout)
    if problem is not None:
        return ToolRun(refused=ToolVerdict(GateStatus.ERROR, problem))
    command = gate_command(gate, checkout, surroundings)
    level, cancel, output = surroundings.isolation, surroundings.cancel, surroundings.output
    ask = surroundings.tools
    tools = None if ask else examine_tools(command, level, cancel, examiner=surroundings.examiner)
    if tools is not None and _measures_foreign_code(tools, surroundings):
        return ToolRun(refused=_foreign(command, tools.foreign), tools=tools)
    outcome = run(
        command,
        level,
        on_output=None if output is None else partial(output, gate.name),
        cancel=cancel,
    )
    if ask is not None:
        tools = ask()
        if _measures_foreign_code(tools, surroundings):
            return ToolRun(refused=_foreign(command, tools.foreign), tools=tools)
    report, digest = report_of_run(gate, checkout)
    document = document_of_run(gate, checkout)
    evidence = _evidence(gate, checkout, surroundings, outcome, digest, part)
    return ToolRun(
        outcome,
        report,
        digest,
        document=document,
        tools=tools,
        evidence=evidence,
        part=part,
        root=str(checkout.root),
        gaps=tuple(dict.fromkeys((*surroundings.gaps, *outcome.gaps))),
    )


def gate_result(
    gate: ConfiguredGate, tier: int, ran: ToolRun, verdict: ToolVerdict, evidence: Sequence[Mapping[str, Any]] = ()
) -> GateResult:
    """A judged run as its gate's result; ``evidence`` is that of all its runs."""
    mode = GateMode.BLOCK if tier in gate.blocking else GateMode.WARN
    unguarded = ran.outcome is not None and ran.outcome.isolation is Isolation.NONE
    facts = {**_facts(gate, tier, ran, verdict), "reused": False, "evidence": [dict(item) for item in evidence]}
    return GateResult(
        gate.name,
        verdict.status,
        mode,
        verdict.findings,
        verdict.reason + (UNGUARDED if unguarded else ""),
        facts=MappingProxyType(facts),
    )


def _with_last_words(verdict: ToolVerdict, outcome: Outcome) -> ToolVerdict:
    """A failure that an exit code alone tells, with the last line that the tool printed."""
    words = _last_words(outcome) if verdict.status is GateStatus.FAIL else ""
    told = [replace(finding, message=f"{finding.message}{words}") for finding in verdict.findings]
    return replace(verdict, findings=tuple(told))


def _last_words(outcome: Outcome) -> str:
    lines = (outcome.output_head + outcome.output_tail).decode("utf-8", "replace").split("\n")
    last = next((text for line in reversed(lines) if (text := line.strip())), "")[:LONGEST_LAST_WORDS]
    return f"; it printed last: {last}" if last else ""


def _evidence(
    gate: ConfiguredGate,
    checkout: Checkout,
    surroundings: Surroundings,
    outcome: Outcome,
    digest: str | None,
    part: str,
) -> tuple[Mapping[str, Any], ...]:
    keeper = surroundings.evidence
    if keeper is None:
        return ()
    report = None
    if gate.report is not None and digest is not None:
        report = keeper.keep_report(checkout.root / gate.report, digest, part)
    return (*([] if report is None else [report]), keeper.keep_output(outcome, part))


def _measures_foreign_code(tools: ToolEnvironment, surroundings: Surroundings) -> bool:
    return tools.foreign != () and not surroundings.cancel.is_set()


def _foreign(command: Command, found: tuple[str, ...] | None) -> ToolVerdict:
    """The error of a tool that would measure other code than the checkout's."""
    told = "; ".join(found) if found else f"{command.argv[0]} did not tell where it imports the project's packages from"
    remedy = "Give the gate an environment without an installed copy of this project"
    finding = Finding(FOREIGN_CODE, Severity.MAJOR, f"The tool would measure other code: {told}", remedy)
    return ToolVerdict(GateStatus.ERROR, f"not the checkout's code: {told}", (finding,))


def _facts(gate: ConfiguredGate, tier: int, ran: ToolRun, verdict: ToolVerdict) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": str(gate.kind), "argv": list(gate.command), "tier": tier}
    if ran.tools is not None:
        told["tool_environment"] = ran.tools.as_facts()
    outcome = ran.outcome
    if outcome is None:
        return told
    return {
        **told,
        "figures": dict(verdict.figures or {}),
        "exit_code": outcome.exit_code,
        "ended": str(outcome.ended),
        "isolation": str(outcome.isolation),
        "isolation_gaps": list(ran.gaps),
        "duration_s": round(outcome.duration_s, 3),
        "output_bytes": outcome.output_bytes,
        "output_digest": outcome.output_digest,
        "report_digest": ran.report_digest,
    }
