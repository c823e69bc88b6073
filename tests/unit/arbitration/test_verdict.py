from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.ruling import CawsVerdict, Verdict
from agent_agency.arbitration.verdict import LawState, WaiverInForce, decide, violations_of
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from support.hearings import hearing_of, outcome_of, rule_for, rule_on

LAW = LawState(in_force=True)

severities = st.sampled_from(list(Severity))
findings = st.builds(
    Finding,
    rule=st.sampled_from(["scope.reject.out", "budget.files", "secrets.found"]),
    severity=severities,
    message=st.sampled_from(["one", "two"]),
    remedy=st.just("mend it"),
    place=st.builds(Place, path=st.sampled_from(["a.py", "b.py", None])),
    waivable=st.booleans(),
)


@st.composite
def gate_results(draw: st.DrawFn) -> GateResult:
    listed = tuple(draw(st.lists(findings, max_size=3)))
    severe = any(finding.severity is not Severity.ADVICE for finding in listed)
    status = draw(st.sampled_from([s for s in GateStatus if not (severe and s is GateStatus.PASS)]))
    return GateResult(
        name=draw(st.sampled_from(["scope_boundary", "budget_limit", "secrets", "own"])),
        status=status,
        mode=draw(st.sampled_from(list(GateMode))),
        findings=listed,
        applicable=draw(st.booleans()),
        mendable=draw(st.booleans()),
    )


waivers = st.builds(
    WaiverInForce,
    id=st.sampled_from(["WV-1", "WV-2"]),
    covers_gates=st.frozensets(st.sampled_from(["scope_boundary", "budget_limit", "secrets"])),
    budget_needed=st.booleans(),
)
laws = st.builds(LawState, in_force=st.booleans(), only_law_edited=st.booleans())
PASSING = {Verdict.APPROVED, Verdict.WAIVED}


def gate(name: str = "scope_boundary", status: GateStatus = GateStatus.PASS, *listed: Finding) -> GateResult:
    return GateResult(name, status, GateMode.BLOCK, listed)


def major(*, waivable: bool = True) -> Finding:
    return Finding("scope.reject.out", Severity.MAJOR, "outside", "move it", Place("x.py"), waivable=waivable)


def test_nothing_violated_is_approved_and_passes() -> None:
    decision = rule_on([gate()], [], LAW)
    assert (decision.verdict, decision.caws_verdict, decision.exit_code) == (Verdict.APPROVED, CawsVerdict.PASS, 0)


def test_a_waivable_violation_needs_a_waiver() -> None:
    decision = rule_on([gate("scope_boundary", GateStatus.FAIL, major())], [], LAW)
    assert (decision.verdict, decision.caws_verdict) == (Verdict.REJECTED, CawsVerdict.WAIVER_REQUIRED)
    assert decision.exit_code == 1
    assert "x.py" in decision.reasons[0]


def test_a_violation_that_no_waiver_may_cover_fails_even_with_one() -> None:
    waiver = WaiverInForce("WV-1", frozenset({"scope_boundary"}))
    decision = rule_on([gate("scope_boundary", GateStatus.FAIL, major(waivable=False))], [waiver], LAW)
    assert (decision.verdict, decision.caws_verdict) == (Verdict.REJECTED, CawsVerdict.FAIL)


def test_a_covered_violation_is_waived_and_the_waiver_is_named() -> None:
    waiver = WaiverInForce("WV-1", frozenset({"scope_boundary"}))
    decision = rule_on([gate("scope_boundary", GateStatus.FAIL, major())], [waiver], LAW)
    assert (decision.verdict, decision.caws_verdict, decision.exit_code) == (Verdict.WAIVED, CawsVerdict.PASS, 0)
    assert "WV-1" in decision.reasons[0]


def test_a_waiver_that_nothing_needed_leaves_an_approval_alone() -> None:
    assert rule_on([gate()], [WaiverInForce("WV-1", frozenset({"scope_boundary"}))], LAW).verdict is Verdict.APPROVED


def test_a_budget_that_only_a_waiver_made_large_enough_is_waived() -> None:
    waiver = WaiverInForce("WV-1", frozenset(), budget_needed=True)
    assert rule_on([gate("budget_limit")], [waiver], LAW).verdict is Verdict.WAIVED


