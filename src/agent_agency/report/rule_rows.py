"""What each rule says of a ruling's case, beside what that does to the verdict and where else it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent_agency.arbitration.constitution.model import RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import Ruling
from agent_agency.facts import Finding, Severity
from agent_agency.report.rows import Outcome, gate_outcome


class RuleStanding(StrEnum):
    """What a rule's answer does to the verdict; in the order in which reports tell them."""

    VIOLATED = "violated"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    ADVISES = "advice"
    SATISFIED = "satisfied"
    NOT_APPLICABLE = "not_applicable"


STANDS = frozenset({RuleStanding.VIOLATED, RuleStanding.UNKNOWN})
"""What keeps a change from being approved."""

TOLD = (RuleStanding.VIOLATED, RuleStanding.UNKNOWN, RuleStanding.WAIVED, RuleStanding.ADVISES)
"""What a report for people tells one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule's answer for one subject, and the waivers that cover it.

    ``by_gate`` tells that the row repeats what its gate came to, so that a report which tells of gates and their
    findings tells it already.
    """

    outcome: RuleOutcome
    standing: RuleStanding
    waived_by: tuple[str, ...]
    by_gate: bool

    def as_finding(self) -> Finding:
        """The row as a finding of no place, for forms that know findings only."""
        said = self.outcome
        message = said.message if said.missing is None else f"{said.message} (missing: {said.missing})"
        return Finding(said.rule, said.severity, message, said.remedy, waivable=said.waivable, subject=said.subject)


def rule_rows(ruling: Ruling) -> tuple[RuleRow, ...]:
    """Every answer: what stands in the way first, then by weight, id and subject."""
    outcomes = {gate.name: gate_outcome(ruling, gate) for gate in ruling.gates}
    return tuple(sorted((_row(ruling, outcome, outcomes) for outcome in ruling.outcomes), key=_order))


def rows_beside_gates(ruling: Ruling) -> tuple[RuleRow, ...]:
    """The rows to tell one by one that nothing else in the ruling tells."""
    return tuple(row for row in rule_rows(ruling) if row.standing in TOLD and not row.by_gate)


def counted_standings(rows: Sequence[RuleRow]) -> Mapping[RuleStanding, int]:
    """How many rows do what, in the order of standings; a standing of none is left out."""
    counts = Counter(row.standing for row in rows)
    return {standing: counts[standing] for standing in RuleStanding if counts[standing]}


def _row(ruling: Ruling, outcome: RuleOutcome, gates: Mapping[str, Outcome]) -> RuleRow:
    waived_by = _waivers(ruling, outcome)
    standing = _standing(outcome, waived=bool(waived_by))
    return RuleRow(outcome, standing, waived_by, _repeats(outcome, standing, gates.get(outcome.gate)))


def _standing(outcome: RuleOutcome, *, waived: bool) -> RuleStanding:
    if outcome.status is RuleStatus.NOT_APPLICABLE:
        return RuleStanding.NOT_APPLICABLE
    if outcome.status is RuleStatus.SATISFIED:
        return RuleStanding.SATISFIED
    if outcome.severity is Severity.ADVICE:
        return RuleStanding.ADVISES
    if outcome.status is RuleStatus.VIOLATED:
        return RuleStanding.WAIVED if waived else RuleStanding.VIOLATED
    return RuleStanding.UNKNOWN


def _waivers(ruling: Ruling, outcome: RuleOutcome) -> tuple[str, ...]:
    """The waivers that cover a violated rule whole; what a decision gives as a reason is not covered."""
    if outcome.status is not RuleStatus.VIOLATED or not outcome.waivable:
        return ()
    if outcome.findings:
        cover = {ruling.waived.get(finding.fingerprint) for finding in outcome.findings}
        return () if None in cover else tuple(sorted(map(str, cover)))
    if _is_reason(ruling, outcome):
        return ()
    naming = (waiver.id for waiver in ruling.waivers if outcome.rule in waiver.rules or outcome.gate in waiver.gates)
    first = min(naming, default=None)
    return () if first is None else (first,)


def _is_reason(ruling: Ruling, outcome: RuleOutcome) -> bool:
    own = next((gate.reason for gate in ruling.gates if gate.name == outcome.gate), "")
    return f"{outcome.gate or outcome.rule}: {own or outcome.message}" in ruling.decision.reasons


def _repeats(outcome: RuleOutcome, standing: RuleStanding, gate: Outcome | None) -> bool:
    """Whether the answer rests on a gate's result, and that result is told as what it is."""
    told = {
        RuleStanding.VIOLATED: {Outcome.FAIL},
        RuleStanding.UNKNOWN: {Outcome.ERROR, Outcome.NOT_RUN},
        RuleStanding.WAIVED: {Outcome.WAIVED},
    }
    if gate is None or gate not in told.get(standing, set()):
        return False
    result = f"gates[{outcome.subject}].passed"
    return result in outcome.facts or result in (outcome.missing or "")


def _order(row: RuleRow) -> tuple[object, ...]:
    said = row.outcome
    return (list(RuleStanding).index(row.standing), -said.severity.rank, said.rule, said.subject)
