"""What each admitted claim changes of a case, and that the law decides the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from agent_agency.arbitration.appeals.corrections import (
    ClaimError,
    OnRecord,
    RecordedCase,
    Standpoint,
    check_claims,
    corrected,
)
from agent_agency.arbitration.appeals.model import Claim, Form
from agent_agency.arbitration.appeals.stated_facts import STATABLE, check_value, parse_path
from agent_agency.arbitration.case_file import Case, from_json, to_json
from agent_agency.arbitration.constitution.model import Category, Rule
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.ruling import Verdict
from agent_agency.arbitration.verdict import LawState, WaiverInForce
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from support.hearings import rule_for

OLD, NEW = "sha256:" + "01" * 32, "sha256:" + "99" * 32
RESTS_ON = frozenset({OLD})
DAY = date(2026, 1, 31)
SCOPE = Finding("scope.outside", Severity.MAJOR, "it is outside", "move it", Place("a.py"))
OTHER = Finding("scope.outside", Severity.MAJOR, "it is outside", "move it", Place("b.py"))
FIRM = Finding("secret.token", Severity.CRITICAL, "a token", "revoke it", Place("a.py"), waivable=False)
HERE = Standpoint("tree", "base", "law", "constitution", "spec")


def gate(name: str, *findings: Finding, status: GateStatus | None = None) -> GateResult:
    found = status or (GateStatus.FAIL if findings else GateStatus.PASS)
    return GateResult(name, found, GateMode.BLOCK, findings, reason="measured")


def rollback_rule(effective: date | None = None) -> Rule:
    return Rule(
        id="migrations.rollback",
        version=1,
        title="a migration says how it is rolled back",
        category=Category.DEPLOYMENT,
        severity=Severity.MAJOR,
        waivable=True,
        condition="spec.rollback",
        applies="files.exists(file, file.migration)",
        message="no rollback",
        remedy="say how",
        source="a test",
        effective=effective,
    )


def a_case(
    *gates: GateResult, waivers: tuple[WaiverInForce, ...] = (), rules: tuple[Rule, ...] = (), **more: Any
) -> Case:
    listed = gates or (gate("scope", SCOPE),)
    file = {"path": "db/0001.sql", "migration": False}
    stated = {"spec": {"present": True, "rollback": False}, "files": [file], "review": {"day": "2026-01-31"}}
    laws = (*(rule_for(one.name) for one in listed), *(rules or (rollback_rule(),)))
    members: dict[str, Any] = {"day": DAY, "stated": stated, "kinds": {}, **more}
    return Case(listed, waivers, LawState(in_force=True), make_constitution(laws), **members)


def recorded(case: Case, ruling: str = "R-1", seq: int = 2, where: Standpoint = HERE) -> RecordedCase:
    return RecordedCase(ruling, seq, where, case)


def on_record(case: Case, *later: RecordedCase, day: date = DAY, waivers: tuple[WaiverInForce, ...] = ()) -> OnRecord:
    return OnRecord(recorded(case), day, {one.ruling: one for one in later}, {one.id: one for one in waivers})


def verdict(heard: OnRecord, *claims: Claim) -> Verdict:
    check_claims(claims, heard, RESTS_ON)
    found = corrected(heard, dict(enumerate(claims)))
    assert not found.moot
    assert from_json(to_json(found.case), lambda _: found.case.constitution).decide() == found.case.decide()
    return found.case.decide().verdict


def false(finding: Finding, *evidence: str) -> Claim:
    return Claim(Form.FALSE_POSITIVE, finding.fingerprint, evidence=evidence or (NEW,))


def test_a_gate_whose_every_finding_is_false_has_passed() -> None:
    assert verdict(on_record(a_case()), false(SCOPE)) is Verdict.APPROVED


def test_a_gate_with_one_finding_left_has_failed_still() -> None:
    assert verdict(on_record(a_case(gate("scope", SCOPE, OTHER))), false(SCOPE)) is Verdict.REJECTED


def test_a_gate_that_fails_for_another_reason_than_its_findings_cannot_be_argued_with() -> None:
    heard = on_record(a_case(gate("scope", status=GateStatus.FAIL)))
    with pytest.raises(ClaimError, match="holds no finding"):
        check_claims([false(SCOPE)], heard, RESTS_ON)


def test_a_firm_violation_falls_by_the_fact_alone_and_takes_no_other_with_it() -> None:
    heard = on_record(a_case(gate("scope", SCOPE), gate("secrets", FIRM)))
    assert verdict(heard, false(SCOPE)) is Verdict.REJECTED
    assert verdict(heard, false(SCOPE), false(FIRM)) is Verdict.APPROVED


def test_an_error_of_a_gate_stays_unknown_whatever_is_found_of_its_findings() -> None:
    heard = on_record(a_case(gate("scope", SCOPE, status=GateStatus.ERROR)))
    assert verdict(heard, false(SCOPE)) is Verdict.CONDITIONAL


def test_a_fact_that_is_found_otherwise_can_also_end_an_approval() -> None:
    heard = on_record(a_case(gate("scope")))
    migration = Claim(Form.FACT, "files[db/0001.sql].migration", value=True, evidence=(NEW,))
    assert heard.own.case.decide().verdict is Verdict.APPROVED
    assert verdict(heard, migration) is Verdict.REJECTED
    rollback = Claim(Form.FACT, "spec.rollback", value=True, evidence=(NEW,))
    assert verdict(heard, migration, rollback) is Verdict.APPROVED


def test_the_order_of_claims_does_not_matter() -> None:
    heard = on_record(a_case(gate("scope", SCOPE), gate("secrets", FIRM)))
    claims = [
        false(SCOPE),
        Claim(Form.FACT, "files[db/0001.sql].migration", value=True, evidence=(NEW,)),
        Claim(Form.FACT, "spec.rollback", value=True, evidence=(NEW,)),
        false(FIRM),
    ]
    files = {to_json(corrected(heard, dict(enumerate(order))).case) for order in permutations(claims)}
    assert len(files) == 1


@pytest.mark.parametrize(
    "path",
    [
        "gates[scope].status",
        "gates[scope].violations",
        "findings[x].waivable",
        "waivers[WV-1].approvals",
        "law.in_force",
        "budget.used_lines",
        "change.authors",
        "authors[a].approved_own",
        "review.day",
        "spec",
        "spec.",
        "spec.nothing",
        "files[].migration",
        "",
    ],
)
def test_what_is_measured_or_law_is_no_matter_of_votes(path: str) -> None:
    with pytest.raises(ValueError, match=r"nothing that people find|no path of a fact"):
        parse_path(path)


@pytest.mark.parametrize("name", STATABLE)
@pytest.mark.parametrize("value", [None, 1, 0, "true", [True], 1.0])
def test_a_fact_has_the_type_of_the_schema(name: str, value: Any) -> None:
    group, _, fact = name.partition(".")
    path = parse_path(name if group == "spec" else f"{group}[db/0001.sql].{fact}")
    with pytest.raises(ValueError, match="is of type bool"):
        check_value(path, value)
    check_value(path, value=True)


def test_a_fact_of_a_file_that_the_change_does_not_touch_is_refused() -> None:
    claim = Claim(Form.FACT, "files[other.sql].migration", value=True, evidence=(NEW,))
    with pytest.raises(ClaimError, match="holds no files"):
        check_claims([claim], on_record(a_case()), RESTS_ON)


def test_new_evidence_is_new() -> None:
    with pytest.raises(ClaimError, match="did not rest on"):
        check_claims([false(SCOPE, OLD)], on_record(a_case()), RESTS_ON)


def test_two_claims_about_one_thing_are_refused() -> None:
    with pytest.raises(ClaimError, match="about one thing"):
        check_claims([false(SCOPE), false(SCOPE)], on_record(a_case()), RESTS_ON)


def contradicted(rule: str = "migrations.rollback", *evidence: str) -> Claim:
    return Claim(Form.FACT_CONTRADICTED, "files[db/0001.sql].migration", True, rule, evidence or (OLD,))


def test_a_fact_that_the_rulings_own_evidence_contradicts_is_a_legal_error() -> None:
    assert verdict(on_record(a_case(gate("scope"))), contradicted()) is Verdict.REJECTED


def test_a_legal_error_names_a_rule_that_the_ruling_was_made_by() -> None:
    heard = on_record(a_case(gate("scope")))
    with pytest.raises(ClaimError, match="no outcome of the rule"):
        check_claims([contradicted("rule.of.nobody")], heard, RESTS_ON)
    with pytest.raises(ClaimError, match="does not name the rule"):
        check_claims([contradicted("")], heard, RESTS_ON)


def test_a_contradiction_shows_the_evidence_that_contradicts() -> None:
    with pytest.raises(ClaimError, match="none of the evidence that the ruling rests on"):
        check_claims([contradicted("migrations.rollback", NEW)], on_record(a_case(gate("scope"))), RESTS_ON)


def test_a_rule_that_was_not_in_force_on_the_recorded_day_does_not_bind() -> None:
    case = a_case(gate("scope"), rules=(rollback_rule(effective=DAY),))
    migration = {**case.stated, "files": [{"path": "db/0001.sql", "migration": True}]}
    heard = on_record(replace(case, stated=migration), day=date(2026, 1, 30))
    claim = Claim(Form.RULE_NOT_IN_FORCE, "migrations.rollback", rule="migrations.rollback")
    assert heard.own.case.decide().verdict is Verdict.REJECTED
    assert verdict(heard, claim) is Verdict.APPROVED


def test_the_day_is_the_ledgers_and_no_claim_moves_it() -> None:
    claim = Claim(Form.RULE_NOT_IN_FORCE, "migrations.rollback", rule="migrations.rollback")
    with pytest.raises(ClaimError, match="the day on which it was recorded"):
        check_claims([claim], on_record(a_case(gate("scope"))), RESTS_ON)


WAIVER = WaiverInForce("WV-1", frozenset({"scope"}))


def test_a_waiver_that_should_not_have_counted_no_longer_covers() -> None:
    heard = on_record(a_case(waivers=(WAIVER,)))
    assert heard.own.case.decide().verdict is Verdict.WAIVED
    claim = Claim(Form.WAIVER_WRONGLY_APPLIED, "WV-1", rule="gates.scope")
    assert verdict(heard, claim) is Verdict.REJECTED


def test_a_waiver_that_was_in_force_and_did_not_count_covers_now() -> None:
    claim = Claim(Form.WAIVER_NOT_APPLIED, "WV-1", rule="gates.scope")
    assert verdict(on_record(a_case(), waivers=(WAIVER,)), claim) is Verdict.WAIVED


def test_nobody_invents_a_waiver() -> None:
    claim = Claim(Form.WAIVER_NOT_APPLIED, "WV-2", rule="gates.scope")
    with pytest.raises(ClaimError, match="no waiver WV-2 was in force"):
        check_claims([claim], on_record(a_case(), waivers=(WAIVER,)), RESTS_ON)


def test_a_waiver_never_covers_what_is_firm() -> None:
    heard = on_record(a_case(gate("secrets", FIRM)), waivers=(WaiverInForce("WV-1", frozenset({"secrets"})),))
    claim = Claim(Form.WAIVER_NOT_APPLIED, "WV-1", rule="gates.secrets")
    assert verdict(heard, claim) is Verdict.REJECTED


KINDS: dict[str, Any] = {"kinds": {"tests": "tests"}}
BROKEN = Finding("tests.failed", Severity.MAJOR, "a test fails", "mend it", subject="test_a")


def measured(*gates: str) -> Claim:
    return Claim(Form.MEASUREMENT, "R-2", gates or ("tests",), evidence=())


def test_a_later_measurement_replaces_the_older_one_gate_by_gate() -> None:
    later = recorded(a_case(gate("tests"), gate("scope"), **KINDS), "R-2", 5)
    heard = on_record(a_case(gate("tests", BROKEN), gate("scope"), **KINDS), later)
    assert verdict(heard, measured()) is Verdict.APPROVED
    both = on_record(a_case(gate("tests", BROKEN), gate("scope", SCOPE), **KINDS), later)
    with pytest.raises(ClaimError, match="scope is no gate whose tool measured"):
        check_claims([measured("tests", "scope")], both, RESTS_ON)
    assert verdict(both, measured()) is Verdict.REJECTED


def test_a_later_measurement_does_not_loosen_the_gate() -> None:
    loose = replace(gate("tests", BROKEN), mode=GateMode.WARN)
    later = recorded(a_case(loose, gate("scope"), **KINDS), "R-2", 5)
    heard = on_record(a_case(gate("tests", BROKEN), gate("scope"), **KINDS), later)
    assert verdict(heard, measured()) is Verdict.REJECTED


@pytest.mark.parametrize("other", ["tree", "merge_base", "law_commit", "law", "spec"])
def test_only_the_same_change_under_the_same_law_is_measured_anew(other: str) -> None:
    where = replace(HERE, **{other: "another"})
    later = recorded(a_case(gate("tests"), **KINDS), "R-2", 5, where)
    heard = on_record(a_case(gate("tests", BROKEN), **KINDS), later)
    with pytest.raises(ClaimError, match="not about the same change under the same law"):
        check_claims([measured()], heard, RESTS_ON)


def test_an_earlier_ruling_measures_nothing_anew() -> None:
    heard = on_record(a_case(gate("tests", BROKEN), **KINDS), recorded(a_case(gate("tests"), **KINDS), "R-2", 1))
    with pytest.raises(ClaimError, match="no ruling that was recorded later"):
        check_claims([measured()], heard, RESTS_ON)


def test_under_the_right_law_the_whole_case_is_the_later_one() -> None:
    later = recorded(a_case(gate("scope")), "R-2", 5, replace(HERE, law_commit="right"))
    claim = Claim(Form.WRONG_LAW, "R-2", rule="gates.scope")
    assert verdict(on_record(a_case(), later), claim) is Verdict.APPROVED


@pytest.mark.parametrize(("where", "why"), [(HERE, "the same law and spec"), (replace(HERE, tree="x"), "same tree")])
def test_the_right_law_is_another_law_over_the_same_tree(where: Standpoint, why: str) -> None:
    heard = on_record(a_case(), recorded(a_case(), "R-2", 5, where))
    with pytest.raises(ClaimError, match=why):
        check_claims([Claim(Form.WRONG_LAW, "R-2", rule="gates.scope")], heard, RESTS_ON)


def test_a_claim_that_another_one_made_empty_is_told_and_changes_nothing() -> None:
    later = recorded(a_case(gate("scope")), "R-2", 5, replace(HERE, law_commit="right"))
    claims = {0: false(SCOPE), 1: Claim(Form.WRONG_LAW, "R-2", rule="gates.scope")}
    found = corrected(on_record(a_case(), later), claims)
    assert list(found.moot) == [0]
    assert found.case == later.case


def test_nothing_that_was_handed_in_is_changed() -> None:
    case = a_case(gate("scope", SCOPE))
    before = to_json(case)
    heard = on_record(case)
    corrected(heard, {0: false(SCOPE), 1: Claim(Form.FACT, "spec.rollback", value=True, evidence=(NEW,))})
    assert to_json(case) == before
