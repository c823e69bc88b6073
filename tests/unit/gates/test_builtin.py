from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.errors import GitError
from agent_agency.facts import GateMode, GateStatus
from agent_agency.gates.builtin import run_builtin_gates
from agent_agency.gates.mode import CAWS_GATES, OWN_GATES
from agent_agency.spec.model import PolicyGate
from support.gate_context import added, context, policy


def test_a_good_change_passes_every_gate() -> None:
    results = run_builtin_gates(context(added("src/a.py", 3)))
    assert [result.name for result in results] == [*CAWS_GATES, *OWN_GATES]
    assert {result.status for result in results if result.applicable} == {GateStatus.PASS}
    assert [result.name for result in results if not result.applicable] == ["declared_contracts"]
    assert all(result.reason for result in results)


def test_a_gate_that_the_policy_names_and_nobody_can_evaluate_is_listed_as_not_run() -> None:
    gates = {
        "mutation": PolicyGate("block", enabled=True, thresholds={}),
        "coverage": PolicyGate("warn", enabled=True, thresholds={}),
        "old": PolicyGate("block", enabled=False, thresholds={}),
    }
    results = {result.name: result for result in run_builtin_gates(context(added("src/a.py"), policy=policy(gates)))}
    assert (results["mutation"].status, results["mutation"].mode) == (GateStatus.NOT_RUN, GateMode.BLOCK)
    assert results["mutation"].applicable
    assert not results["mutation"].mendable
    assert results["coverage"].mode is GateMode.WARN
    assert not results["old"].applicable


def test_a_policy_that_names_a_gate_of_the_arbiter_does_not_list_it_twice() -> None:
    gates = {"secrets": PolicyGate("skip", enabled=False, thresholds={})}
    results = [result for result in run_builtin_gates(context(policy=policy(gates))) if result.name == "secrets"]
    assert [(result.mode, result.applicable) for result in results] == [(GateMode.BLOCK, True)]


@pytest.mark.parametrize("problem", [GitError("the object is missing", fix="Run git fsck"), RuntimeError("boom")])
def test_a_gate_that_breaks_is_an_error_and_the_others_still_answer(problem: Exception) -> None:
    def broken(_path: str) -> bytes | None:
        raise problem

    file = added("src/a.py", 4000)
    assert file.new is not None
    file = replace(file, new=replace(file.new, size=100_000))
    results = {result.name: result for result in run_builtin_gates(context(file, read_head=broken))}
    assert results["god_object"].status is GateStatus.ERROR
    assert results["god_object"].reason
    assert results["scope_boundary"].status is GateStatus.PASS


def test_what_could_not_be_read_is_told_in_the_words_of_the_error() -> None:
    def broken(path: str) -> bytes | None:
        raise GitError(f"git cannot read {path}", fix="Run git fsck")

    file = added("src/a.py", 4000)
    assert file.new is not None
    file = replace(file, new=replace(file.new, size=100_000))
    (result,) = [r for r in run_builtin_gates(context(file, read_head=broken)) if r.name == "god_object"]
    assert result.reason == "git cannot read src/a.py; Run git fsck"


def test_no_bug_in_a_gate_shows_the_content_that_it_stumbled_over() -> None:
    def broken(_path: str) -> bytes | None:
        raise ValueError("the content of the file")

    file = added("src/a.py", 4000)
    assert file.new is not None
    file = replace(file, new=replace(file.new, size=100_000))
    (result,) = [r for r in run_builtin_gates(context(file, read_head=broken)) if r.name == "god_object"]
    assert "content" not in result.reason
    assert "ValueError" in result.reason