@pytest.mark.parametrize("status", [GateStatus.NOT_RUN, GateStatus.ERROR])
def test_a_gate_without_a_result_is_conditional_and_no_waiver_covers_it(status: GateStatus) -> None:
    waiver = WaiverInForce("WV-1", frozenset({"secrets"}))
    decision = rule_on([gate(), gate("secrets", status)], [waiver], LAW)
    assert (decision.verdict, decision.caws_verdict, decision.exit_code) == (
        Verdict.CONDITIONAL,
        CawsVerdict.FAIL,
        1,
    )


def test_what_only_a_person_can_decide_exits_4() -> None:
    waiting = replace(gate("governance_edit", GateStatus.NOT_RUN), mendable=False)
    assert rule_on([gate(), waiting], [], LAW).exit_code == 4
    assert rule_on([gate(), waiting, gate("own", GateStatus.ERROR)], [], LAW).exit_code == 1


def test_without_law_at_the_base_nothing_is_more_than_conditional() -> None:
    decision = rule_on([gate()], [], LawState(in_force=False, adopt="agency init"))
    assert decision.verdict is Verdict.CONDITIONAL
    assert [condition.id for condition in decision.conditions] == ["law_not_in_force"]
    assert rule_on([gate()], [], LawState(in_force=False, only_law_edited=True)).exit_code == 4


def test_no_gate_at_all_is_not_a_pass() -> None:
    assert rule_on([], [], LAW).verdict is Verdict.CONDITIONAL
    assert rule_on([replace(gate(), mode=GateMode.WARN)], [], LAW).verdict is Verdict.CONDITIONAL


def test_a_blocking_gate_that_fails_without_findings_still_violates() -> None:
    assert rule_on([gate("own", GateStatus.FAIL)], [], LAW).verdict is Verdict.REJECTED


def test_a_blocking_gate_that_no_rule_speaks_of_is_never_approved() -> None:
    hearing = replace(hearing_of([gate(), gate("own")], [], LAW), outcomes=(outcome_of(gate()),))
    decision = decide(hearing)
    assert (decision.verdict, decision.exit_code) == (Verdict.CONDITIONAL, 4)
    assert [condition.id for condition in decision.conditions] == ["gate_without_rule:own"]
    assert decide(replace(hearing, released=frozenset({"own"}))).verdict is Verdict.APPROVED


def test_a_rule_that_does_not_apply_or_only_advises_does_not_speak_for_a_gate() -> None:
    hearing = hearing_of([gate()], [], LAW)
    (said,) = hearing.outcomes
    for silent in (replace(said, status=RuleStatus.NOT_APPLICABLE), replace(said, severity=Severity.ADVICE)):
        assert decide(replace(hearing, outcomes=(silent,))).verdict is Verdict.CONDITIONAL


def test_a_rule_about_the_case_violates_without_any_gate() -> None:
    said = replace(outcome_of(gate()), rule="duties.approver", status=RuleStatus.VIOLATED, gate="", subject="")
    hearing = hearing_of([gate()], [], LAW)
    decision = decide(replace(hearing, outcomes=(*hearing.outcomes, said)))
    assert decision.verdict is Verdict.REJECTED
    assert decision.reasons == ("duties.approver: scope_boundary does not pass",)


def test_a_waiver_of_a_rule_covers_what_that_rule_says_and_no_other() -> None:
    failing = gate("scope_boundary", GateStatus.FAIL, major())
    by_rule = WaiverInForce("WV-1", frozenset(), covers_rules=frozenset({"gates.scope_boundary"}))
    assert rule_on([failing], [by_rule], LAW).verdict is Verdict.WAIVED
    other = replace(by_rule, covers_rules=frozenset({"gates.secrets"}))
    assert rule_on([failing], [other], LAW).verdict is Verdict.REJECTED


def test_a_rule_that_is_not_waivable_is_covered_by_nothing() -> None:
    failing = gate("scope_boundary", GateStatus.FAIL, major())
    waiver = WaiverInForce("WV-1", frozenset({"scope_boundary"}))
    firm = rule_for("scope_boundary", waivable=False)
    hearing = replace(hearing_of([failing], [waiver], LAW), rules={firm.id: firm})
    assert decide(hearing).verdict is Verdict.REJECTED


def test_a_waiver_with_paths_covers_findings_there_and_nothing_elsewhere() -> None:
    here, there = major(), replace(major(), place=Place("lib/y.py"))
    waiver = WaiverInForce("WV-1", frozenset({"scope_boundary"}), paths=("lib/**",))
    assert rule_on([gate("scope_boundary", GateStatus.FAIL, there)], [waiver], LAW).verdict is Verdict.WAIVED
    assert rule_on([gate("scope_boundary", GateStatus.FAIL, here, there)], [waiver], LAW).verdict is Verdict.REJECTED
    assert rule_on([gate("scope_boundary", GateStatus.FAIL)], [waiver], LAW).verdict is Verdict.REJECTED


