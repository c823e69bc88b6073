"""What a rule says of a case: its four answers, for whom, and on what they rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent_agency.arbitration.constitution.evaluate import Evaluation, evaluate
from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.constitution.serialise import make_constitution
from support.rules import DAY, make_rule, outcome_of, outcomes_of

SATISFIED, VIOLATED = RuleStatus.SATISFIED, RuleStatus.VIOLATED
UNKNOWN, NOT_APPLICABLE = RuleStatus.UNKNOWN, RuleStatus.NOT_APPLICABLE


def _gate(name: str, **members: Any) -> dict[str, Any]:
    ordinary = {"kind": "builtin", "status": "pass", "binding": True, "firm": 0, "mendable": True, "evidence": []}
    return {"name": name, **ordinary, **members}


@pytest.mark.parametrize(
    ("facts", "status", "missing"),
    [
        ({"spec": {"present": True, "tier": 1}}, SATISFIED, None),
        ({"spec": {"present": True, "tier": 2}}, VIOLATED, None),
        ({"spec": {"present": True}}, UNKNOWN, "spec.tier"),
        ({"spec": {"present": False}}, NOT_APPLICABLE, None),
        ({"spec": {"tier": 1}}, UNKNOWN, "spec.present"),
        ({}, UNKNOWN, "spec.present"),
    ],
)
def test_a_rule_about_the_case_has_four_answers(facts: dict[str, Any], status: RuleStatus, missing: str | None) -> None:
    outcome = outcome_of(make_rule("spec.tier == 1", applies="spec.present"), facts)
    assert (outcome.status, outcome.missing) == (status, missing)


def test_a_rule_asked_for_each_element_answers_for_those_that_it_is_about() -> None:
    rule = make_rule("it.violations == 0", each="gates", applies="it.binding")
    gates = [
        _gate("tests", violations=0),
        _gate("lint", violations=2),
        _gate("types"),
        _gate("optional", binding=False, violations=9),
    ]
    said = {outcome.subject: outcome for outcome in outcomes_of(rule, {"gates": gates, "findings": []})}
    assert {name: outcome.status for name, outcome in said.items()} == {
        "lint": VIOLATED,
        "tests": SATISFIED,
        "types": UNKNOWN,
    }
    assert list(said) == sorted(said)
    assert said["types"].missing == "gates[types].violations"
    assert said["lint"].gate == "lint"


@pytest.mark.parametrize("gates", [[], [_gate("a", binding=False)]])
def test_without_an_element_that_it_is_about_a_rule_is_not_applicable_once(gates: list[dict[str, Any]]) -> None:
    rule = make_rule("it.violations == 0", each="gates", applies="it.binding")
    assert outcome_of(rule, {"gates": gates}).status is NOT_APPLICABLE


def test_a_list_that_is_missing_is_unknown() -> None:
    outcome = outcome_of(make_rule("it.binding", each="gates"), {})
    assert (outcome.status, outcome.missing) == (UNKNOWN, "gates")


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 1, 9), NOT_APPLICABLE),
        (date(2026, 1, 10), VIOLATED),
        (date(2026, 2, 9), VIOLATED),
        (date(2026, 2, 10), NOT_APPLICABLE),
    ],
)
def test_a_rule_binds_from_its_first_day_until_it_expires(day: date, status: RuleStatus) -> None:
    rule = make_rule("spec.tier == 1", effective=date(2026, 1, 10), expires=date(2026, 2, 10))
    assert outcome_of(rule, {"spec": {"tier": 2}}, day).status is status


@pytest.mark.parametrize(
    ("gates", "status"),
    [
        ([_gate("unit", kind="tests")], SATISFIED),
        ([_gate("unit", kind="tests", status="fail")], SATISFIED),
        ([_gate("unit", kind="tests", status="not_run")], UNKNOWN),
        ([_gate("unit", kind="tests", status="error")], UNKNOWN),
        ([_gate("tests", kind="lint")], UNKNOWN),
        ([], UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_required_evidence_must_have_been_measured(gates: list[dict[str, Any]] | None, status: RuleStatus) -> None:
    facts: dict[str, Any] = {"spec": {"tier": 1}, **({} if gates is None else {"gates": gates})}
    outcome = outcome_of(make_rule("spec.tier == 1", evidence=("tests",)), facts)
    assert outcome.status is status
    assert outcome.missing == ("evidence of kind tests" if status is UNKNOWN else None)


def test_a_violation_that_the_facts_show_needs_no_further_evidence() -> None:
    """The earlier engine called every rule violated whose evidence was missing, and never asked its condition."""
    rule = make_rule("spec.tier == 1", evidence=("tests",))
    assert outcome_of(rule, {"spec": {"tier": 2}}).status is VIOLATED
    assert outcome_of(rule, {"spec": {"tier": 1}}).status is UNKNOWN


def test_a_built_in_gate_is_evidence_by_its_name() -> None:
    rule = make_rule("spec.tier == 1", evidence=("secrets",))
    facts = {"spec": {"tier": 1}, "gates": [_gate("secrets", evidence=["sha256:bb", "sha256:aa"])]}
    outcome = outcome_of(rule, facts)
    assert outcome.status is SATISFIED
    assert outcome.evidence == ("sha256:aa", "sha256:bb")


def _finding(gate: str, fingerprint: str, **members: Any) -> dict[str, Any]:
    ordinary = {"rule": "x.y", "severity": "major", "path": "a.py", "waivable": True, "binding": True}
    return {"gate": gate, "fingerprint": fingerprint, **ordinary, **members}


def test_a_violated_gate_rests_on_its_findings_that_bind() -> None:
    findings = [
        _finding("tests", "f2"),
        _finding("tests", "f1", path=""),
        _finding("tests", "f3", binding=False),
        _finding("lint", "f4"),
    ]
    facts = {"gates": [_gate("tests", violations=2)], "findings": findings}
    outcome = outcome_of(make_rule("it.violations == 0", each="gates"), facts)
    assert [(cited.fingerprint, cited.path) for cited in outcome.findings] == [("f1", None), ("f2", "a.py")]
    assert outcome.waivable


@pytest.mark.parametrize(
    ("rule_waivable", "finding", "firm", "waivable"),
    [
        (True, {}, 0, True),
        (False, {}, 0, False),
        (True, {"waivable": False}, 0, False),
        (True, {}, 1, False),
        (True, {}, None, False),
        (True, None, 0, False),
    ],
)
def test_an_outcome_is_waivable_only_where_the_rule_and_all_that_it_rests_on_are(
    rule_waivable: bool, finding: dict[str, Any] | None, firm: int | None, waivable: bool
) -> None:
    gate = _gate("tests", violations=1, **({"firm": firm} if firm is not None else {}))
    if firm is None:
        del gate["firm"]
    facts: dict[str, Any] = {"gates": [gate]}
    if finding is not None:
        facts["findings"] = [_finding("tests", "f1", **finding)]
    rule = make_rule("it.violations == 0", each="gates", waivable=rule_waivable)
    assert outcome_of(rule, facts).waivable is waivable


def test_a_finding_whose_waivability_is_missing_cannot_be_waived() -> None:
    finding = _finding("tests", "f1")
    del finding["waivable"]
    facts = {"gates": [_gate("tests", violations=1)], "findings": [finding]}
    assert not outcome_of(make_rule("it.violations == 0", each="gates"), facts).waivable


@pytest.mark.parametrize(
    ("condition", "each", "facts", "by"),
    [
        ("spec.tier == 1", "", {}, "author"),
        ("change.files == 1", "", {}, "author"),
        ("law.readable", "", {}, "person"),
        ("budget.known", "", {}, "person"),
        ("it.passed", "gates", {"gates": [_gate("a", mendable=True)]}, "author"),
        ("it.passed", "gates", {"gates": [_gate("a", mendable=False)]}, "person"),
        ("it.passed", "gates", {"gates": [{"name": "a"}]}, "person"),
        ("it.holds", "claims", {"claims": [{"text": "done"}]}, "person"),
    ],
)
def test_who_can_supply_what_is_unknown_is_told(condition: str, each: str, facts: dict[str, Any], by: str) -> None:
    outcome = outcome_of(make_rule(condition, each=each), facts)
    assert (outcome.status, outcome.by) == (UNKNOWN, by)


def test_the_facts_that_a_rule_looked_at_are_told_by_their_paths() -> None:
    rule = make_rule("it.violations <= spec.tier && gates.exists(g, g.binding)", each="gates")
    facts = {"spec": {"tier": 1, "mode": "fix"}, "gates": [_gate("tests", violations=0)]}
    assert dict(outcome_of(rule, facts).facts) == {
        "gates": 1,
        "gates[tests].binding": True,
        "gates[tests].violations": 0,
        "spec.tier": 1,
    }


def test_of_a_long_list_only_the_number_is_told() -> None:
    files = [{"path": f"{number}.py", "added": 1} for number in range(200)]
    facts = outcome_of(make_rule("files.all(f, f.added < 100)"), {"files": files}).facts
    assert dict(facts) == {"files": 200}


def test_an_empty_list_of_texts_is_told_as_a_list_and_an_empty_list_of_elements_by_its_number() -> None:
    rule = make_rule("size(spec.contracts) == 0 && gates.all(g, g.passed)")
    facts = outcome_of(rule, {"spec": {"contracts": []}, "gates": []}).facts
    assert dict(facts) == {"gates": 0, "spec.contracts": []}


def test_elements_of_one_name_are_told_apart() -> None:
    gates = [_gate("tests", violations=1), _gate("tests", violations=0)]
    outcome = outcome_of(make_rule("gates.all(g, g.violations == 0)"), {"gates": gates})
    assert {path: value for path, value in outcome.facts.items() if path != "gates"} == {
        "gates[tests].violations": 0,
        "gates[tests]#2.violations": 1,
    }


def test_messages_hold_facts_and_no_forged_lines() -> None:
    rule = make_rule("it.added == 0", each="files", message="{it.path} adds {it.added} of {spec.tier}")
    outcome = outcome_of(rule, {"files": [{"path": "a\x1b[2J\nok.py", "added": 3}]})
    assert outcome.message == '"a\\033[2J\\nok.py" adds 3 of (not known)'
    assert "\x1b" not in outcome.subject + "".join(outcome.facts)


@pytest.mark.parametrize("count", [0, 1, 2, 24, 60])
def test_a_list_is_answered_alike_however_long_it_is(count: int) -> None:
    """Long lists are evaluated in one go; one element without a value must not spoil the answers for the others."""
    rule = make_rule("it.added < 3", each="files", applies="it.path.startsWith('s')")
    files: list[dict[str, Any]] = [{"path": f"s{number:03}", "added": number % 5} for number in range(count)]
    files.append({"path": "s999"})
    evaluation = Evaluation(make_constitution([rule]))
    for _ in range(3):
        said = evaluation.outcomes({"files": files}, DAY)
        assert [outcome.status for outcome in said] == [
            UNKNOWN if "added" not in file else SATISFIED if file["added"] < 3 else VIOLATED for file in files
        ]


def test_more_elements_than_a_rule_may_be_asked_for_are_unknown_by_the_name_of_the_bound() -> None:
    files = [{"path": str(number), "added": 0} for number in range(10_001)]
    outcome = outcome_of(make_rule("it.added == 0", each="files"), {"files": files})
    assert outcome.status is UNKNOWN
    assert outcome.missing == "files (10,001 elements; a rule is asked for at most 10,000)"


@pytest.mark.parametrize("first", [True, False])
def test_a_budget_that_would_be_hit_is_unknown_whatever_the_order_of_the_elements(first: bool) -> None:
    """The runtime stops at the first hit of 'exists', so an early one would hide how much was left to look at."""
    hits = [{"path": "hit", "added": 1}]
    rest = [{"path": f"z{number}", "added": 0} for number in range(12_000)]
    outcome = outcome_of(make_rule("files.exists(f, f.added == 1)"), {"files": hits + rest if first else rest + hits})
    assert outcome.status is UNKNOWN
    assert outcome.missing is not None
    assert outcome.missing.startswith("the bound of 9,900 iterations")


def test_the_largest_work_that_is_allowed_is_done() -> None:
    files = [{"path": str(number), "added": 0} for number in range(9_900)]
    assert outcome_of(make_rule("files.all(f, f.added == 0)"), {"files": files}).status is SATISFIED
    some = files[:98]
    nested = make_rule("files.all(f, files.all(g, g.added == f.added))")
    assert outcome_of(nested, {"files": some}).status is SATISFIED
    assert outcome_of(nested, {"files": files[:200]}).status is UNKNOWN


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("spec.tier / (spec.tier - 1) > 0", "division by zero"),
        ("change.lines * change.lines * change.lines * change.lines > 0", "integer overflow"),
        ("spec.tier % 0 == 1", "division by zero"),
    ],
)
def test_what_cannot_be_worked_out_is_unknown_and_says_why(condition: str, why: str) -> None:
    outcome = outcome_of(make_rule(condition), {"spec": {"tier": 1}, "change": {"lines": 2**52}})
    assert (outcome.status, outcome.missing) == (UNKNOWN, why)


def test_outcomes_come_in_the_order_of_ids_and_subjects() -> None:
    rules = [make_rule("it.binding", id=f"our.{name}", each="gates") for name in "cab"]
    said = evaluate(make_constitution(rules), {"gates": [_gate("z"), _gate("a")]}, DAY)
    assert [(outcome.rule, outcome.subject) for outcome in said] == [
        (f"our.{name}", subject) for name in "abc" for subject in "az"
    ]


def test_facts_that_no_schema_names_cannot_be_smuggled_in() -> None:
    facts = {"spec": {"tier": 2, "forged": 1}, "it": {"tier": 1}, "unheard": {"of": 1}}
    outcome = outcome_of(make_rule("spec.tier == 1"), facts)
    assert outcome.status is VIOLATED
    assert dict(outcome.facts) == {"spec.tier": 2}


def test_a_rule_that_cannot_be_compiled_is_unknown_and_keeps_no_other_from_being_asked() -> None:
    law = make_constitution([make_rule("1 +", id="our.broken"), make_rule("spec.present", id="our.whole")])
    said = {one.rule: one.status for one in evaluate(law, {"spec": {"present": True}}, DAY)}
    assert said == {"our.broken": UNKNOWN, "our.whole": SATISFIED}


def test_two_rules_of_one_id_are_both_asked() -> None:
    law = make_constitution([make_rule("spec.present"), make_rule("!spec.present")])
    assert {one.status for one in evaluate(law, {"spec": {"present": True}}, DAY)} == {SATISFIED, VIOLATED}


def test_a_rule_about_what_is_no_list_is_unknown() -> None:
    assert outcome_of(make_rule("it.name == 'a'", each="secrets"), {"secrets": []}).status is UNKNOWN
