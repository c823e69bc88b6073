"""The verdict: a pure function of what the rules say, the waivers in force and whether law was in force.

The law it follows, clause by clause:

1. A rule above ``advice`` that is ``violated`` is a violation; where it rests on findings, each finding is one.
2. A violation is covered when rule and finding are waivable and a waiver in force names the rule or the gate, and,
   where the waiver states paths, the finding lies at one of them.
3. A rule above ``advice`` that is ``unknown`` is a condition. Unknown never approves, and no waiver covers it.
4. A blocking gate that no rule speaks of is a condition too, unless the policy gave leave to switch its rule off. So is
   a change of which no blocking gate measured anything, and a base without law.
5. Any violation left uncovered: ``rejected``. Else any condition: ``conditional``. Else any waiver that was needed:
   ``waived``. Else ``approved``.

The mapping to the standard's words is the product's: approved and waived are ``pass``; rejected with only waivable
violations left is ``waiver-required``; everything else is ``fail``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent_agency.arbitration.constitution.model import Rule, RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import CawsVerdict, Condition, Decision, Verdict
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity, display_path

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_PERSON = 4

LAW_NOT_IN_FORCE = "law_not_in_force"
_LAW_RULE = "law.in_force"
_GATES_RULE = "provenance.something_measured"
SATISFIED_REASON = "every rule that applies is satisfied"


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
class Hearing:
    """What is before the arbiter: the gates' results, what each rule says, the waivers in force, the state of the law.

    ``rules`` are the rules in force by id. ``released`` are the gates whose own rule the policy gave leave to disable.
    The order of gates, outcomes and waivers does not matter.
    """

    gates: tuple[GateResult, ...]
    outcomes: tuple[RuleOutcome, ...]
    rules: Mapping[str, Rule]
    waivers: tuple[WaiverInForce, ...]
    law: LawState
    released: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Violation:
    """One violated law: a finding that a rule rests on, or the rule alone, and the waiver that covers it.

    ``rule`` and ``subject`` name the outcome.
    """

    rule: str
    subject: str
    gate: str
    finding: Finding | None
    text: str
    severity: Severity
    waivable: bool
    covered_by: str | None = None

    @property
    def rank(self) -> int:
        """How much it weighs, for ordering."""
        return self.severity.rank


def decide(hearing: Hearing) -> Decision:
    """Rule on what is before the arbiter."""
    violations = violations_of(hearing)
    uncovered = [violation for violation in violations if violation.covered_by is None]
    conditions = tuple(_conditions(hearing))
    budget = {waiver.id for waiver in hearing.waivers if waiver.budget_needed}
    needed = sorted({v.covered_by for v in violations if v.covered_by} | budget)
    verdict = _verdict(uncovered=bool(uncovered), unknown=bool(conditions), waived=bool(needed))
    return Decision(
        verdict=verdict,
        caws_verdict=_caws(verdict, uncovered),
        reasons=_reasons(verdict, uncovered, conditions, needed),
        conditions=conditions,
        exit_code=_exit_code(verdict, conditions),
    )


def violations_of(hearing: Hearing) -> tuple[Violation, ...]:
    """List every violation, heaviest first, each with the waiver that covers it."""
    gates = {gate.name: gate for gate in hearing.gates}
    found = [
        violation
        for outcome in hearing.outcomes
        if _counts(outcome) and outcome.status is RuleStatus.VIOLATED
        for violation in _of_outcome(outcome, hearing, gates.get(outcome.gate))
    ]
    return tuple(sorted(found, key=_weight))


def _counts(outcome: RuleOutcome) -> bool:
    return outcome.severity is not Severity.ADVICE


def _weight(violation: Violation) -> tuple[object, ...]:
    place = violation.finding.place if violation.finding else None
    where = (place.path or "", place.line or 0) if place else ("", 0)
    return (-violation.rank, violation.waivable, violation.gate, *where, violation.text, violation.rule)


def _of_outcome(outcome: RuleOutcome, hearing: Hearing, gate: GateResult | None) -> Iterator[Violation]:
    rule = hearing.rules.get(outcome.rule)
    waivable = rule.waivable if rule is not None else outcome.waivable
    cited = {finding.fingerprint for finding in outcome.findings}
    violated = [f for f in gate.findings if f.severity is not Severity.ADVICE] if gate else []
    findings = [finding for finding in violated if finding.fingerprint in cited]
    for finding in findings:
        may = waivable and finding.waivable
        cover = _cover(hearing.waivers, outcome, finding.place.path) if may else None
        yield _violation(outcome, finding, finding.message, may=may, cover=cover)
    unseen = cited - {finding.fingerprint for finding in findings}
    if unseen or not findings:
        may = waivable and outcome.waivable and not unseen and all(finding.waivable for finding in violated)
        cover = _cover(hearing.waivers, outcome, None) if may else None
        text = outcome.message if gate is None else gate.reason or outcome.message
        yield _violation(outcome, None, text, may=may, cover=cover)


def _violation(outcome: RuleOutcome, finding: Finding | None, text: str, *, may: bool, cover: str | None) -> Violation:
    severity = finding.severity if finding else outcome.severity
    return Violation(outcome.rule, outcome.subject, outcome.gate, finding, text, severity, may, cover)


def _cover(waivers: Sequence[WaiverInForce], outcome: RuleOutcome, path: str | None) -> str | None:
    return min((waiver.id for waiver in waivers if _covers(waiver, outcome, path)), default=None)


def _covers(waiver: WaiverInForce, outcome: RuleOutcome, path: str | None) -> bool:
    if not (outcome.gate in waiver.covers_gates or outcome.rule in waiver.covers_rules):
        return False
    if not waiver.paths:
        return True
    from agent_agency.spec.glob import Globs

    return path is not None and Globs().first_match(path, waiver.paths) is not None


def binds(gate: GateResult) -> bool:
    """Whether what the gate says can change the verdict."""
    return gate.applicable and gate.mode is GateMode.BLOCK


def gave_result(gate: GateResult) -> bool:
    """Whether the gate came to a result; one that did not run or ended in an error says nothing."""
    return gate.status in {GateStatus.PASS, GateStatus.FAIL}


def _conditions(hearing: Hearing) -> Iterator[Condition]:
    if not hearing.law.in_force:
        who = "person" if hearing.law.only_law_edited else "author"
        text = "The base holds no law (no policy and no working spec), so nothing there binds this change"
        adopt = hearing.law.adopt or "Run 'agency init' on the base branch."
        yield Condition(LAW_NOT_IN_FORCE, text, adopt, who, _LAW_RULE)
    if not any(binds(gate) for gate in hearing.gates):
        text = "No blocking gate applied, so nothing about this change was measured"
        remedy = "Let the policy at the base run its gates in block mode."
        yield Condition("no_gate_applied", text, remedy, "person", _GATES_RULE)
    gates = {gate.name: gate for gate in hearing.gates}
    unknown = [o for o in hearing.outcomes if _counts(o) and o.status is RuleStatus.UNKNOWN]
    said = (_LAW_RULE if not hearing.law.in_force else "", "" if any(map(binds, hearing.gates)) else _GATES_RULE)
    for outcome in sorted(unknown, key=lambda o: (o.gate, o.rule, o.subject)):
        if outcome.rule not in said:
            yield _of_unknown(outcome, gates.get(outcome.gate))
    yield from _of_ungoverned(hearing)


def _of_unknown(outcome: RuleOutcome, gate: GateResult | None) -> Condition:
    """What an unknown rule asks for; a gate without a result tells why in its own words."""
    name = f"{outcome.rule}:{outcome.subject}" if outcome.subject else outcome.rule
    if gate is None or gave_result(gate):
        missing = f" (missing: {outcome.missing})" if outcome.missing else ""
        text, remedy, who = f"{outcome.rule}: {outcome.message}{missing}", outcome.remedy, outcome.by
    else:
        text = f"{gate.name}: {gate.reason or 'the gate gave no result'}"
        remedy, who = _unknown_remedy(gate), "author" if gate.mendable else "person"
    return Condition(name, text, remedy, who, outcome.rule, outcome.subject)


def _unknown_remedy(gate: GateResult) -> str:
    if gate.findings:
        return gate.findings[0].remedy
    if gate.mendable:
        return "Supply what was missing and review again."
    return "Ask a person with authority over the law to decide."


def _of_ungoverned(hearing: Hearing) -> Iterator[Condition]:
    spoken_of = {
        outcome.gate
        for outcome in hearing.outcomes
        if _counts(outcome) and outcome.status is not RuleStatus.NOT_APPLICABLE
    }
    for gate in sorted(hearing.gates, key=lambda gate: gate.name):
        if binds(gate) and gate.name not in spoken_of and gate.name not in hearing.released:
            text = f"No rule in force speaks of the blocking gate {gate.name}"
            remedy = "Add a rule for it in .agency/rules on the base branch, or let it only warn."
            yield Condition(f"gate_without_rule:{gate.name}", text, remedy, "person")


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
    verdict: Verdict, uncovered: Sequence[Violation], conditions: Sequence[Condition], needed: Iterable[str]
) -> tuple[str, ...]:
    if verdict is Verdict.REJECTED:
        return tuple(dict.fromkeys(f"{v.gate or v.rule}: {_located(v)}" for v in uncovered))
    if verdict is Verdict.CONDITIONAL:
        return tuple(dict.fromkeys(condition.message for condition in conditions))
    if verdict is Verdict.WAIVED:
        return tuple(f"violated, and covered by waiver {waiver}" for waiver in needed)
    return (SATISFIED_REASON,)


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
