"""The verdict: a pure function of gate results, waivers in force and whether law was in force.

The law it follows, clause by clause:

1. A finding above ``advice`` of a blocking, applicable gate is a violation. A blocking gate that says ``fail`` without
   such a finding is a violation all the same.
2. A violation is covered when it is waivable and a waiver in force names its gate.
3. A blocking gate that did not run, or ended in an error, is unknown. Unknown never approves, and no waiver covers it.
4. Where no blocking gate gave a result at all, nothing was measured: that is unknown too.
5. Any violation left uncovered: ``rejected``. Else anything unknown, or no law in force: ``conditional``. Else any
   waiver that was needed: ``waived``. Else ``approved``.

The mapping to the standard's words is the product's: approved and waived are ``pass``; rejected with only waivable
violations left is ``waiver-required``; everything else is ``fail``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_agency.arbitration.ruling import CawsVerdict, Condition, Decision, Verdict
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity, display_path

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_PERSON = 4

LAW_NOT_IN_FORCE = "law_not_in_force"


@dataclass(frozen=True, slots=True)
class WaiverInForce:
    """What a waiver can do to a verdict: cover gates or rules, or have added to the budget that the change needed.

    With ``paths`` (globs) it covers only findings at those paths.
    """

    id: str
    covers_gates: frozenset[str]
    budget_needed: bool = False
    covers_rules: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LawState:
    """Whether the base holds law, and whether the change does nothing but edit law.

    ``adopt`` are the exact commands that put law in force.
    """

    in_force: bool
    only_law_edited: bool = False
    adopt: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """One violated law: a finding, or a failing gate without one, and the waiver that covers it."""

    gate: str
    finding: Finding | None
    text: str
    waivable: bool
    covered_by: str | None = None

    @property
    def rank(self) -> int:
        """How much it weighs, for ordering."""
        return self.finding.severity.rank if self.finding else Severity.MAJOR.rank


def decide(gates: Iterable[GateResult], waivers: Sequence[WaiverInForce], law: LawState) -> Decision:
    """Rule on gate results.

    Args:
        gates: results of all gates; the order does not matter.
        waivers: only those in force for this change.
        law: the state of the law at the base.
    """
    ordered = sorted(gates, key=lambda gate: gate.name)
    violations = violations_of(ordered, waivers)
    uncovered = [violation for violation in violations if violation.covered_by is None]
    conditions = (*_law_conditions(law), *_nothing_ran(ordered), *_unknown_conditions(ordered))
    needed = sorted({v.covered_by for v in violations if v.covered_by} | {w.id for w in waivers if w.budget_needed})
    verdict = _verdict(uncovered=bool(uncovered), unknown=bool(conditions), waived=bool(needed))
    return Decision(
        verdict=verdict,
        caws_verdict=_caws(verdict, uncovered),
        reasons=_reasons(verdict, uncovered, conditions, needed),
        conditions=conditions,
        exit_code=_exit_code(verdict, conditions),
    )


def violations_of(gates: Iterable[GateResult], waivers: Sequence[WaiverInForce]) -> tuple[Violation, ...]:
    """List every violation of blocking, applicable gates that ran, heaviest first, each with its covering waiver."""
    found = [violation for gate in gates if _binds(gate) for violation in _gate_violations(gate, waivers)]
    return tuple(sorted(found, key=_weight))


def _weight(violation: Violation) -> tuple[object, ...]:
    place = violation.finding.place if violation.finding else None
    where = (place.path or "", place.line or 0) if place else ("", 0)
    return (-violation.rank, violation.waivable, violation.gate, *where, violation.text)


def _binds(gate: GateResult) -> bool:
    return gate.applicable and gate.mode is GateMode.BLOCK


def _is_unknown(gate: GateResult) -> bool:
    return gate.status not in {GateStatus.PASS, GateStatus.FAIL}


def _gate_violations(gate: GateResult, waivers: Sequence[WaiverInForce]) -> list[Violation]:
    if _is_unknown(gate):
        return []
    cover = min((waiver.id for waiver in waivers if gate.name in waiver.covers_gates), default=None)
    violated = [finding for finding in gate.findings if finding.severity is not Severity.ADVICE]
    if not violated and gate.status is GateStatus.FAIL:
        return [Violation(gate.name, None, gate.reason or "the gate failed", waivable=True, covered_by=cover)]
    return [
        Violation(gate.name, finding, finding.message, finding.waivable, cover if finding.waivable else None)
        for finding in violated
    ]


def _law_conditions(law: LawState) -> tuple[Condition, ...]:
    if law.in_force:
        return ()
    who = "person" if law.only_law_edited else "author"
    text = "The base holds no law (no policy and no working spec), so nothing there binds this change"
    return (Condition(LAW_NOT_IN_FORCE, text, law.adopt or "Run 'agency init' on the base branch.", who),)


def _nothing_ran(gates: Sequence[GateResult]) -> tuple[Condition, ...]:
    if any(_binds(gate) for gate in gates):
        return ()
    text = "No blocking gate applied, so nothing about this change was measured"
    return (Condition("no_gate_applied", text, "Let the policy at the base run its gates in block mode.", "person"),)


def _unknown_conditions(gates: Sequence[GateResult]) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            id=f"gate.{gate.name}.{gate.status}",
            message=f"{gate.name}: {gate.reason or 'the gate gave no result'}",
            remedy=_unknown_remedy(gate),
            by="author" if gate.mendable else "person",
        )
        for gate in gates
        if _binds(gate) and _is_unknown(gate)
    )


def _unknown_remedy(gate: GateResult) -> str:
    if gate.findings:
        return gate.findings[0].remedy
    if gate.mendable:
        return "Supply what was missing and review again."
    return "Ask a person with authority over the law to decide."


def _verdict(*, uncovered: bool, unknown: bool, waived: bool) -> Verdict:
    if uncovered:
        return Verdict.REJECTED
    if unknown:
        return Verdict.CONDITIONAL
    return Verdict.WAIVED if waived else Verdict.APPROVED


def _caws(verdict: Verdict, uncovered: Sequence[Violation]) -> CawsVerdict:
    if verdict in {Verdict.APPROVED, Verdict.WAIVED}:
        return CawsVerdict.PASS
    if verdict is Verdict.REJECTED and all(violation.waivable for violation in uncovered):
        return CawsVerdict.WAIVER_REQUIRED
    return CawsVerdict.FAIL


def _reasons(
    verdict: Verdict, uncovered: Sequence[Violation], conditions: Sequence[Condition], needed: Sequence[str]
) -> tuple[str, ...]:
    if verdict is Verdict.REJECTED:
        return tuple(dict.fromkeys(f"{v.gate}: {_located(v)}" for v in uncovered))
    if verdict is Verdict.CONDITIONAL:
        return tuple(condition.message for condition in conditions)
    if verdict is Verdict.WAIVED:
        return tuple(f"violated, and covered by waiver {waiver}" for waiver in needed)
    return ("every blocking gate passed",)


def _located(violation: Violation) -> str:
    path = violation.finding.place.path if violation.finding else None
    shown = display_path(path) if path else ""
    return violation.text if not shown or shown in violation.text else f"{shown}: {violation.text}"


def _exit_code(verdict: Verdict, conditions: Sequence[Condition]) -> int:
    if verdict in {Verdict.APPROVED, Verdict.WAIVED}:
        return EXIT_OK
    if verdict is Verdict.CONDITIONAL and all(condition.by == "person" for condition in conditions):
        return EXIT_PERSON
    return EXIT_FINDINGS
