"""The default rules: every example holds, every gate that binds is governed, an ordinary good change is approved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.cel import Checked, Checker
from agent_agency.arbitration.constitution.default_rules import default_files, default_rules
from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.model import Category, Rule, RuleExample, RuleOutcome, RuleStatus
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.gate_facts import finding_facts, gate_facts
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity
from agent_agency.gate_settings import GateKind
from agent_agency.gates.mode import CAWS_GATES, OWN_GATES
from support.case_facts import DAY, ORDINARY, a_file, default_law

OF_GATES = "it.passed && it.violations == 0"
BUILT_IN = (*CAWS_GATES, *OWN_GATES, "required_kinds", "law", "proposed_law")
WITHOUT_NOT_APPLICABLE = {
    "law.in_force",
    "law.weakening",
    "provenance.something_measured",
    "quality.something_changed",
}
"""Rules about every case: there is none that they are not about."""


@cache
def _rules() -> Mapping[str, Rule]:
    return {rule.id: rule for rule in default_rules()}


def _examples() -> list[tuple[str, RuleExample]]:
    return [(rule.id, example) for rule in default_rules() for example in rule.examples]


def _gate(name: str, kind: str | None = None, status: GateStatus = GateStatus.PASS) -> dict[str, Any]:
    facts = {"evidence": [{"digest": "sha256:aa"}]}
    return gate_facts(GateResult(name, status, GateMode.BLOCK, reason="because", facts=facts), kind)


def _good(**members: Any) -> dict[str, Any]:
    gates = [*(_gate(name) for name in BUILT_IN if name != "proposed_law"), _gate("tests", "tests")]
    return {**ORDINARY, "gates": gates, **members}


def _standing(outcomes: tuple[RuleOutcome, ...]) -> dict[str, RuleStatus]:
    """The rules that keep a case from being approved."""
    return {
        outcome.rule: outcome.status
        for outcome in outcomes
        if outcome.status in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN} and outcome.severity is not Severity.ADVICE
    }


@pytest.mark.parametrize(("rule", "example"), _examples(), ids=lambda value: getattr(value, "name", value))
def test_an_example_is_ruled_as_it_says(rule: str, example: RuleExample) -> None:
    outcomes = Evaluation(make_constitution([_rules()[rule]])).outcomes(example.facts, DAY)
    assert [outcome.status for outcome in outcomes] == [example.expect]


@pytest.mark.parametrize("rule", default_rules(), ids=lambda rule: rule.id)
def test_a_rule_has_an_example_of_every_answer(rule: Rule) -> None:
    due = set(RuleStatus) - ({RuleStatus.NOT_APPLICABLE} if rule.id in WITHOUT_NOT_APPLICABLE else set())
    assert {example.expect for example in rule.examples} == due
    names = [example.name for example in rule.examples]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("rule", default_rules(), ids=lambda rule: rule.id)
def test_a_condition_is_typed(rule: Rule) -> None:
    checker = Checker()
    for condition in (rule.applies, rule.condition):
        checked = checker.check(condition, rule.each)
        assert isinstance(checked, Checked), checked
        assert checked.type.lower() == "bool"


def test_there_are_thirty_rules_of_every_category_under_the_names_of_their_files() -> None:
    rules = default_rules()
    assert len(rules) >= 30
    assert {rule.category for rule in rules} == set(Category)
    subjects = {name.removesuffix(".toml") for name in default_files()}
    assert {rule.id.partition(".")[0] for rule in rules} == subjects
    assert len({rule.id for rule in rules}) == len(rules)


@pytest.mark.parametrize("rule", default_rules(), ids=lambda rule: rule.id)
def test_what_a_rule_says_is_fit_for_people(rule: Rule) -> None:
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert len(rule.title) <= 90
    assert rule.message[-1] not in ".!"
    assert rule.remedy[-1] == "."
    assert rule.source
    assert len(re.sub(r"\{[^}]*\}", "", rule.message)) <= 120


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_gate_has_a_rule_of_its_own(name: str) -> None:
    told = {GateStatus.PASS: "satisfied", GateStatus.FAIL: "violated", GateStatus.NOT_RUN: "unknown"}
    for status, expected in told.items():
        outcomes = _of_gate_rules(default_law().outcomes({**ORDINARY, "gates": [_gate(name, None, status)]}, DAY))
        assert [(outcome.gate, str(outcome.status)) for outcome in outcomes] == [(name, expected)]
        assert outcomes[0].rule != "gates.other"


@pytest.mark.parametrize("kind", list(GateKind))
def test_a_kind_of_configured_gate_has_a_rule_of_its_own(kind: GateKind) -> None:
    for name in ("mine", "todo_detection"):  # agency.toml may define a gate that the policy names
        outcomes = _of_gate_rules(
            default_law().outcomes({**ORDINARY, "gates": [_gate(name, kind, GateStatus.FAIL)]}, DAY)
        )
        assert [outcome.rule for outcome in outcomes] == [f"gates.{kind}"]


def test_a_gate_of_the_policy_that_nothing_evaluates_keeps_from_approval() -> None:
    manual = gate_facts(GateResult("manual_review", GateStatus.NOT_RUN, GateMode.BLOCK, mendable=False), None)
    outcomes = default_law().outcomes(_good(gates=[manual]), DAY)
    [unknown] = [outcome for outcome in outcomes if outcome.rule == "gates.other"]
    assert unknown.status is RuleStatus.UNKNOWN
    assert unknown.by == "person"


def test_an_ordinary_good_change_is_approved() -> None:
    outcomes = default_law().outcomes(_good(), DAY)
    assert not _standing(outcomes)
    assert not [outcome.rule for outcome in outcomes if outcome.status is RuleStatus.VIOLATED]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"law": {**ORDINARY["law"], "weakened_without_leave": ["secrets.credentials"]}}, "law.weakening"),
        ({"provenance": {**ORDINARY["provenance"], "without_author": 1}}, "provenance.author_address"),
        ({"claims": [{"kind": "verdict", "text": "R-1", "holds": False}]}, "claims.verdict"),
        ({"claims": [{"kind": "spec", "text": "FEAT-2", "holds": False}]}, "claims.spec"),
        ({"change": {**ORDINARY["change"], "migrations": 1}}, "migrations.rollback"),
    ],
)
def test_what_the_law_forbids_beyond_the_gates_is_violated(members: dict[str, Any], expected: str) -> None:
    assert _standing(default_law().outcomes(_good(**members), DAY)) == {expected: RuleStatus.VIOLATED}


@pytest.mark.parametrize(
    ("waiver", "expected"),
    [
        ({"approvals": 0}, {"waivers.quorum"}),
        ({"signed": False}, {"waivers.signed"}),
        ({"bounded": False}, {"waivers.bounded"}),
        ({"gates": ["tests", "lint"]}, {"waivers.one_thing"}),
        ({"days": 2911000}, {"waivers.duration"}),
        ({}, set()),
        ({"needed": False, "approvals": 0, "signed": False, "bounded": False, "days": 2911000}, set()),
    ],
)
def test_a_needed_waiver_is_itself_under_law_that_nothing_waives(waiver: dict[str, Any], expected: set[str]) -> None:
    sound = {"id": "WV-1", "gates": ["tests"], "rules": [], "needed": True, "days": 14, "approvals": 1, "quorum": 1}
    facts = _good(
        law={**ORDINARY["law"], "signed_approvals": True, "principals": 3},
        waivers=[{**sound, "signed": True, "bounded": True, **waiver}],
        authors=[{"address": "ada@example.org", "listed": True, "approved_own": False}],
    )
    outcomes = default_law().outcomes(facts, DAY)
    assert set(_standing(outcomes)) == expected
    assert not any(outcome.waivable for outcome in outcomes if outcome.rule in expected)


def test_nobody_approves_an_exception_for_a_change_of_their_own() -> None:
    own = [{"address": "eve@example.org", "listed": True, "approved_own": True}]
    waiver = [{"id": "WV-1", "needed": True, "days": 1, "approvals": 0, "quorum": 1, "signed": True, "bounded": True}]
    outcomes = default_law().outcomes(_good(waivers=waiver, authors=own), DAY)
    assert set(_standing(outcomes)) == {"duties.no_own_approval", "waivers.quorum"}
    [broken] = [outcome for outcome in outcomes if outcome.rule == "duties.no_own_approval"]
    assert broken.subject == "eve@example.org"
    assert not broken.waivable


@pytest.mark.parametrize(("tier", "binds"), [(1, True), (2, False), (3, False)])
def test_a_flaky_result_approves_nothing_at_tier_1_only(tier: int, binds: bool) -> None:
    tests = {**_gate("tests", "tests"), "flaky": True}
    outcomes = default_law().outcomes(_good(spec={**ORDINARY["spec"], "tier": tier}, gates=[tests]), DAY)
    assert ("testing.tier_1_steady" in _standing(outcomes)) is binds
    steady = {o.rule: o.status for o in outcomes if o.rule in {"testing.steady", "testing.tier_1_steady"}}
    assert sorted(steady.values()) == [RuleStatus.NOT_APPLICABLE, RuleStatus.VIOLATED]


def test_at_tier_1_tests_that_only_warn_are_no_tests() -> None:
    warned = gate_facts(GateResult("tests", GateStatus.PASS, GateMode.WARN), "tests")
    facts = _good(spec={**ORDINARY["spec"], "tier": 1}, gates=[warned])
    assert _standing(default_law().outcomes(facts, DAY)) == {"testing.tier_1_binds": RuleStatus.VIOLATED}


def test_without_law_or_measurement_nothing_is_approved() -> None:
    law = {name: value for name, value in ORDINARY["law"].items() if name != "digest"}
    evidence = {"measured": 0, "reused": 0, "flaky": 0}
    standing = _standing(default_law().outcomes(_good(law=law, evidence=evidence), DAY))
    assert standing == dict.fromkeys(("law.in_force", "provenance.something_measured"), RuleStatus.UNKNOWN)


def test_a_case_without_facts_satisfies_nothing() -> None:
    assert not [outcome.rule for outcome in default_law().outcomes({}, DAY) if outcome.status is RuleStatus.SATISFIED]


_findings = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["a.b", "c.d"]),
        severity=st.sampled_from(Severity),
        message=st.just("something"),
        remedy=st.just("mend it"),
        waivable=st.booleans(),
        subject=st.text("xyz", max_size=2),
    ),
    max_size=3,
).map(tuple)


@st.composite
def _gates(draw: st.DrawFn) -> list[tuple[GateResult, str | None]]:
    named: list[tuple[str, str | None]] = [(name, None) for name in (*BUILT_IN, "manual_review")]
    named += [(f"my-{kind}", kind) for kind in GateKind]
    chosen = draw(st.lists(st.sampled_from(named), unique=True, max_size=8))
    return [(draw(_result(name)), kind) for name, kind in chosen]


def _result(name: str) -> st.SearchStrategy[GateResult]:
    return st.builds(
        GateResult,
        name=st.just(name),
        status=st.sampled_from(GateStatus),
        mode=st.sampled_from(GateMode),
        findings=_findings,
        applicable=st.booleans(),
        mendable=st.booleans(),
    )


def _expected(gate: GateResult) -> RuleStatus:
    """The law of verdicts on gates, written anew: what a result of a gate that binds says."""
    if gate.status not in {GateStatus.PASS, GateStatus.FAIL}:
        return RuleStatus.UNKNOWN
    clean = gate.status is GateStatus.PASS and all(one.severity is Severity.ADVICE for one in gate.findings)
    return RuleStatus.SATISFIED if clean else RuleStatus.VIOLATED


def _of_gate_rules(outcomes: tuple[RuleOutcome, ...]) -> list[RuleOutcome]:
    rules = {rule.id for rule in default_rules() if rule.condition == OF_GATES}
    return [one for one in outcomes if one.rule in rules and one.status is not RuleStatus.NOT_APPLICABLE]


@settings(max_examples=150, deadline=None)
@given(_gates())
def test_each_binding_gate_is_governed_by_exactly_one_rule_that_says_what_its_result_says(
    gates: list[tuple[GateResult, str | None]],
) -> None:
    facts = {
        **ORDINARY,
        "gates": [gate_facts(gate, kind) for gate, kind in gates],
        "findings": finding_facts(gate for gate, _ in gates),
    }
    told = sorted(_of_gate_rules(default_law().outcomes(facts, DAY)), key=lambda outcome: outcome.gate)
    binding = sorted((g for g, _ in gates if g.applicable and g.mode is GateMode.BLOCK), key=lambda gate: gate.name)
    assert [(one.gate, one.status) for one in told] == [(gate.name, _expected(gate)) for gate in binding]
    for outcome, gate in zip(told, binding, strict=True):
        firm = any(not one.waivable for one in gate.findings if one.severity is not Severity.ADVICE)
        never = gate.name in {"law", "proposed_law"}
        if outcome.status is RuleStatus.VIOLATED:
            assert outcome.waivable is not (firm or never)
        if outcome.status is RuleStatus.UNKNOWN:
            assert outcome.by == ("author" if gate.mendable else "person")


def _without_one_fact(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for record, value in facts.items():
        if isinstance(value, Mapping):
            yield from ({**facts, record: _less(value, name)} for name in value)
        else:
            for number, element in enumerate(value):
                yield from (
                    {**facts, record: [*value[:number], _less(element, name), *value[number + 1 :]]} for name in element
                )


def _less(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


@pytest.mark.parametrize("rule", default_rules(), ids=lambda rule: rule.id)
def test_no_fact_that_goes_missing_helps(rule: Rule) -> None:
    """An unknown or violated rule is not satisfied by taking a fact away, nor is it then about something else."""
    law = Evaluation(make_constitution([rule]))
    for example in rule.examples:
        if example.expect in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN}:
            for facts in _without_one_fact(example.facts):
                [outcome] = law.outcomes(facts, DAY)
                assert outcome.status in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN}, facts


def test_a_change_of_very_many_files_is_decided_and_soon() -> None:
    """Nothing above advice goes through the files of a change, whose number somebody else chooses."""
    listed = [rule.id for rule in default_rules() if rule.severity is not Severity.ADVICE and _reads_files(rule)]
    assert listed == []
    facts = _good(files=[a_file(f"src/f{number}.py") for number in range(12_000)])
    assert not _standing(default_law().outcomes(facts, DAY))


def _reads_files(rule: Rule) -> bool:
    return rule.each in {"files", "findings"} or bool(
        re.search(r"\b(files|findings)\b\.", rule.applies + rule.condition)
    )
