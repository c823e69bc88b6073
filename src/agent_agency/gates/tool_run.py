"""Run one configured gate: its tool in a fresh checkout, kept apart, and its report read only if this run wrote it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.checkout import Checkout
from agent_agency.gates.foreign_code import RULE as FOREIGN_CODE
from agent_agency.gates.foreign_code import foreign_packages, is_python
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import Report, read_report
from agent_agency.gates.reports.refusal import Code
from agent_agency.gates.tool_verdict import ToolVerdict, judge
from agent_agency.sandbox.model import Command, Ended, Isolation, Limits, Outcome
from agent_agency.sandbox.run import run

UNCHANGING = MappingProxyType({"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "CI": "true"})
UNGUARDED = "; run without isolation, so the tool could touch this machine"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tool is run with: how it is kept apart, the arbiter's own variables, and a way to stop it."""

    isolation: Isolation
    variables: Mapping[str, str]
    cancel: threading.Event


def run_tool_gate(gate: ConfiguredGate, tier: int, checkout: Checkout, surroundings: Surroundings) -> GateResult:
    """Run a gate's tool and judge what it leaves; never raises for what the tool does."""
    mode = GateMode.BLOCK if tier in gate.blocking else GateMode.WARN
    stale = _clear_report(gate, checkout)
    if stale is not None:
        return GateResult(gate.name, GateStatus.ERROR, mode, reason=stale)
    command = _command(gate, checkout, surroundings.variables)
    foreign = _foreign(command, surroundings.isolation)
    if foreign is not None:
        return replace(foreign, name=gate.name, mode=mode)
    outcome = run(
        command,
        surroundings.isolation,
        cancel=surroundings.cancel,
    )
    report, digest = _read(gate, checkout)
    verdict = _verdict(gate, tier, outcome, report)
    return GateResult(
        gate.name,
        verdict.status,
        mode,
        verdict.findings,
        verdict.reason + (UNGUARDED if outcome.isolation is Isolation.NONE else ""),
        facts=MappingProxyType(_facts(gate, tier, outcome, verdict, digest)),
    )


def _foreign(command: Command, isolation: Isolation) -> GateResult | None:
    """The error of a tool that would measure other code than the checkout's; ``None`` when it would not."""
    if not is_python(command.argv):
        return None
    found = foreign_packages(command, isolation)
    if found == ():
        return None
    told = "; ".join(found) if found else f"{command.argv[0]} did not tell where it imports the project's packages from"
    remedy = "Give the gate an environment without an installed copy of this project"
    finding = Finding(FOREIGN_CODE, Severity.MAJOR, f"The tool would measure other code: {told}", remedy)
    return GateResult("", GateStatus.ERROR, GateMode.BLOCK, (finding,), f"not the checkout's code: {told}")


def _verdict(gate: ConfiguredGate, tier: int, outcome: Outcome, report: Report | ReportProblem | None) -> ToolVerdict:
    if outcome.ended is Ended.EXITED and outcome.exit_code is not None:
        return judge(gate, tier, outcome.exit_code, report)
    status = GateStatus.NOT_RUN if outcome.ended in {Ended.NOT_STARTED, Ended.CANCELLED} else GateStatus.ERROR
    told = outcome.detail or f"the tool ended by signal {outcome.signal}"
    return ToolVerdict(status, told)


def _clear_report(gate: ConfiguredGate, checkout: Checkout) -> str | None:
    """Take away a report that the head brought along, so that only this run can have written one."""
    if gate.report is None:
        return None
    target = checkout.root / gate.report
    if not _inside(target.parent, checkout.root):
        return "the report's folder leads out of the checkout"
    try:
        if target.is_symlink() or target.is_file():
            target.unlink()
    except OSError as error:
        return f"the report's place cannot be cleared: {error.strerror}"
    return None


def _read(gate: ConfiguredGate, checkout: Checkout) -> tuple[Report | ReportProblem | None, str | None]:
    if gate.report is None or gate.format is None:
        return None, None
    target = checkout.root / gate.report
    if target.is_symlink() or not _inside(target, checkout.root):
        return ReportProblem(Code.UNREADABLE, "The report is a link, or leads out of the checkout"), None
    if not target.is_file():
        return ReportProblem(Code.UNREADABLE, f"The tool wrote no report at {gate.report}"), None
    report = read_report(gate.format, target)
    try:
        return report, digest_bytes(target.read_bytes())
    except OSError as error:
        return ReportProblem(Code.UNREADABLE, f"The report cannot be read: {error.strerror}"), None


def _inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _command(gate: ConfiguredGate, checkout: Checkout, variables: Mapping[str, str]) -> Command:
    environment = {
        **UNCHANGING,
        "PATH": variables.get("PATH", SYSTEM_PATH),
        "HOME": str(checkout.private),
        "TMPDIR": str(checkout.private),
        **{name: variables[name] for name in gate.environment if name in variables},
    }
    return Command(
        argv=gate.argv,
        cwd=checkout.root,
        environment=environment,
        writable=(checkout.root, checkout.private),
        network=gate.network,
        limits=Limits(wall_s=gate.timeout_s),
    )


def _facts(
    gate: ConfiguredGate, tier: int, outcome: Outcome, verdict: ToolVerdict, digest: str | None
) -> dict[str, Any]:
    return {
        "kind": str(gate.kind),
        "argv": list(gate.argv),
        "tier": tier,
        "figures": dict(verdict.figures or {}),
        "exit_code": outcome.exit_code,
        "ended": str(outcome.ended),
        "isolation": str(outcome.isolation),
        "duration_s": round(outcome.duration_s, 3),
        "output_bytes": outcome.output_bytes,
        "output_digest": outcome.output_digest,
        "report_digest": digest,
    }
