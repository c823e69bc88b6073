"""What the policy says of gates that ``agency.toml`` defines: it may leave one out, or let it advise only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent_agency.config import Config
from agent_agency.facts import GateMode, GateResult
from agent_agency.gates.mode import binding_of
from agent_agency.spec.model import Policy
from agent_agency.workflows.run_gates import left_out_gate


def gates_under_policy(config: Config, policy: Policy) -> tuple[Config, dict[str, GateResult]]:
    """The settings with the gates that the policy lets run, and by name the results of those that it leaves out.

    A policy that does not name a gate says nothing of it. One that names it with mode ``block`` leaves to
    ``agency.toml`` at which tiers it blocks; with mode ``warn`` it blocks at none.
    """
    kept, left_out = [], {}
    for gate in config.gates:
        binding = binding_of(gate.name, policy) if gate.name in policy.gates else None
        if binding is not None and not binding.applicable:
            left_out[gate.name] = left_out_gate(gate, binding.reason)
        else:
            kept.append(replace(gate, blocking=()) if binding and binding.mode is GateMode.WARN else gate)
    return replace(config, gates=tuple(kept)), left_out


def in_order(config: Config, ran: Sequence[GateResult], left_out: dict[str, GateResult]) -> tuple[GateResult, ...]:
    """The results of all gates in the order of their definitions."""
    results = {result.name: result for result in ran} | left_out
    return tuple(results[gate.name] for gate in config.gates)
