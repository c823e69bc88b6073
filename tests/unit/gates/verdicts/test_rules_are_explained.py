from __future__ import annotations

import ast
from pathlib import Path

import agent_agency.gates.verdicts
from agent_agency.spec.explain import find_rule
from agent_agency.spec.rule_catalogue import load_catalogue


def test_every_rule_of_a_verdict_has_an_entry_of_its_own() -> None:
    named = set()
    for module in Path(agent_agency.gates.verdicts.__path__[0]).glob("*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "gate_finding":
                named |= {
                    part.value
                    for part in call.args[1:2]
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    assert len(named) > 8
    catalogue = load_catalogue()
    assert {rule for rule in named if find_rule(catalogue, f"gate.any.{rule}") is catalogue["gate.*.*"]} == set()
    assert find_rule(catalogue, "gate.any.issue.pkg/no-x") is catalogue["gate.*.issue.*"]
    assert find_rule(catalogue, "gate.any.whatever") is catalogue["gate.*.*"]
