from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.case_file import CASE_VERSION, Case, decision_bytes, from_json, to_json
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.verdict import LawState, WaiverInForce
from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from support.hearings import rule_for

texts = st.text(st.characters(exclude_categories=()), max_size=12)
"""Any text at all: lone surrogates, control characters, other planes."""
numbers = st.none() | st.integers()
findings = st.builds(
    Finding,
    rule=st.sampled_from(["tests.failed", "scope.reject.out"]),
    severity=st.sampled_from(list(Severity)),
    message=texts,
    remedy=texts,
    place=st.builds(Place, path=st.none() | texts, line=numbers, column=numbers),
    waivable=st.booleans(),
    subject=texts,
)
names = st.sampled_from(["scope_boundary", "tests", "lint", "own-gate"])
gates = st.builds(
    GateResult,
    name=names,
    status=st.sampled_from(list(GateStatus)),
    mode=st.sampled_from(list(GateMode)),
    findings=st.lists(findings, max_size=3).map(tuple),
    reason=texts,
    applicable=st.booleans(),
    mendable=st.booleans(),
)
waivers = st.builds(
    WaiverInForce,
    id=texts,
    covers_gates=st.frozensets(names, max_size=3),
    budget_needed=st.booleans(),
    covers_rules=st.frozensets(names, max_size=2),
    paths=st.lists(st.sampled_from(["lib/**", "a.py"]), max_size=2).map(tuple),
)
laws = st.builds(LawState, in_force=st.booleans(), only_law_edited=st.booleans(), adopt=texts)
keys = st.sampled_from(["spec", "change", "files", "authors"])
values = st.recursive(
    texts | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "map", "base64"]), inner),
    max_leaves=6,
)
RULES = make_constitution([rule_for("tests"), rule_for("lint"), rule_for("scope_boundary")])
OTHER_RULES = make_constitution([rule_for("tests")])
cases = st.builds(
    Case,
    gates=st.lists(gates, max_size=4, unique_by=lambda gate: gate.name).map(tuple),
    waivers=st.lists(waivers, max_size=3).map(tuple),
    law=laws,
    constitution=st.sampled_from([RULES, OTHER_RULES]),
    day=st.dates(),
    stated=st.dictionaries(keys, values, max_size=3),
    kinds=st.just({"tests": "tests"}),
    released=st.frozensets(names, max_size=2),
)


def constitution_of(digest: str) -> Constitution:
    return next(rules for rules in (RULES, OTHER_RULES) if rules.digest == digest)


def read(data: bytes) -> Case:
    return from_json(data, constitution_of)


PLAIN = Case(
    (
        GateResult(
            "tests",
            GateStatus.FAIL,
            GateMode.BLOCK,
            (Finding("tests.failed", Severity.MAJOR, "test_total fails", "mend it", Place("tests/test_a.py", 3)),),
            "1 of 2 tests failed",
        ),
    ),
    (WaiverInForce("WV-1", frozenset({"lint"})),),
    LawState(in_force=True),
    RULES,
    date(2026, 1, 31),
    {"spec": {"present": True, "tier": 2}},
    {"tests": "tests"},
)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_a_case_that_was_written_and_read_is_decided_to_the_same_bytes(case: Case) -> None:
    again = read(to_json(case))
    assert to_json(again) == to_json(case)
    assert decision_bytes(again.decide()) == decision_bytes(case.decide())


@settings(max_examples=40, deadline=None)
@given(cases)
def test_the_case_and_the_decision_are_canonical_json(case: Case) -> None:
    for data in (to_json(case), decision_bytes(case.decide())):
        assert canonical_json(json.loads(data)) == data


@settings(max_examples=40, deadline=None)
@given(cases)
def test_the_decision_does_not_depend_on_the_order_of_gates_with_names_of_their_own(case: Case) -> None:
    unique = tuple({gate.name: gate for gate in case.gates}.values())
    turned = tuple(reversed(unique))
    first, second = replace(case, gates=unique), replace(case, gates=turned)
    assert decision_bytes(first.decide()) == decision_bytes(second.decide())


def test_how_long_a_gate_took_is_no_part_of_the_case() -> None:
    other = replace(PLAIN.gates[0], facts={"duration_s": 3.5})
    assert to_json(replace(PLAIN, gates=(other,))) == to_json(PLAIN)


def test_each_input_of_the_verdict_changes_the_case() -> None:
    gate, finding = PLAIN.gates[0], PLAIN.gates[0].findings[0]
    others = [
        replace(PLAIN, gates=()),
        replace(PLAIN, gates=(replace(gate, status=GateStatus.PASS),)),
        replace(PLAIN, gates=(replace(gate, mode=GateMode.WARN),)),
        replace(PLAIN, gates=(replace(gate, applicable=False),)),
        replace(PLAIN, gates=(replace(gate, findings=(replace(finding, waivable=False),)),)),
        replace(PLAIN, waivers=(WaiverInForce("WV-1", frozenset({"tests"})),)),
        replace(PLAIN, waivers=(WaiverInForce("WV-1", frozenset({"lint"}), covers_rules=frozenset({"gates.lint"})),)),
        replace(PLAIN, waivers=(WaiverInForce("WV-1", frozenset({"lint"}), paths=("lib/**",)),)),
        replace(PLAIN, law=LawState(in_force=False)),
        replace(PLAIN, constitution=OTHER_RULES),
        replace(PLAIN, day=date(2026, 2, 1)),
        replace(PLAIN, stated={"spec": {"present": True, "tier": 1}}),
        replace(PLAIN, kinds={}),
        replace(PLAIN, released=frozenset({"tests"})),
        replace(PLAIN, gates=(replace(gate, facts={"reused": True}),)),
        replace(PLAIN, gates=(replace(gate, facts={"figures": {"flaky": 1}}),)),
    ]
    assert len({to_json(case) for case in [PLAIN, *others]}) == len(others) + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(case_version=CASE_VERSION + 1),
        lambda d: d.pop("law"),
        lambda d: d.update(more=1),
        lambda d: d["gates"][0].update(status="passed"),
        lambda d: d["gates"][0].update(applicable="yes"),
        lambda d: d["gates"][0].update(more=1),
        lambda d: d["gates"][0]["findings"][0].update(line="3"),
        lambda d: d["waivers"][0].update(covers_gates=["lint", "lint"]),
        lambda d: d.update(gates=None),
        lambda d: d.update(day="tomorrow"),
        lambda d: d.update(facts={"spec": {"present": True}}),
        lambda d: d.update(released=["a", "a"]),
    ],
)
def test_what_is_no_case_file_is_refused(change: object) -> None:
    document = json.loads(to_json(PLAIN))
    assert callable(change)
    change(document)
    with pytest.raises(ValueError, match=r"case file|constitution"):
        read(canonical_json(document))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"case_version": 1}', b"{" * 5000])
def test_what_is_no_canonical_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(data)


def test_the_bytes_of_a_case_stay_what_they_are_from_version_to_version() -> None:
    case, decision = digest_bytes(to_json(PLAIN)), digest_bytes(decision_bytes(PLAIN.decide()))
    assert case == "sha256:78eb94a16e60dd927b203896fc98edc657f196b4fa7ad23fe59ddfb31973cff6"
    assert decision == "sha256:471e3dfea8aa66b6b2ee093025290498b35b36207311c60f4745c47b1f584eaf"


def test_a_case_is_not_decided_by_other_rules_than_its_own() -> None:
    with pytest.raises(ValueError, match=r"constitution beside it is another"):
        from_json(to_json(PLAIN), lambda _: OTHER_RULES)
