from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.model import CitedFinding, RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.facts import GateStatus, Severity
from agent_agency.report.rule_rows import STANDS, RuleStanding, counted_standings, rows_beside_gates, rule_rows
from support import rulings
from support.case_facts import outcomes_of


def _standings(ruling: Ruling) -> dict[str, RuleStanding]:
    return {row.outcome.rule: row.standing for row in rule_rows(ruling)}


def _outcome(ruling: Ruling, rule: str) -> RuleOutcome:
    return next(outcome for outcome in ruling.outcomes if outcome.rule == rule)


def test_what_stands_in_the_way_comes_first_and_heavier_rules_before_lighter_ones() -> None:
    order = [row.standing for row in rule_rows(rulings.argued())]
    assert order == sorted(order, key=list(RuleStanding).index)
    assert order[:2] == [RuleStanding.VIOLATED, RuleStanding.UNKNOWN]


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_every_answer_is_told_once(name: str) -> None:
    ruling = rulings.every_ruling()[name]
    rows = rule_rows(ruling)
    assert sorted(id(row.outcome) for row in rows) == sorted(map(id, ruling.outcomes))
    assert sum(counted_standings(rows).values()) == len(rows)


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(chance: object) -> None:
    ruling = rulings.argued()
    outcomes = list(ruling.outcomes)
    chance.shuffle(outcomes)  # type: ignore[attr-defined]
    assert rule_rows(replace(ruling, outcomes=tuple(outcomes))) == rule_rows(ruling)


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("status", list(RuleStatus))
def test_a_rule_stands_in_the_way_exactly_if_it_is_above_advice_and_broken_or_unknown(
    severity: Severity, status: RuleStatus
) -> None:
    outcome = replace(_outcome(rulings.argued(), "migrations.rollback"), severity=severity, status=status)
    [row] = rule_rows(replace(rulings.approved(), outcomes=(outcome,)))
    open_status = status in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN}
    assert (row.standing in STANDS) is (open_status and severity is not Severity.ADVICE)


def test_a_rule_whose_findings_are_all_waived_is_told_as_waived() -> None:
    assert _standings(rulings.waived())["scope.boundary"] is RuleStanding.WAIVED
    uncovered = replace(rulings.waived(), waived=MappingProxyType({}))
    assert _standings(uncovered)["scope.boundary"] is RuleStanding.VIOLATED


def test_a_rule_with_one_uncovered_finding_stays_violated() -> None:
    ruling = rulings.waived()
    scope = _outcome(ruling, "scope.boundary")
    other = CitedFinding("f" * 32, "scope.outside", None, waivable=True)
    ruling = replace(ruling, outcomes=(replace(scope, findings=(*scope.findings, other)),))
    assert _standings(ruling) == {"scope.boundary": RuleStanding.VIOLATED}


def test_what_the_decision_gives_as_a_reason_is_never_told_as_waived() -> None:
    """A waiver of stated paths names the gate, and covers nothing of a failure that has no path."""
    gates = (rulings.a_gate("scope_boundary", GateStatus.FAIL, reason="it failed"),)
    ruling = replace(rulings.waived(), gates=gates, outcomes=outcomes_of(gates))
    assert _standings(ruling)["scope.boundary"] is RuleStanding.WAIVED
    decision = replace(ruling.decision, verdict=Verdict.REJECTED, reasons=("scope_boundary: it failed",))
    assert _standings(replace(ruling, decision=decision))["scope.boundary"] is RuleStanding.VIOLATED


def test_what_may_not_be_waived_is_never_told_as_waived() -> None:
    ruling = rulings.argued()
    kept = replace(_outcome(ruling, "provenance.author_address"), waivable=False)
    assert _standings(replace(ruling, outcomes=(kept,)))["provenance.author_address"] is RuleStanding.VIOLATED


def test_beside_gates_stand_the_rules_that_no_gate_tells() -> None:
    assert [row.outcome.rule for row in rows_beside_gates(rulings.rejected())] == []
    assert [row.outcome.rule for row in rows_beside_gates(rulings.conditional())] == ["law.in_force"]
    told = [row.outcome.rule for row in rows_beside_gates(rulings.argued())]
    assert told == ["migrations.rollback", "claims.verdict", "provenance.author_address", "migrations.declared"]


def test_a_rule_about_a_gate_that_passed_is_told_beside_it() -> None:
    flaky = rulings.a_gate("tests", reason="40 of 40 tests passed", facts={"flaky": True})
    outcome = replace(
        _outcome(rulings.argued(), "migrations.rollback"), gate="tests", facts={"gates[tests].flaky": True}
    )
    ruling = replace(rulings.approved(), gates=(flaky,), outcomes=(outcome,))
    assert [row.outcome for row in rows_beside_gates(ruling)] == [outcome]


def test_a_row_as_a_finding_keeps_id_weight_remedy_and_missing_fact() -> None:
    row = next(row for row in rule_rows(rulings.argued()) if row.standing is RuleStanding.UNKNOWN)
    finding = row.as_finding()
    assert finding.rule == "claims.verdict"
    assert finding.message.endswith("(missing: claims[RUL-7].holds)")
    assert finding.remedy == row.outcome.remedy
    assert finding.place.path is None
