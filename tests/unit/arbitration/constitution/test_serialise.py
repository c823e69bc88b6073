"""A constitution as bytes: it comes back as it was, and no byte of it can be changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.model import Category, Constitution, Weakening
from agent_agency.arbitration.constitution.serialise import (
    constitution_bytes,
    constitution_from,
    make_constitution,
    without_space,
)
from agent_agency.canonical_json import canonical_json
from agent_agency.facts import Severity
from support.rules import make_rule


def _without_examples(constitution: Constitution) -> Constitution:
    return replace(constitution, rules=tuple(replace(rule, examples=()) for rule in constitution.rules))


def test_the_defaults_come_back_as_they_were() -> None:
    law = default_constitution()
    assert constitution_from(constitution_bytes(law)) == _without_examples(law)


def test_a_whole_rule_and_a_weakening_come_back() -> None:
    rule = make_rule(
        "it.binding",
        applies="it.kind == 'tests'",
        each="gates",
        evidence=("coverage", "tests"),
        effective=date(2026, 1, 1),
        expires=date(2027, 1, 1),
        path=".agency/rules/a.toml",
        line=7,
    )
    law = make_constitution([rule], [Weakening("a.b", "disabled: x", "agency.toml [law] weaken")])
    assert constitution_from(constitution_bytes(law)) == law


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "our.other"},
        {"version": 2},
        {"category": Category.SECURITY},
        {"severity": Severity.MINOR},
        {"waivable": False},
        {"condition": "spec.valid"},
        {"applies": "spec.valid"},
        {"each": "gates"},
        {"evidence": ("tests",)},
        {"message": "Another"},
        {"remedy": "Another."},
        {"effective": date(2026, 1, 1)},
        {"expires": date(2026, 1, 1)},
    ],
)
def test_all_that_decides_is_in_the_digest(changed: dict[str, Any]) -> None:
    rule = make_rule("spec.present")
    assert make_constitution([replace(rule, **changed)]).digest != make_constitution([rule]).digest


@pytest.mark.parametrize("changed", [{"title": "x"}, {"source": "x"}, {"path": "x"}, {"line": 9}, {"examples": ()}])
def test_what_decides_nothing_is_not(changed: dict[str, Any]) -> None:
    rule = make_rule("spec.present")
    assert make_constitution([replace(rule, **changed)]).digest == make_constitution([rule]).digest


def test_what_is_weakened_is_in_the_digest() -> None:
    rule = make_rule("spec.present")
    assert make_constitution([rule], [Weakening("a.b", "x", "y")]).digest != make_constitution([rule]).digest


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    whole = constitution_bytes(make_constitution([make_rule("spec.present", title="T")]))
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    if byte == whole[at]:
        return
    damaged = whole[:at] + bytes([byte]) + whole[at + 1 :]
    try:
        read = constitution_from(damaged)
    except ValueError:
        return
    assert read.digest == constitution_from(whole).digest  # only what decides nothing: title, source, place
    assert constitution_bytes(read) == damaged


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b'{"rules":[]}', b'{"rules":[1],"weakened":[],"digest":""}']
)
def test_bytes_that_are_no_constitution_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        constitution_from(data)


@pytest.mark.parametrize(
    ("condition", "bare"),
    [
        ("a  ==\n\t'x  y' // no", "a == 'x  y'"),
        ("a == '// no comment'", "a == '// no comment'"),
        ('a == "x\\" // y"', 'a == "x\\" // y"'),
        ("a == r'\\' && b // c", "a == r'\\' && b"),
        ("a == '''x\n // y'''", "a == '''x\n // y'''"),
    ],
)  # fmt: skip
def test_white_space_goes_and_strings_stay(condition: str, bare: str) -> None:
    assert without_space(condition) == bare


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("condition", None),
        ("version", "one"),
        ("evidence", 1),
        ("category", "speed"),
        ("effective", "soon"),
        ("line", {}),
    ],
)
def test_members_of_a_wrong_type_are_refused(member: str, value: Any) -> None:
    document = json.loads(constitution_bytes(make_constitution([make_rule("spec.present")])))
    document["rules"][0][member] = value
    with pytest.raises(ValueError, match=r"."):
        constitution_from(canonical_json(document))
