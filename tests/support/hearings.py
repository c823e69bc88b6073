"""Hearings to decide in tests, with one rule for each gate as the default constitution has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent_agency.arbitration.constitution.model import Category, CitedFinding, Rule, RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import Decision
from agent_agency.arbitration.verdict import Hearing, LawState, WaiverInForce, binds, decide, gave_result
from agent_agency.facts import GateResult, GateStatus, Severity


def rule_for(gate: str, *, waivable: bool = True) -> Rule:
    """A rule over one gate."""
    return Rule(
        id=f"gates.{gate}",
        version=1,
        title=f"{gate} passes",
        category=Category.PROCESS,
        severity=Severity.MAJOR,
        waivable=waivable,
        condition="it.passed && it.violations == 0",
        message=f"{gate} does not pass",
        remedy="mend it",
        source="a test",
        applies=f'it.name == "{gate}" && it.binding',
        each="gates",
    )


def rule_for_every_gate() -> Rule:
    """One rule over all gates, whatever they are called."""
    return replace(rule_for("every"), applies="it.binding")


def outcome_of(gate: GateResult, *, waivable: bool = True) -> RuleOutcome:
    """What that rule says of the gate."""
    rule = rule_for(gate.name, waivable=waivable)
    violated = [finding for finding in gate.findings if finding.severity is not Severity.ADVICE]
    status = RuleStatus.SATISFIED
    if not binds(gate):
        status = RuleStatus.NOT_APPLICABLE
    elif not gave_result(gate):
        status = RuleStatus.UNKNOWN
    elif violated or gate.status is GateStatus.FAIL:
        status = RuleStatus.VIOLATED
    cited = tuple(CitedFinding(f.fingerprint, f.rule, f.place.path, f.waivable) for f in violated)
    return RuleOutcome(
        rule=rule.id,
        version=1,
        status=status,
        category=rule.category,
        severity=rule.severity,
        waivable=waivable and all(finding.waivable for finding in cited),
        message=rule.message,
        remedy=rule.remedy,
        subject=gate.name,
        gate=gate.name,
        missing=f"gates[{gate.name}].passed" if status is RuleStatus.UNKNOWN else None,
        findings=cited if status is RuleStatus.VIOLATED else (),
    )


def hearing_of(gates: Iterable[GateResult], waivers: Sequence[WaiverInForce], law: LawState) -> Hearing:
    """A hearing in which each gate has a rule of its own."""
    listed = tuple(gates)
    rules = {f"gates.{gate.name}": rule_for(gate.name) for gate in listed}
    return Hearing(listed, tuple(map(outcome_of, listed)), rules, tuple(waivers), law)


def rule_on(gates: Iterable[GateResult], waivers: Sequence[WaiverInForce], law: LawState) -> Decision:
    """Decide such a hearing."""
    return decide(hearing_of(gates, waivers, law))
