"""What every report needs to know of a ruling: which finding decides, and how each gate came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.ruling import Ruling
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity, display_path


class Standing(StrEnum):
    """What a finding does to the verdict; in the order in which reports tell them."""

    DECIDES = "decides"
    WAIVED = "waived"
    WARNS = "warns"
    ADVISES = "advises"
    LEFT_OUT = "left_out"


class Outcome(StrEnum):
    """How a gate came out once waivers and mode are counted in; in the order in which reports tell them.

    Only ``pass`` is a pass.
    """

    FAIL = "fail"
    ERROR = "error"
    NOT_RUN = "not_run"
    WAIVED = "waived"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 - an outcome, not a credential
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding, the gate that made it, the waiver that covers it, and what it does to the verdict."""

    gate: str
    finding: Finding
    fingerprint: str
    standing: Standing
    waived_by: str | None


def finding_rows(ruling: Ruling) -> tuple[FindingRow, ...]:
    """Every finding of every gate: what decides first, then by weight, path and line."""
    held = _Held.of(ruling)
    rows = [_row(ruling, gate, finding, held) for gate in ruling.gates for finding in gate.findings]
    return tuple(sorted(rows, key=_order))


def gate_outcome(ruling: Ruling, gate: GateResult) -> Outcome:
    """How one gate came out; an unknown of a blocking gate stays what it is, whatever waivers say.

    A failure that no rule in force holds against the change only warns.
    """
    if not gate.applicable or gate.mode is GateMode.SKIP:
        return Outcome.LEFT_OUT
    if gate.status is GateStatus.PASS:
        return Outcome.PASS
    if gate.mode is GateMode.WARN:
        return Outcome.WARN
    if gate.status is GateStatus.FAIL:
        if _is_covered(ruling, gate):
            return Outcome.WAIVED
        return Outcome.FAIL if _Held.of(ruling).holds(gate.name) else Outcome.WARN
    return Outcome.ERROR if gate.status is GateStatus.ERROR else Outcome.NOT_RUN


def gates_by_outcome(ruling: Ruling) -> tuple[tuple[GateResult, Outcome], ...]:
    """All gates, those that stand in the way first."""
    order = list(Outcome)
    pairs = [(gate, gate_outcome(ruling, gate)) for gate in ruling.gates]
    return tuple(sorted(pairs, key=lambda pair: (order.index(pair[1]), pair[0].name)))


def with_standing(rows: Sequence[FindingRow], *standings: Standing) -> tuple[FindingRow, ...]:
    """Those rows that do one of the named things."""
    return tuple(row for row in rows if row.standing in standings)


@dataclass(frozen=True, slots=True)
class _Held:
    """What rules above advice hold against a change: gates, and the findings that they cite; None: all of them."""

    cited: frozenset[tuple[str, str]] | None
    whole: frozenset[str]

    @classmethod
    def of(cls, ruling: Ruling) -> _Held:
        if not ruling.outcomes:
            return cls(None, frozenset())
        broken = [
            outcome
            for outcome in ruling.outcomes
            if outcome.status is not RuleStatus.SATISFIED
            and outcome.status is not RuleStatus.NOT_APPLICABLE
            and outcome.severity is not Severity.ADVICE
        ]
        cited = {(outcome.gate, found.fingerprint) for outcome in broken for found in outcome.findings}
        return cls(frozenset(cited), frozenset(outcome.gate for outcome in broken if not outcome.findings))

    def holds(self, gate: str, fingerprint: str | None = None) -> bool:
        """Whether a finding of a gate, or anything of it, is held against the change."""
        if self.cited is None or gate in self.whole:
            return True
        return any(name == gate for name, _ in self.cited) if fingerprint is None else (gate, fingerprint) in self.cited


def _row(ruling: Ruling, gate: GateResult, finding: Finding, held: _Held) -> FindingRow:
    fingerprint = finding.fingerprint
    waived_by = ruling.waived.get(fingerprint)
    standing = _standing(gate, finding, waived_by)
    if standing is Standing.DECIDES and not held.holds(gate.name, fingerprint):
        standing = Standing.WARNS
    return FindingRow(gate.name, finding, fingerprint, standing, waived_by)


def _standing(gate: GateResult, finding: Finding, waived_by: str | None) -> Standing:
    if not gate.applicable or gate.mode is GateMode.SKIP:
        return Standing.LEFT_OUT
    if finding.severity is Severity.ADVICE:
        return Standing.ADVISES
    if gate.mode is GateMode.WARN:
        return Standing.WARNS
    return Standing.WAIVED if waived_by else Standing.DECIDES


def _is_covered(ruling: Ruling, gate: GateResult) -> bool:
    violated = [finding for finding in gate.findings if finding.severity is not Severity.ADVICE]
    if not violated:
        return any(gate.name in waiver.gates for waiver in ruling.waivers)
    return bool(ruling.waived) and all(finding.fingerprint in ruling.waived for finding in violated)


def _order(row: FindingRow) -> tuple[object, ...]:
    place = row.finding.place
    where = (display_path(place.path or ""), place.line or 0, place.column or 0)
    weight = (list(Standing).index(row.standing), -row.finding.severity.rank)
    return (*weight, row.gate, *where, row.finding.rule, row.finding.message)
