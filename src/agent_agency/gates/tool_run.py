"""Run one configured gate's tool in a fresh checkout, kept apart, and read its report only if this run wrote it."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.checkout import Checkout
from agent_agency.gates.foreign_code import RULE as FOREIGN_CODE
from agent_agency.gates.foreign_code import foreign_packages
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import Report, read_report
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import CHUNK, open_report
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


@dataclass(frozen=True, slots=True)
class ToolRun:
    """What one run of a tool left; ``refused`` says why it was not started, and then there is nothing else."""

    outcome: Outcome | None = None
    report: Report | ReportProblem | None = None
    report_digest: str | None = None
    refused: ToolVerdict | None = None

    def verdict(self, gate: ConfiguredGate, tier: int) -> ToolVerdict:
        """What the run means for its gate."""
        outcome = self.outcome
        if outcome is None:
            return self.refused or ToolVerdict(GateStatus.ERROR, "the tool was not started")
        if outcome.ended is Ended.EXITED and outcome.exit_code is not None and not outcome.detail:
            return judge(gate, tier, outcome.exit_code, self.report)
        status = GateStatus.NOT_RUN if outcome.ended in {Ended.NOT_STARTED, Ended.CANCELLED} else GateStatus.ERROR
        return ToolVerdict(status, outcome.detail or f"the tool ended by signal {outcome.signal}")


def run_tool(gate: ConfiguredGate, checkout: Checkout, surroundings: Surroundings) -> ToolRun:
    """Run a gate's tool; never raises for what the tool does."""
    stale = _clear_report(gate, checkout)
    if stale is not None:
        return ToolRun(refused=ToolVerdict(GateStatus.ERROR, stale))
    command = _command(gate, checkout, surroundings.variables)
    found = foreign_packages(command, surroundings.isolation, surroundings.cancel)
    if found != () and not surroundings.cancel.is_set():
        return ToolRun(refused=_foreign(command, found))
    outcome = run(command, surroundings.isolation, cancel=surroundings.cancel)
    report, digest = _read(gate, checkout)
    return ToolRun(outcome, report, digest)


def gate_result(gate: ConfiguredGate, tier: int, ran: ToolRun, verdict: ToolVerdict) -> GateResult:
    """A judged run as its gate's result."""
    mode = GateMode.BLOCK if tier in gate.blocking else GateMode.WARN
    unguarded = ran.outcome is not None and ran.outcome.isolation is Isolation.NONE
    return GateResult(
        gate.name,
        verdict.status,
        mode,
        verdict.findings,
        verdict.reason + (UNGUARDED if unguarded else ""),
        facts=MappingProxyType(_facts(gate, tier, ran, verdict)),
    )


def _foreign(command: Command, found: tuple[str, ...] | None) -> ToolVerdict:
    """The error of a tool that would measure other code than the checkout's."""
    told = "; ".join(found) if found else f"{command.argv[0]} did not tell where it imports the project's packages from"
    remedy = "Give the gate an environment without an installed copy of this project"
    finding = Finding(FOREIGN_CODE, Severity.MAJOR, f"The tool would measure other code: {told}", remedy)
    return ToolVerdict(GateStatus.ERROR, f"not the checkout's code: {told}", (finding,))


def _clear_report(gate: ConfiguredGate, checkout: Checkout) -> str | None:
    """Take away a report that the head brought along, so that only this run can have written one."""
    if gate.report is None:
        return None
    target = checkout.root / gate.report
    try:
        if not _inside(target.parent, checkout.root):
            return "the report's folder leads out of the checkout"
        if target.is_symlink() or target.is_file():
            target.unlink()
    except OSError as error:
        return f"the report's place cannot be cleared: {error.strerror}"
    return None


def _read(gate: ConfiguredGate, checkout: Checkout) -> tuple[Report | ReportProblem | None, str | None]:
    """Read the report, once no process of the tool is left that could exchange it, and its digest."""
    if gate.report is None or gate.format is None:
        return None, None
    target = checkout.root / gate.report
    try:
        problem = _not_this_runs(gate.report, target, checkout.root)
        return (problem, None) if problem else (read_report(gate.format, target), _digest(target))
    except Refused as refused:
        return ReportProblem(refused.code, refused.message), None
    except OSError as error:
        return ReportProblem(Code.UNREADABLE, f"The report cannot be read: {error.strerror}"), None


def _not_this_runs(name: str, target: Path, root: Path) -> ReportProblem | None:
    """Why what stands at the report's place is no file that this run wrote inside the checkout."""
    if target.is_symlink() or not _inside(target, root):
        return ReportProblem(Code.UNREADABLE, "The report is a link, or leads out of the checkout")
    if not target.is_file():
        return ReportProblem(Code.MISSING, f"The tool wrote no report at {name}")
    if target.stat().st_nlink != 1:
        return ReportProblem(Code.UNREADABLE, "The report is one file under several names")
    return None


def _digest(path: Path) -> str | None:
    """The digest of a report of any size, a piece at a time; ``None`` for an empty one."""
    size = path.stat().st_size
    if size == 0:
        return None
    digest = hashlib.sha256()
    with open_report(path, size) as source:
        while piece := source.read(CHUNK):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def _inside(path: Path, root: Path) -> bool:
    # Path.resolve raises RuntimeError for links in a circle
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _command(gate: ConfiguredGate, checkout: Checkout, variables: Mapping[str, str]) -> Command:
    environment = {
        **UNCHANGING,
        "PATH": variables.get("PATH", SYSTEM_PATH),
        "HOME": str(checkout.private),
        "TMPDIR": str(checkout.private),
        **{name: variables[name] for name in gate.environment if name in variables},
    }
    return Command(
        argv=gate.command,
        cwd=checkout.root,
        environment=environment,
        writable=(checkout.root, checkout.private),
        network=gate.network,
        limits=Limits(wall_s=gate.timeout_s),
    )


def _facts(gate: ConfiguredGate, tier: int, ran: ToolRun, verdict: ToolVerdict) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": str(gate.kind), "argv": list(gate.command), "tier": tier}
    outcome = ran.outcome
    if outcome is None:
        return told
    return {
        **told,
        "figures": dict(verdict.figures or {}),
        "exit_code": outcome.exit_code,
        "ended": str(outcome.ended),
        "isolation": str(outcome.isolation),
        "duration_s": round(outcome.duration_s, 3),
        "output_bytes": outcome.output_bytes,
        "output_digest": outcome.output_digest,
        "report_digest": ran.report_digest,
    }
