"""The facts about gates and their findings, as rules may ask for them; they follow from the gates' results alone.

A gate that gave no result has neither ``passed`` nor ``violations`` nor ``firm``: a rule that needs them is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity, path_as_fact

BUILT_IN = "builtin"


def gate_facts(gate: GateResult, kind: str | None) -> dict[str, Any]:
    """One element of ``gates``; ``kind`` is that of ``agency.toml``, none for a built-in gate."""
    told: dict[str, Any] = {
        "name": gate.name,
        "kind": str(kind or BUILT_IN),
        "status": str(gate.status),
        "binding": _binds(gate),
        "mode": str(gate.mode),
        "reason": fit_text(gate.reason),
        "mendable": gate.mendable,
        "reused": gate.facts.get("reused") is True,
        "flaky": _is_flaky(gate),
        "evidence": sorted(_digests(gate)),
    }
    if gate.status in {GateStatus.PASS, GateStatus.FAIL}:
        violated = [finding for finding in gate.findings if _is_violation(finding)]
        told["passed"] = gate.status is GateStatus.PASS
        told["violations"] = len(violated)
        told["firm"] = sum(not finding.waivable for finding in violated)
    return told


def finding_facts(gates: Iterable[GateResult]) -> list[dict[str, Any]]:
    """The elements of ``findings``, gate by gate."""
    return [_finding(gate, finding) for gate in gates for finding in gate.findings]


def kept_facts(*, reused: bool, flaky: bool, evidence: Sequence[str]) -> Mapping[str, Any]:
    """What of a gate's measured facts is kept in a case file, in the shape in which a gate tells it."""
    return {"reused": reused, "flaky": flaky, "evidence": [{"digest": digest} for digest in evidence]}


def fit_text(text: str) -> str:
    """The text as UTF-8 can hold it: what it cannot stands as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def _finding(gate: GateResult, finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "gate": gate.name,
        "severity": str(finding.severity),
        "path": path_as_fact(finding.place.path or ""),
        "waivable": finding.waivable,
        "binding": _binds(gate) and _is_violation(finding),
        "fingerprint": finding.fingerprint,
    }


def _binds(gate: GateResult) -> bool:
    return gate.applicable and gate.mode is GateMode.BLOCK


def _is_violation(finding: Finding) -> bool:
    return finding.severity is not Severity.ADVICE


def _is_flaky(gate: GateResult) -> bool:
    """A gate of tests tells how many differed between two runs of the same files; a kept result says it outright."""
    figures = gate.facts.get("figures")
    told = gate.facts.get("flaky")
    return told is True or (isinstance(figures, Mapping) and bool(figures.get("flaky")))


def _digests(gate: GateResult) -> set[str]:
    return {kept["digest"] for kept in gate.facts.get("evidence") or () if kept.get("digest")}
