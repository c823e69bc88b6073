"""Whether and how hard a gate binds: the policy's word for the five CAWS gates, a fixed one for the arbiter's own."""

from __future__ import annotations

from dataclasses import dataclass

from agent_agency.facts import GateMode
from agent_agency.spec.model import Policy

CAWS_GATES = ("spec_completeness", "scope_boundary", "budget_limit", "god_object", "todo_detection")
REQUIRED_GATES = frozenset({"spec_completeness", "scope_boundary", "budget_limit"})
OWN_GATES = ("governance_edit", "secrets", "tampering", "declared_contracts")


@dataclass(frozen=True, slots=True)
class Binding:
    """How a gate binds; ``reason`` says why it is left out when ``applicable`` is false."""

    mode: GateMode
    applicable: bool
    reason: str = ""


def binding_of(name: str, policy: Policy) -> Binding:
    """How a gate binds under a policy.

    The arbiter's own gates always block. A required CAWS gate that the policy does not name blocks, another one is
    left out. A mode that is none of block, warn, skip blocks: nothing is weakened by a word that nobody understands.
    """
    if name in OWN_GATES:
        return Binding(GateMode.BLOCK, applicable=True)
    gate = policy.gates.get(name)
    if gate is None:
        if name in REQUIRED_GATES:
            return Binding(GateMode.BLOCK, applicable=True)
        return Binding(GateMode.SKIP, applicable=False, reason="the policy does not name this gate")
    if not gate.enabled:
        return Binding(GateMode.SKIP, applicable=False, reason="the policy disables this gate")
    if gate.mode == GateMode.SKIP:
        return Binding(GateMode.SKIP, applicable=False, reason="the policy sets this gate to skip")
    return Binding(GateMode.WARN if gate.mode == GateMode.WARN else GateMode.BLOCK, applicable=True)
