from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.arbitration.constitution.default_rules import default_rules
from agent_agency.arbitration.constitution.model import Constitution, Rule, Weakening
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.gate_facts import gate_facts
from agent_agency.arbitration.released_gates import released_gates
from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from support.case_facts import DAY, ORDINARY

TODO = "quality.deferred_work"
GATES = [
    gate_facts(GateResult("todo_detection", GateStatus.FAIL, GateMode.BLOCK), None),
    gate_facts(GateResult("secrets", GateStatus.PASS, GateMode.BLOCK), None),
]
FACTS = {**ORDINARY, "gates": GATES}


def _weakened(how: str, *changed: Rule) -> Constitution:
    kept = [rule for rule in default_rules() if rule.id != TODO]
    return make_constitution([*kept, *changed], [Weakening(TODO, how, "agency.toml [law] weaken")])


def _default() -> Rule:
    return next(rule for rule in default_rules() if rule.id == TODO)


@pytest.mark.parametrize(
    "constitution",
    [
        _weakened("disabled: notes of that kind are fine here"),
        _weakened("severity major to advice", replace(_default(), severity=Severity.ADVICE, version=2)),
        _weakened("applies to less", replace(_default(), applies="false", version=2)),
    ],
    ids=["disabled", "made advice", "applies to less"],
)
def test_a_gate_whose_rule_was_weakened_with_leave_may_stand_without_one(constitution: Constitution) -> None:
    assert released_gates(constitution, FACTS, DAY) == {"todo_detection"}


def test_no_gate_is_released_by_leave_that_nobody_used() -> None:
    assert released_gates(make_constitution(default_rules()), FACTS, DAY) == frozenset()


def test_a_gate_that_does_not_block_needs_no_release() -> None:
    gates = [gate_facts(GateResult("todo_detection", GateStatus.FAIL, GateMode.WARN), None)]
    assert released_gates(_weakened("disabled: x"), {**ORDINARY, "gates": gates}, DAY) == frozenset()
