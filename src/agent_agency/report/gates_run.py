"""What ``agency gates run`` says: each gate's result with its findings, as text or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, display_path
from agent_agency.gates.outcome import counted
from agent_agency.report.text import clean, json_ready, shown_path

if TYPE_CHECKING:
    from rich.console import Console

    from agent_agency.workflows.run_named_gates import GatesRun

SCHEMA_VERSION = 1
_STYLES: Mapping[GateStatus, str] = {
    GateStatus.PASS: "green",
    GateStatus.FAIL: "bold red",
    GateStatus.NOT_RUN: "yellow",
    GateStatus.ERROR: "bold red",
}
_WORD_WIDTH = 8


def to_document(run: GatesRun) -> dict[str, Any]:
    """The whole run as plain JSON data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "base": {"ref": run.definitions.ref, "commit": run.definitions.commit},
        "tier": run.tier,
        "exit_code": run.exit_code,
        "gates": [_gate(result) for result in run.results],
    }


def render(run: GatesRun, console: Console) -> None:
    """Print the results and, below each, what it found."""
    from rich.text import Text

    from agent_agency.report.console_output import fit_for_reading

    with fit_for_reading(console):
        for result in run.results:
            word = "left out" if not result.applicable else str(result.status).replace("_", " ")
            style = _STYLES[result.status] if result.applicable else "dim"
            line = Text(f"{word:<{_WORD_WIDTH}}  ", style)
            line.append(f"{clean(result.name)}  ", "bold")
            line.append(clean(" ".join([*_marks(result), result.reason or counted(len(result.findings), "finding")])))
            console.print(line)
            for told in _findings(result):
                console.print(Text(f"          {told}"))
        console.print(Text(f"{_summary(run)}; judged at tier {run.tier} ({clean(run.tier_because)})", "dim"))


def _marks(result: GateResult) -> Iterator[str]:
    if result.applicable and result.mode is GateMode.WARN:
        yield "(advises)"
    if result.facts.get("reused") is True:
        yield "(measured before)"


def _findings(result: GateResult) -> Iterator[str]:
    for finding in result.findings:
        place = finding.place
        at = f"{display_path(place.path)}{f':{place.line}' if place.line else ''}: " if place.path else ""
        yield clean(f"{at}{finding.message}")
        if finding.remedy:
            yield clean(f"  {finding.remedy}")


def _summary(run: GatesRun) -> str:
    said = [result.status for result in run.results if result.applicable]
    words = [f"{said.count(status)} {str(status).replace('_', ' ')}" for status in GateStatus if status in said]
    return ", ".join(words) or "no gate was run"


def _gate(result: GateResult) -> dict[str, Any]:
    facts = result.facts
    return {
        "name": result.name,
        "status": str(result.status),
        "mode": str(result.mode),
        "applicable": result.applicable,
        "reason": json_ready(result.reason),
        "figures": json_ready(facts.get("figures")),
        "isolation": json_ready(facts.get("isolation")),
        "duration_s": json_ready(facts.get("duration_s")),
        "reused": facts.get("reused") is True,
        "evidence": json_ready(list(facts.get("evidence") or ())),
        "findings": [_finding(finding) for finding in result.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": json_ready(finding.rule),
        "severity": str(finding.severity),
        "message": json_ready(finding.message),
        "path": shown_path(finding.place.path),
        "line": finding.place.line,
        "remedy": json_ready(finding.remedy),
    }
