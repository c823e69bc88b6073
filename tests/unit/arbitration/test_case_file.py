from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.case_file import CASE_VERSION, Case, decision_bytes, from_json, to_json
from agent_agency.arbitration.verdict import LawState, WaiverInForce, decide
from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity

texts = st.text(st.characters(exclude_categories=()), max_size=12)
"""Any text at all: lone surrogates, control characters, other planes."""
numbers = st.none() | st.integers()
findings = st.builds(
    Finding,
    rule=texts,
    severity=st.sampled_from(list(Severity)),
    message=texts,
    remedy=texts,
    place=st.builds(Place, path=st.none() | texts, line=numbers, column=numbers),
    waivable=st.booleans(),
    subject=texts,
)
names = st.sampled_from(["scope_boundary", "tests", "lint"]) | texts
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
waivers = st.builds(WaiverInForce, id=texts, covers_gates=st.frozensets(names, max_size=3), budget_needed=st.booleans())
laws = st.builds(LawState, in_force=st.booleans(), only_law_edited=st.booleans(), adopt=texts)
cases = st.builds(
    Case, gates=st.lists(gates, max_size=4).map(tuple), waivers=st.lists(waivers, max_size=3).map(tuple), law=laws
)

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
)


@given(cases)
def test_a_case_that_was_written_and_read_is_decided_to_the_same_bytes(case: Case) -> None:
    again = from_json(to_json(case))
    assert again == case
    assert decision_bytes(again.decide()) == decision_bytes(decide(case.gates, case.waivers, case.law))


@given(cases)
def test_the_case_and_the_decision_are_canonical_json(case: Case) -> None:
    for data in (to_json(case), decision_bytes(case.decide())):
        assert canonical_json(json.loads(data)) == data


@given(cases)
def test_the_decision_does_not_depend_on_the_order_of_gates_with_names_of_their_own(case: Case) -> None:
    unique = tuple({gate.name: gate for gate in case.gates}.values())
    turned = tuple(reversed(unique))
    first, second = replace(case, gates=unique), replace(case, gates=turned)
    assert decision_bytes(first.decide()) == decision_bytes(second.decide())


def test_what_a_gate_measured_is_no_part_of_the_case() -> None:
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
        replace(PLAIN, law=LawState(in_force=False)),
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
    ],
)
def test_what_is_no_case_file_is_refused(change: object) -> None:
    document = json.loads(to_json(PLAIN))
    assert callable(change)
    change(document)
    with pytest.raises(ValueError, match=r"case file"):
        from_json(canonical_json(document))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"case_version": 1}', b"{" * 5000])
def test_what_is_no_canonical_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(data)


def test_the_bytes_of_a_case_stay_what_they_are_from_version_to_version() -> None:
    case, decision = digest_bytes(to_json(PLAIN)), digest_bytes(decision_bytes(PLAIN.decide()))
    assert case == "sha256:4f5fb03bee28024f67f8e2b61867df22337be720e4e63a2a2d609be224ecd1b5"
    assert decision == "sha256:471e3dfea8aa66b6b2ee093025290498b35b36207311c60f4745c47b1f584eaf"
