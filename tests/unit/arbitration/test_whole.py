"""What holds of every verdict under the default constitution, whatever the case."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.case_file import Case, decision_bytes, from_json, to_json
from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.constitution.serialise import constitution_bytes
from agent_agency.arbitration.ruling import Verdict
from agent_agency.arbitration.verdict import binds
from agent_agency.facts import Finding, GateStatus, Place, Severity
from support.whole_cases import findings, good_case, hearing_of, passes, ruled, whole_cases, with_gate

ADVICE = Finding("note.it", Severity.ADVICE, "so it is", "nothing", Place("src/a.py"))
DECIDE = """
import sys
from pathlib import Path
from agent_agency.arbitration.case_file import decision_bytes, from_json
from agent_agency.arbitration.constitution.serialise import constitution_from
law = constitution_from(Path(sys.argv[1]).read_bytes())
for name in sys.argv[2:]:
    sys.stdout.buffer.write(decision_bytes(from_json(Path(name).read_bytes(), lambda _: law).decide()) + b"\\n")
"""


def _shuffled(value: Any, order: random.Random) -> Any:
    """The same facts, with keys and elements of lists in another order."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        mixed = [_shuffled(one, order) for one in value]
        order.shuffle(mixed)
        return mixed
    return value


def _mixed(values: tuple[Any, ...], order: random.Random) -> tuple[Any, ...]:
    return tuple(order.sample(values, len(values)))


def test_a_good_change_is_approved() -> None:
    assert ruled(good_case()).verdict is Verdict.APPROVED
    assert good_case().decide() == ruled(good_case())


@settings(max_examples=40)
@given(whole_cases())
def test_decided_twice_and_after_a_round_trip_a_case_gives_the_same_bytes(case: Case) -> None:
    first = decision_bytes(ruled(case))
    assert decision_bytes(ruled(case)) == first
    again = from_json(to_json(case), lambda _: case.constitution)
    assert decision_bytes(ruled(again)) == first


@settings(max_examples=50)
@given(whole_cases(), st.randoms(use_true_random=False))
def test_no_order_of_gates_findings_files_waivers_or_keys_matters(case: Case, order: random.Random) -> None:
    gates = tuple(replace(gate, findings=_mixed(gate.findings, order)) for gate in case.gates)
    other = replace(
        case,
        gates=_mixed(gates, order),
        waivers=_mixed(case.waivers, order),
        stated=_shuffled(dict(case.stated), order),
    )
    assert decision_bytes(ruled(other)) == decision_bytes(ruled(case))


@settings(max_examples=50)
@given(whole_cases(), st.data())
def test_a_gate_that_fails_makes_no_change_pass(case: Case, data: st.DataObject) -> None:
    assume(case.gates)
    at = data.draw(st.integers(0, len(case.gates) - 1))
    worse = data.draw(findings().filter(lambda finding: finding.severity is not Severity.ADVICE))
    failing = with_gate(case, at, status=GateStatus.FAIL, findings=(*case.gates[at].findings, worse))
    assert passes(case) or not passes(failing)


@settings(max_examples=50)
@given(whole_cases(), st.data())
def test_a_result_that_is_taken_away_makes_no_change_pass(case: Case, data: st.DataObject) -> None:
    assume(case.gates)
    at = data.draw(st.integers(0, len(case.gates) - 1))
    without = data.draw(st.sampled_from([GateStatus.NOT_RUN, GateStatus.ERROR]))
    assert passes(case) or not passes(with_gate(case, at, status=without))


@settings(max_examples=50)
@given(whole_cases(), st.data())
def test_a_waiver_that_is_taken_away_makes_no_change_pass(case: Case, data: st.DataObject) -> None:
    assume(case.waivers)
    kept = data.draw(st.sampled_from(case.waivers))
    assert passes(case) or not passes(replace(case, waivers=(kept,)[: len(case.waivers) - 1]))


@settings(max_examples=60)
@given(whole_cases(), st.data())
def test_a_fact_that_is_taken_away_makes_no_change_pass(case: Case, data: st.DataObject) -> None:
    named = sorted((name, key) for name, value in case.stated.items() if isinstance(value, dict) for key in value)
    lists = sorted((name, "") for name, value in case.stated.items() if isinstance(value, list))
    name, key = data.draw(st.sampled_from(named + lists))
    left = dict(case.stated)
    if key:
        left[name] = {other: value for other, value in left[name].items() if other != key}
    else:
        del left[name]
    assert passes(case) or not passes(replace(case, stated=left))


@settings(max_examples=40)
@given(whole_cases(), st.data())
def test_advice_changes_nothing(case: Case, data: st.DataObject) -> None:
    assume(case.gates)
    at = data.draw(st.integers(0, len(case.gates) - 1))
    advised = with_gate(case, at, findings=(*case.gates[at].findings, ADVICE))
    assert ruled(advised).verdict is ruled(case).verdict
    assert ruled(advised).reasons == ruled(case).reasons


@settings(max_examples=60)
@given(st.one_of(whole_cases(), st.just(good_case())))
def test_approved_means_that_every_binding_gate_passed_and_every_rule_is_satisfied(case: Case) -> None:
    decision = ruled(case)
    if decision.verdict is not Verdict.APPROVED:
        return
    assert all(gate.status is GateStatus.PASS for gate in case.gates if binds(gate))
    assert any(binds(gate) for gate in case.gates)
    binding = [one for one in hearing_of(case).outcomes if one.severity is not Severity.ADVICE]
    assert not [one for one in binding if one.status in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN}]


def test_every_fact_of_a_good_change_counts_for_no_more_when_it_is_missing() -> None:
    """Taken away one by one, no fact of an approved change makes it anything but approved or conditional."""
    case, seen = good_case(), set()
    for name, value in case.stated.items():
        left = {other: members for other, members in case.stated.items() if other != name}
        seen.add(ruled(replace(case, stated=left)).verdict)
        for key in value if isinstance(value, dict) else ():
            without = {other: member for other, member in value.items() if other != key}
            seen.add(ruled(replace(case, stated={**case.stated, name: without})).verdict)
    assert seen == {Verdict.APPROVED, Verdict.CONDITIONAL}


@pytest.mark.parametrize("seed", ["0", "1234"])
def test_another_process_with_another_hash_seed_decides_the_same_bytes(tmp_path: Path, seed: str) -> None:
    files, expected = [], b""
    for number, case in enumerate(_some_cases()):
        file = tmp_path / f"{number}.json"
        file.write_bytes(to_json(case))
        files.append(str(file))
        expected += decision_bytes(ruled(case)) + b"\n"
    law = tmp_path / "law.json"
    law.write_bytes(constitution_bytes(good_case().constitution))
    done = subprocess.run(
        [sys.executable, "-c", DECIDE, str(law), *files],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    assert done.stdout == expected


def _some_cases() -> list[Case]:
    """A handful of cases that differ in what they come to."""
    good = good_case()
    worse = Finding("scope.reject.out", Severity.MAJOR, "outside", "move it", Place("a\udcff.py"))
    facts = {name: value for name, value in good.stated.items() if name != "provenance"}
    return [
        good,
        with_gate(good, 1, status=GateStatus.FAIL, findings=(worse,)),
        with_gate(good, 0, status=GateStatus.ERROR),
        replace(good, stated=facts),
        replace(good, gates=()),
    ]
