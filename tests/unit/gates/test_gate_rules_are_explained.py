from __future__ import annotations

import ast
from pathlib import Path

import agent_agency.gates
from agent_agency.spec.explain import find_rule
from agent_agency.spec.rule_catalogue import load_catalogue


def test_every_rule_id_that_a_gate_names_is_explained() -> None:
    catalogue = load_catalogue()
    named = set()
    for module in Path(agent_agency.gates.__path__[0]).glob("*.py"):
        source = ast.parse(module.read_text("utf-8"))
        for call in (node for node in ast.walk(source) if isinstance(node, ast.Call)):
            for keyword in call.keywords:
                if keyword.arg == "rule" and isinstance(keyword.value, ast.JoinedStr):
                    tail = keyword.value.values[-1]
                    if isinstance(tail, ast.Constant) and isinstance(tail.value, str) and tail.value.startswith("."):
                        named.add(f"{module.stem}{tail.value}")
    assert len(named) > 8
    assert {rule for rule in named if find_rule(catalogue, rule) is None} == set()
