from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.report.rows import Outcome, Standing, finding_rows, gate_outcome, gates_by_outcome
from support import rulings


def test_what_decides_comes_first_and_heavier_findings_before_lighter_ones() -> None:
    standings = [row.standing for row in finding_rows(rulings.rejected())]
    assert standings == [Standing.DECIDES, Standing.DECIDES, Standing.WARNS]


def test_every_finding_is_told_once() -> None:
    for ruling in rulings.every_ruling().values():
        assert len(finding_rows(ruling)) == sum(len(gate.findings) for gate in ruling.gates)


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_gates_does_not_matter(chance: object) -> None:
    ruling = rulings.rejected()
    gates = list(ruling.gates)
    chance.shuffle(gates)  # type: ignore[attr-defined]
    assert finding_rows(replace(ruling, gates=tuple(gates))) == finding_rows(ruling)
    assert gates_by_outcome(replace(ruling, gates=tuple(gates))) == gates_by_outcome(ruling)


@pytest.mark.parametrize("status", list(GateStatus))
@pytest.mark.parametrize("mode", list(GateMode))
@pytest.mark.parametrize("applicable", [True, False])
@pytest.mark.parametrize("waived", [True, False])
def test_only_a_passed_gate_is_told_as_passed(
    status: GateStatus, mode: GateMode, applicable: bool, waived: bool
) -> None:
    gate = GateResult("scope_boundary", status, mode, (rulings.SCOPE,), applicable=applicable)
    cover = MappingProxyType({rulings.SCOPE.fingerprint: "WV-0007"} if waived else {})
    outcome = gate_outcome(replace(rulings.approved(), gates=(gate,), waived=cover), gate)
    assert (outcome is Outcome.PASS) == (status is GateStatus.PASS and applicable and mode is not GateMode.SKIP)
    if status in {GateStatus.NOT_RUN, GateStatus.ERROR} and applicable and mode is GateMode.BLOCK:
        assert outcome in {Outcome.NOT_RUN, Outcome.ERROR}


def test_a_gate_is_waived_only_when_all_of_its_violations_are() -> None:
    ruling = rulings.waived()
    both = rulings.a_gate("scope_boundary", GateStatus.FAIL, rulings.SCOPE, rulings.BUDGET)
    assert gate_outcome(ruling, both) is Outcome.FAIL
    assert gate_outcome(ruling, rulings.a_gate("scope_boundary", GateStatus.FAIL, rulings.SCOPE)) is Outcome.WAIVED


def test_a_failed_gate_without_findings_is_waived_only_by_a_waiver_that_names_it() -> None:
    ruling = replace(rulings.waived(), outcomes=())
    assert gate_outcome(ruling, rulings.a_gate("scope_boundary", GateStatus.FAIL)) is Outcome.WAIVED
    assert gate_outcome(ruling, rulings.a_gate("budget_limit", GateStatus.FAIL)) is Outcome.FAIL


def test_what_no_rule_in_force_holds_against_the_change_only_warns() -> None:
    """The policy gave leave to disable the rule about the scope; the one about the budget still binds."""
    ruling = rulings.rejected()
    kept = tuple(outcome for outcome in ruling.outcomes if outcome.gate != "scope_boundary")
    weakened = replace(ruling, outcomes=kept)
    standings = {row.finding.rule: row.standing for row in finding_rows(weakened)}
    assert standings["scope.outside"] is Standing.WARNS
    assert standings["budget.loc"] is Standing.DECIDES
    outcomes = {gate.name: outcome for gate, outcome in gates_by_outcome(weakened)}
    assert outcomes["scope_boundary"] is Outcome.WARN
    assert outcomes["budget_limit"] is Outcome.FAIL


def test_without_the_answers_of_rules_every_finding_of_a_blocking_gate_decides() -> None:
    standings = [row.standing for row in finding_rows(replace(rulings.rejected(), outcomes=()))]
    assert standings == [Standing.DECIDES, Standing.DECIDES, Standing.WARNS]
