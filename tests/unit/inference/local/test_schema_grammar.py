"""Schemas that the compact grammar holds to, and those that it says it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.local.openvino.bounds import keeps_bounds
from agent_agency.inference.local.schema_grammar import grammar_of


def test_a_verdict_s_grammar_has_no_white_space_and_keeps_the_order() -> None:
    schema = {"type": "object", "properties": {"b": {"enum": ["x", 'y"']}, "a": {"type": "boolean"}}}
    lines = grammar_of(schema).splitlines()
    assert lines[1] == r'part0 ::= "{" "\"b\":" part1 "," "\"a\":" part2 "}"'
    assert lines[2] == r'part1 ::= ("\"" ("x\"" | "y\\\"\""))'
    assert lines[3] == 'part2 ::= "true" | "false"'


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}},
        {"type": "string", "minLength": 65},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "string", "minLength": "3"},
        {"type": "number", "minimum": 0.5, "maximum": 1},
        {"type": "number", "minimum": -1, "maximum": 1},
        {"type": "integer", "minimum": 0, "maximum": 100_000},
        {"type": "integer", "exclusiveMinimum": 0},
        {"type": "array"},
        {"type": "array", "items": {"type": "null"}, "uniqueItems": True},
        {"type": "object", "required": ["a"]},
        {"$ref": "#/$defs/a"},
        {"oneOf": [{"type": "null"}]},
        {"anyOf": []},
        {"enum": []},
        {"type": ["string", "text"]},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"type": "null"}}, "required": 5},
        {"type": "object", "properties": {"a": {"type": "null"}}, "required": [["a"]]},
        {"type": "string", "enum": [1, None]},
        {"type": "integer", "const": True},
        {"type": "verdict", "const": "a"},
    ],
)
def test_what_the_grammar_could_not_hold_to_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="cannot keep to this schema") as refused:
        grammar_of(schema)
    assert refused.value.stable_code == "engine.schema_unsupported"


def test_constants_that_are_not_of_the_type_are_never_written() -> None:
    values = ["a", 1, 1.5, 2.0, True, None, [1], {"b": 1}]
    kept = {
        "string": r'("\"a\"")',
        "integer": '("1" | "2.0")',
        "number": '("1" (".5")? | "2.0")',
        "boolean": '("true")',
        "null": '("null")',
        "array": '("[1]")',
        "object": r'("{\"b\":1}")',
    }
    for kind, body in kept.items():
        assert grammar_of({"type": kind, "enum": values}).splitlines()[1] == f"part0 ::= {body}"
    assert grammar_of({"type": ["null", "string"], "enum": values}).splitlines()[1] == r'part0 ::= ("\"a\"" | "null")'


def test_a_schema_that_goes_on_for_ever_is_refused() -> None:
    schema: dict[str, Any] = {"type": "array"}
    schema["items"] = schema
    with pytest.raises(EngineError, match="nested"):
        grammar_of(schema)


def test_bounds_that_were_not_counted_are_checked_afterwards() -> None:
    text = {"type": "string", "maxLength": 100}
    schema = {"type": "object", "properties": {"a": {"anyOf": [{"type": "array", "items": text}, {"type": "null"}]}}}
    assert keeps_bounds(schema, '{"a":["' + "x" * 100 + '"]}')
    assert keeps_bounds(schema, '{"a":null}')
    assert not keeps_bounds(schema, '{"a":["' + "x" * 101 + '"]}')
    assert not keeps_bounds(schema, '{"a":["x')
