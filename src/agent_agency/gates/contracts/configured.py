"""Judge a project's own gate of kind ``contracts``: the document that its tool writes, against the base's."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

from agent_agency.facts import Finding, GateStatus, Place, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.contracts.compare import compare_contract
from agent_agency.gates.contracts.model import NO_BASE, ContractComparison, ContractProblem, Form
from agent_agency.gates.outcome import counted
from agent_agency.gates.tool_verdict import SHOWN, ToolVerdict

FORMATS = frozenset(Form)
"""The formats of a gate of this kind that are judged here; other formats are reports of a tool."""


def judge_contract(
    gate: ConfiguredGate, tier: int, exit_code: int, head: bytes | None, base: bytes | None
) -> ToolVerdict:
    """Judge a tool that ended by itself.

    Args:
        gate: its definition; ``format`` is one of ``FORMATS``, ``report`` names the contract.
        tier: the risk tier, which chooses how many breaking changes are allowed.
        exit_code: what the tool exited with over the head.
        head: the contract of the head; ``None`` where none was written and none stands in the tree.
        base: the contract of the base; ``None`` where it has none: that is told as advice.
    """
    path = gate.report or gate.name
    if head is None:
        if exit_code:
            return ToolVerdict(GateStatus.ERROR, f"the tool exited with {exit_code} and left no contract at {path}")
        return ToolVerdict(GateStatus.ERROR, f"there is no contract at {path}")
    compared = compare_contract(gate.format or "", base, head, path)
    if base is None:
        told = f"the base gives no contract at {path}, so that nothing was compared"
        advice = ContractProblem(NO_BASE, told, path, None, "", breaking=False)
        compared = replace(compared, problems=(*compared.problems, advice))
    allowed = gate.threshold.get(tier, 0)
    figures = _figures(compared, allowed)
    failed = bool(compared.unusable) or compared.breaking > allowed
    heaviest = sorted(compared.problems, key=lambda problem: -problem.severity.rank)
    findings = tuple(_finding(gate, problem, failed=failed) for problem in heaviest[:SHOWN])
    reason = _reason(compared, allowed, path)
    if failed:
        return ToolVerdict(GateStatus.FAIL, reason, findings, figures)
    if exit_code:
        told = f"the contract has nothing to object to ({reason}), and yet the tool exited with {exit_code}"
        return ToolVerdict(GateStatus.ERROR, told, findings, figures)
    return ToolVerdict(GateStatus.PASS, reason, findings, figures)


def _figures(compared: ContractComparison, allowed: float) -> dict[str, Any]:
    return {
        "breaking": compared.breaking,
        "threshold": allowed,
        "operations": compared.operations,
        "types": compared.types,
        "compared": compared.compared,
    }


def _reason(compared: ContractComparison, allowed: float, path: str) -> str:
    if compared.unusable:
        return compared.unusable[0].message
    if not compared.compared:
        return f"{path} is a valid contract, and nothing at the base to compare it with"
    return f"{counted(compared.breaking, 'breaking change')}, {allowed:g} allowed"


def _finding(gate: ConfiguredGate, problem: ContractProblem, *, failed: bool) -> Finding:
    return Finding(
        f"gate.{gate.name}.{problem.rule}",
        problem.severity if failed else Severity.ADVICE,
        problem.message,
        f"Keep what the base's contract promises, or see it with: {shlex.join(gate.argv)}",
        Place(problem.path, problem.line),
        subject=f"{problem.rule} {problem.pointer}",
    )
