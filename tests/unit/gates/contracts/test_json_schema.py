"""Pairs of JSON schemas; jsonschema-rs, an independent validator, is asked where one document tells them apart."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.contracts import JSON_SCHEMA, breaking, compare, edited, told

VALID = {"id": "AB1", "kind": "cat"}

BREAKING: dict[str, tuple[str, str, set[str], Any]] = {
    "a required property is new": (
        '"required": ["id", "kind"]',
        '"required": ["id", "kind", "note"]',
        {"schema.property_required"},
        VALID,
    ),
    "a type narrows": (
        '"weight": {"type": "number"',
        '"weight": {"type": "integer"',
        {"schema.type_changed"},
        VALID | {"weight": 1.5},
    ),
    "null is refused": ('["string", "null"]', '"string"', {"schema.type_changed"}, VALID | {"note": None}),
    "a value is refused": (
        '["cat", "dog", "bird"]',
        '["cat", "dog"]',
        {"schema.enum_changed"},
        {"id": "AB1", "kind": "bird", "weight": 1},
    ),
    "a minimum rises": ('"minimum": 0', '"minimum": 1', {"schema.bound_changed"}, VALID | {"weight": 0}),
    "a limit is excluded": ('"minimum": 0', '"exclusiveMinimum": 0', {"schema.bound_changed"}, VALID | {"weight": 0}),
    "a maximum falls": ('"maximum": 200', '"maximum": 199', {"schema.bound_changed"}, VALID | {"weight": 200}),
    "a text gets shorter": ('"maxLength": 500', '"maxLength": 5', {"schema.bound_changed"}, VALID | {"note": "abcdef"}),
    "fewer entries": (
        '"maxItems": 50',
        '"maxItems": 1',
        {"schema.bound_changed"},
        VALID | {"visits": [{"day": "2026-01-01"}, {"day": "2026-01-02"}]},
    ),
    "a coarser step": (
        '"multipleOf": 5',
        '"multipleOf": 10',
        {"schema.bound_changed"},
        VALID | {"visits": [{"day": "2026-01-01", "cost": 5}]},
    ),
    "a pattern changes": ("[A-Z]{2}", "[A-Z]{3}", {"schema.pattern_changed"}, VALID),
    "a property of a closed object goes": (
        ', "cost": {"type": "integer", "multipleOf": 5}',
        "",
        {"schema.property_removed"},
        VALID | {"visits": [{"day": "2026-01-01", "cost": 5}]},
    ),
    "further properties are refused": (
        '"if":',
        '"additionalProperties": false, "if":',
        {"schema.additional_properties"},
        VALID | {"more": 1},
    ),
    "further values narrow": (
        '"additionalProperties": {"type": "string"}',
        '"additionalProperties": {"type": "string", "maxLength": 2}',
        {"schema.bound_changed"},
        VALID | {"labels": {"a": "abc"}},
    ),
    "an entry of a tuple narrows": (
        '[{"type": "number"}, {"type": "number"}]',
        '[{"type": "integer"}, {"type": "number"}]',
        {"schema.type_changed"},
        VALID | {"place": [0.5, 1]},
    ),
    "an alternative goes": (
        '"anyOf": [{"$ref": "#/$defs/person"}, {"type": "string"}]',
        '"anyOf": [{"$ref": "#/$defs/person"}]',
        {"schema.type_changed"},
        VALID | {"keeper": "me"},
    ),
    "a condition changes": ('{"const": "bird"}', '{"const": "cat"}', {"schema.keyword_changed"}, VALID),
    "entries must differ": (
        '"maxItems": 50',
        '"maxItems": 50, "uniqueItems": true',
        {"schema.bound_changed"},
        VALID | {"visits": [{"day": "2026-01-01"}, {"day": "2026-01-01"}]},
    ),
    "a prohibition is new": (
        '"if":',
        '"not": {"required": ["weight"]}, "if":',
        {"schema.keyword_changed"},
        VALID | {"weight": 1},
    ),
    "names are restricted": (
        '"if":',
        '"propertyNames": {"maxLength": 6}, "if":',
        {"schema.keyword_changed"},
        VALID | {"a_long_name": 1},
    ),
}

BREAKING_BY_PROMISE = {
    "a definition goes": (
        ',\n    "person": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}}',
        "",
        {"schema.definition_removed", "schema.type_changed"},
    ),
    "a format is new": ('"note": {', '"note": {"format": "email", ', {"schema.format_changed"}),
}

HARMLESS = {
    "an optional property is new": ('"if":', '"if":'.replace('"if"', '"title": "Record", "if"')),
    "an optional property of a closed object is new": ('"cost": {', '"vet": {"type": "string"}, "cost": {'),
    "a property need not be there any more": ('"required": ["id", "kind"]', '"required": ["id"]'),
    "a value is new": ('["cat", "dog", "bird"]', '["cat", "dog", "bird", "fish"]'),
    "a type widens": ('"type": "integer", "multipleOf"', '"type": "number", "multipleOf"'),
    "limits widen": ('"minimum": 0, "maximum": 200', '"minimum": -1'),
    "a finer step": ('"multipleOf": 5', '"multipleOf": 1'),
    "a pattern goes": (', "pattern": "^[A-Z]{2}[0-9]+$"', ""),
    "a condition goes": ('"if": {"properties": {"kind": {"const": "bird"}}},\n  "then": {"required": ["weight"]},', ""),
    "a property of an open object goes": ('"weight": {"type": "number", "minimum": 0, "maximum": 200},', ""),
    "an alternative is new": ('{"type": "string"}]', '{"type": "string"}, {"type": "integer"}]'),
    "types are written as alternatives": (
        '{"type": ["string", "null"], "maxLength": 500}',
        '{"anyOf": [{"type": "string", "maxLength": 500}, {"type": "null"}]}',
    ),
    "a definition is used where its text stood": (
        '{"type": "number", "minimum": 0, "maximum": 200}',
        '{"allOf": [{"minimum": 0}, {"type": "number", "maximum": 200}]}',
    ),
    "any value is written as true": (
        '"labels": {"type": "object", "additionalProperties": {"type": "string"}}',
        '"labels": true',
    ),
}


@pytest.mark.parametrize("case", BREAKING.values(), ids=BREAKING)
def test_what_refuses_valid_documents_is_told(case: tuple[str, str, set[str], Any]) -> None:
    old, new, rules, document = case
    head = edited(JSON_SCHEMA, old, new)
    assert breaking(compare("json-schema", JSON_SCHEMA, head)) == rules
    assert jsonschema_rs.is_valid(json.loads(JSON_SCHEMA), document)
    assert document is VALID or not jsonschema_rs.is_valid(json.loads(head), document)


@pytest.mark.parametrize("case", BREAKING_BY_PROMISE.values(), ids=BREAKING_BY_PROMISE)
def test_what_other_documents_and_validators_rely_on_is_held_to(case: tuple[str, str, set[str]]) -> None:
    old, new, rules = case
    assert breaking(compare("json-schema", JSON_SCHEMA, edited(JSON_SCHEMA, old, new))) >= rules - {
        "schema.type_changed"
    }


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS)
def test_what_refuses_nothing_is_not_held_against_the_change(case: tuple[str, str]) -> None:
    assert compare("json-schema", JSON_SCHEMA, edited(JSON_SCHEMA, *case)).problems == ()


@pytest.mark.parametrize(
    "draft", ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"]
)
def test_old_drafts_are_read_in_their_own_way(draft: str) -> None:
    base = json.dumps(
        {
            "$schema": draft,
            "id" if "04" in draft else "$id": "http://example.org/root.json",
            "definitions": {"size": {"id" if "04" in draft else "$id": "#size", "type": "integer", "minimum": 1}},
            "properties": {
                "a": {"$ref": "#size"},
                "b": {"$ref": "http://example.org/root.json#/definitions/size"},
                "c": {"type": "array", "items": [{"type": "string"}], "additionalItems": {"type": "integer"}},
            },
        }
    )
    assert compare("json-schema", base, base + " ").problems == ()
    assert breaking(compare("json-schema", base, edited(base, '"minimum": 1', '"minimum": 2'))) == {
        "schema.bound_changed"
    }
    closed = edited(base, '"additionalItems": {"type": "integer"}', '"additionalItems": false')
    assert breaking(compare("json-schema", base, closed)) == {"schema.type_changed"}


def test_a_recursive_schema_ends_and_is_compared_at_every_level() -> None:
    base = '{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "number"}}}}}'  # noqa: E501  one document
    assert compare("json-schema", base, base + " ").problems == ()
    (problem,) = compare("json-schema", base, edited(base, '"number"', '"integer"')).problems
    assert problem.pointer == "/$defs/node/properties/v"
    unrolled = edited(base, '{"$ref": "#/$defs/node", "$defs"', '{"allOf": [{"$ref": "#/$defs/node"}], "$defs"')
    assert compare("json-schema", base, unrolled).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"type": 5}',
        '{"required": "a"}',
        '{"allOf": {}}',
        '{"a": 1, "a": 2}',
        '{"minLength": -1}',
        '{"x": NaN}',
        '{"$ref": "#/nowhere"}',
        "\x00",
    ],
)
def test_what_is_no_schema_never_passes(text: str) -> None:
    assert compare("json-schema", None, text).unusable


def test_a_schema_that_was_wrong_before_is_only_told() -> None:
    base = '{"required": "a", "properties": {"a": {"type": "string"}}}'
    again = compare("json-schema", base, edited(base, "string", "text") + " ")
    assert {problem.rule for problem in again.unusable} == {"invalid"}
    assert told(compare("json-schema", base, base + " ")) == {"still_invalid"}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.sampled_from([0.5, 2.5, "", "a", "ab", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
_LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", "object", "array", ["string", "null"], "boolean"]),
        "enum": st.lists(st.sampled_from(["a", "b", 1, None, 2.0]), min_size=1, max_size=3, unique_by=repr),
        "minimum": st.integers(0, 5),
        "exclusiveMaximum": st.integers(4, 9),
        "maxLength": st.integers(0, 3),
        "minItems": st.integers(0, 2),
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
        "maxProperties": st.integers(0, 3),
        "uniqueItems": st.booleans(),
        "const": st.sampled_from(["a", 1]),
    },
)
_SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    _LEAVES | st.booleans(),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", ["object", "integer"]]),
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60)
@given(base=_SCHEMAS, head=_SCHEMAS, value=_VALUES)
def test_a_change_that_is_called_harmless_never_refuses_a_document_of_closed_shape(
    base: Any, head: Any, value: Any
) -> None:
    """Open objects are the stated exception: a new property may restrict a name that anybody could use."""
    found = compare("json-schema", json.dumps(base), json.dumps(head))
    if breaking(found) or _names(head) - _names(base):
        return
    if jsonschema_rs.is_valid(base, value):
        assert jsonschema_rs.is_valid(head, value), found


def _names(schema: Any) -> set[str]:
    """Every path of property names, so that a property that only the head describes is seen."""
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", {}))
    for keyword in ("anyOf", "allOf", "prefixItems"):
        for inner in schema.get(keyword, []):
            found |= _names(inner)
    for inner in (*schema.get("properties", {}).values(), schema.get("items"), schema.get("not")):
        found |= _names(inner)
    return found


@settings(deadline=None, max_examples=60)
@given(schema=_SCHEMAS)
def test_a_schema_compared_with_itself_breaks_nothing(schema: Any) -> None:
    text = json.dumps(schema)
    assert compare("json-schema", text, json.dumps(schema, indent=1)).problems == ()
