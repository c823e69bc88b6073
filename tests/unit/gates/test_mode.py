from __future__ import annotations

import pytest

from agent_agency.facts import GateMode
from agent_agency.gates.mode import CAWS_GATES, OWN_GATES, REQUIRED_GATES, binding_of
from agent_agency.spec.model import PolicyGate
from support.gate_context import policy


def gate(mode: str = "block", *, enabled: bool = True) -> PolicyGate:
    return PolicyGate(mode, enabled=enabled, thresholds={})


@pytest.mark.parametrize("name", CAWS_GATES)
@pytest.mark.parametrize(("mode", "expected"), [("block", GateMode.BLOCK), ("warn", GateMode.WARN)])
def test_the_policy_sets_how_a_standard_gate_binds(name: str, mode: str, expected: GateMode) -> None:
    binding = binding_of(name, policy({name: gate(mode)}))
    assert (binding.mode, binding.applicable) == (expected, True)


@pytest.mark.parametrize("name", CAWS_GATES)
@pytest.mark.parametrize("left_out", [gate("skip"), gate(enabled=False), gate("warn", enabled=False)])
def test_a_gate_that_the_policy_skips_or_disables_is_left_out_with_the_reason(name: str, left_out: PolicyGate) -> None:
    binding = binding_of(name, policy({name: left_out}))
    assert (binding.mode, binding.applicable) == (GateMode.SKIP, False)
    assert "policy" in binding.reason


def test_a_gate_that_the_policy_does_not_name_blocks_when_required_and_is_left_out_otherwise() -> None:
    empty = policy({})
    assert {name for name in CAWS_GATES if binding_of(name, empty).applicable} == REQUIRED_GATES
    assert all(binding_of(name, empty).mode is GateMode.BLOCK for name in REQUIRED_GATES)


@pytest.mark.parametrize("name", OWN_GATES)
@pytest.mark.parametrize("weakened", [gate("skip"), gate("warn"), gate(enabled=False)])
def test_no_policy_weakens_the_gates_of_the_arbiter_itself(name: str, weakened: PolicyGate) -> None:
    binding = binding_of(name, policy({name: weakened}))
    assert (binding.mode, binding.applicable) == (GateMode.BLOCK, True)


def test_a_mode_that_nobody_understands_blocks() -> None:
    assert binding_of("god_object", policy({"god_object": gate("lenient")})).mode is GateMode.BLOCK