def test_a_violation_whose_findings_are_not_all_there_is_covered_by_nothing() -> None:
    failing = gate("scope_boundary", GateStatus.FAIL, major())
    waiver = WaiverInForce("WV-1", frozenset({"scope_boundary"}))
    hearing = hearing_of([failing], [waiver], LAW)
    (said,) = hearing.outcomes
    lost = replace(said.findings[0], fingerprint="0" * 32)
    assert decide(replace(hearing, outcomes=(replace(said, findings=(*said.findings, lost)),))).exit_code == 1
    firm = gate("scope_boundary", GateStatus.FAIL, major(waivable=False))
    uncited = replace(
        hearing_of([firm], [waiver], LAW), outcomes=(replace(outcome_of(firm), findings=(), waivable=True),)
    )
    assert decide(uncited).verdict is Verdict.REJECTED


def test_every_violation_is_listed_with_the_waiver_that_covers_it() -> None:
    failing = gate("scope_boundary", GateStatus.FAIL, major(), replace(major(), waivable=False, subject="firm"))
    waiver = WaiverInForce("WV-1", frozenset({"scope_boundary"}))
    listed = violations_of(hearing_of([failing], [waiver], LAW))
    assert [violation.covered_by for violation in listed] == [None, "WV-1"]


@given(st.lists(gate_results(), max_size=5), st.lists(waivers, max_size=2), laws, gate_results())
def test_adding_a_gate_that_does_not_pass_never_turns_fail_into_pass(
    gates: list[GateResult], given_waivers: list[WaiverInForce], law: LawState, added: GateResult
) -> None:
    worse = replace(added, status=GateStatus.FAIL if added.status is GateStatus.PASS else added.status)
    before = rule_on(gates, given_waivers, law)
    after = rule_on([*gates, worse], given_waivers, law)
    if before.verdict not in PASSING and any(g.applicable and g.mode is GateMode.BLOCK for g in gates):
        assert after.verdict not in PASSING


@given(st.lists(gate_results(), min_size=1, max_size=4), st.lists(waivers, max_size=2), laws, findings)
def test_adding_a_finding_never_turns_fail_into_pass_and_advice_changes_nothing(
    gates: list[GateResult], given_waivers: list[WaiverInForce], law: LawState, finding: Finding
) -> None:
    before = rule_on(gates, given_waivers, law)
    first = gates[0]
    advised = replace(first, findings=(*first.findings, replace(finding, severity=Severity.ADVICE)))
    after = rule_on([advised, *gates[1:]], given_waivers, law)
    if not (first.status is GateStatus.FAIL and not first.findings):
        assert (after.verdict, after.caws_verdict, after.exit_code) == (
            before.verdict,
            before.caws_verdict,
            before.exit_code,
        )
    worse = replace(first, findings=(*first.findings, replace(finding, severity=Severity.MAJOR)))
    if before.verdict not in PASSING and (first.status is not GateStatus.FAIL or first.findings):
        assert rule_on([worse, *gates[1:]], given_waivers, law).verdict not in PASSING


@given(st.lists(gate_results(), max_size=6), st.lists(waivers, max_size=3), laws, st.randoms())
def test_the_order_of_facts_does_not_matter(
    gates: list[GateResult], given_waivers: list[WaiverInForce], law: LawState, chance: random.Random
) -> None:
    unique = list({g.name: g for g in gates}.values())
    shuffled = list(unique)
    chance.shuffle(shuffled)
    mixed = list(given_waivers)
    chance.shuffle(mixed)
    assert rule_on(unique, given_waivers, law) == rule_on(shuffled, mixed, law)


@given(st.lists(gate_results(), max_size=5), st.lists(waivers, max_size=2), laws)
def test_an_approval_means_that_every_blocking_gate_passed(
    gates: list[GateResult], given_waivers: list[WaiverInForce], law: LawState
) -> None:
    decision = rule_on(gates, given_waivers, law)
    if decision.verdict is Verdict.APPROVED:
        binding = [g for g in gates if g.applicable and g.mode is GateMode.BLOCK]
        assert binding
        assert all(g.status is GateStatus.PASS for g in binding)
        assert law.in_force
    assert (decision.exit_code == 0) == (decision.verdict in PASSING) == (decision.caws_verdict is CawsVerdict.PASS)
