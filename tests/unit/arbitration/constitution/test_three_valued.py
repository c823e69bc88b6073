"""The evaluation that names missing facts agrees with the runtime, and names no more than what matters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.cel import Checked, Checker, Evaluator
from agent_agency.arbitration.constitution.checked_facts import SchemaIndex, check_facts
from agent_agency.arbitration.constitution.fact_paths import scope_of
from agent_agency.arbitration.constitution.subset import refusals
from agent_agency.arbitration.constitution.three_valued import Scope, Unknown, evaluate_tree
from support.conditions import conditions


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator()


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def _facts() -> st.SearchStrategy[dict[str, Any]]:
    """Cases in which any fact may be missing."""
    texts, flags, numbers = st.sampled_from(["", "a", "ab", "tests"]), st.booleans(), st.integers(0, 3)
    gate: dict[str, st.SearchStrategy[Any]] = {
        "name": texts,
        "status": st.sampled_from(["pass", "fail"]),
        "binding": flags,
        "mendable": flags,
        "violations": numbers,
        "evidence": st.lists(texts, max_size=2),
    }
    records: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "spec": {"tier": numbers, "present": flags, "valid": flags, "id": texts, "mode": texts},
        "change": {"files": numbers, "lines": numbers},
        "budget": {"known": flags, "max_files": numbers},
        "law": {"readable": flags},
        "review": {"day": texts},
    }
    records["spec"]["contracts"] = st.lists(texts, max_size=2)
    optional = {name: st.fixed_dictionaries({}, optional=members) for name, members in records.items()}
    gates = st.lists(st.fixed_dictionaries({}, optional=gate), max_size=3)
    return st.fixed_dictionaries({}, optional={**optional, "gates": gates})


@settings(max_examples=400, deadline=None)
@given(condition=conditions(), facts=_facts())
def test_both_evaluations_agree(evaluator: Evaluator, checker: Checker, condition: str, facts: dict[str, Any]) -> None:
    checked = checker.check(condition)
    assert isinstance(checked, Checked), checked
    assert not refusals(checked)
    values = check_facts(facts, SchemaIndex()).values
    program = evaluator.compile(condition)
    said = program.answer(evaluator.bind(values)).value
    found = evaluate_tree(program.tree, Scope(scope_of(values), evaluator.matches))
    assert said == (None if isinstance(found, Unknown) else found)


@settings(max_examples=200, deadline=None)
@given(condition=conditions(), facts=_facts())
def test_a_fact_that_is_named_is_missing(evaluator: Evaluator, condition: str, facts: dict[str, Any]) -> None:
    values = check_facts(facts, SchemaIndex()).values
    found = evaluate_tree(evaluator.compile(condition).tree, Scope(scope_of(values), evaluator.matches))
    if not isinstance(found, Unknown):
        return
    assert found.missing or found.why
    for path in found.missing:
        record, _, fact = re.sub(r"\[.*\]", "", path).partition(".")
        holders = values.get(record, []) if isinstance(values.get(record, []), list) else [values[record]]
        assert record not in values or any(fact not in holder for holder in holders)


@pytest.mark.parametrize(
    ("condition", "facts", "missing"),
    [
        ("spec.tier == 1", {}, {"spec.tier"}),
        ("spec.present && spec.tier == 1", {"spec": {"present": True}}, {"spec.tier"}),
        ("gates.all(g, g.violations == 0)", {"gates": [{"name": "tests"}, {"name": "lint", "violations": 0}]},
         {"gates[tests].violations"}),
        ("gates.all(g, g.passed)", {}, {"gates"}),
        ("gates.filter(g, g.passed).all(h, h.firm == 0)",
         {"gates": [{"name": "a", "passed": True}, {"name": "b", "passed": False}]}, {"gates[a].firm"}),
        ("spec.tier + change.files > 1", {}, {"spec.tier", "change.files"}),
    ],
)  # fmt: skip
def test_missing_facts_are_named_by_their_whole_paths(
    evaluator: Evaluator, condition: str, facts: dict[str, Any], missing: set[str]
) -> None:
    values = check_facts(facts, SchemaIndex()).values
    found = evaluate_tree(evaluator.compile(condition).tree, Scope(scope_of(values), evaluator.matches))
    assert isinstance(found, Unknown)
    assert found.missing == missing
