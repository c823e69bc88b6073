"""How firm the evidence is that a ruling rests on: counted, never estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.ruling import Decision, Verdict
from agent_agency.arbitration.verdict import binds, gave_result
from agent_agency.facts import GateStatus


def confidence(case: Case, decision: Decision) -> Mapping[str, Any] | None:
    """Count what the decisive results rest on; absent where nothing was measured or the verdict waits for a result.

    Decisive are the blocking gates that gave a result, for a rejection those that failed. ``measured``, ``reused`` and
    ``flaky`` count them: measured in this review, measured before on the same inputs, passed or failed only in one of
    two runs. ``claimed`` counts what commits say and nothing measured. ``value`` is the share, from 0 to 1, of the
    decisive results that were measured in this review and held in every run.
    """
    if decision.verdict is Verdict.CONDITIONAL:
        return None
    facts = case.facts["gates"]
    results = {gate.name for gate in case.gates if binds(gate) and gave_result(gate)}
    failed = {gate.name for gate in case.gates if gate.status is GateStatus.FAIL}
    names = results & failed if decision.verdict is Verdict.REJECTED else results
    decisive = [gate for gate in facts if gate["name"] in names]
    if not decisive:
        return None
    flaky = sum(gate["flaky"] for gate in decisive)
    reused = sum(gate["reused"] and not gate["flaky"] for gate in decisive)
    steady = len(decisive) - flaky - reused
    return {
        "value": round(steady / len(decisive), 4),
        "measured": steady,
        "reused": reused,
        "flaky": flaky,
        "claimed": _claimed(case.facts.get("claims") or ()),
    }


def _claimed(claims: Sequence[Mapping[str, Any]]) -> int:
    return sum(claim.get("holds") is not True for claim in claims)
