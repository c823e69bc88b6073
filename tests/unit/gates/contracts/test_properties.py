"""What holds for every contract: sameness is harmless, additions are, deletions never."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.contracts import breaking, compare

_NAMES = st.sampled_from(["id", "name", "kind", "size", "owner", "note"])
_LEAF = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 0},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "boolean"},
        {"type": "string", "format": "date", "nullable": True},
        {"$ref": "#/components/schemas/Shared"},
    ]
)


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(set(required) & set(properties))}


_OBJECT = st.builds(_object, st.dictionaries(_NAMES, _LEAF, min_size=1, max_size=4), st.lists(_NAMES, max_size=3))
_SCHEMA = _OBJECT | st.builds(lambda items: {"type": "array", "items": items}, _OBJECT) | _LEAF
_CONTENT = st.builds(lambda schema: {"application/json": {"schema": schema}}, _SCHEMA)
_OPERATION = st.builds(
    lambda sent, received, query: {
        **({"requestBody": {"content": sent}} if sent else {}),
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in query],
        "responses": {"200": {"description": "ok", "content": received}},
    },
    st.none() | _CONTENT,
    _CONTENT,
    st.lists(_NAMES, max_size=2, unique=True),
)
_PATHS = st.dictionaries(
    st.sampled_from(["/a", "/a/{id}", "/b", "/b/{id}/c"]),
    st.dictionaries(st.sampled_from(["get", "post", "put", "delete"]), _OPERATION, min_size=1, max_size=3),
    min_size=1,
    max_size=3,
)


@st.composite
def apis(draw: st.DrawFn) -> dict[str, Any]:
    shared = draw(_OBJECT.filter(lambda schema: "#/components" not in json.dumps(schema)))
    return {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": draw(_PATHS),
        "components": {"schemas": {"Shared": shared}},
    }


def objects(node: Any) -> list[dict[str, Any]]:
    found = [node] if isinstance(node, dict) and node.get("type") == "object" else []
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found + [inner for child in children for inner in objects(child)]


@settings(deadline=None, max_examples=60)
@given(api=apis())
def test_an_api_compared_with_itself_has_no_problem(api: dict[str, Any]) -> None:
    assert compare("openapi", json.dumps(api), json.dumps(api, indent=2)).problems == ()


@settings(deadline=None, max_examples=60)
@given(api=apis(), data=st.data())
def test_an_optional_property_never_breaks(api: dict[str, Any], data: st.DataObject) -> None:
    grown = copy.deepcopy(api)
    for schema in objects(grown):
        if data.draw(st.booleans()):
            schema["properties"]["added"] = data.draw(_LEAF)
    assert compare("openapi", json.dumps(api), json.dumps(grown)).problems == ()


@settings(deadline=None, max_examples=60)
@given(api=apis(), operation=_OPERATION)
def test_a_new_operation_never_breaks(api: dict[str, Any], operation: dict[str, Any]) -> None:
    grown = copy.deepcopy(api)
    for item in grown["paths"].values():
        item["patch"] = operation
    grown["paths"]["/new"] = {"get": operation}
    assert compare("openapi", json.dumps(api), json.dumps(grown)).problems == ()


@settings(deadline=None, max_examples=60)
@given(api=apis(), data=st.data())
def test_a_deleted_operation_always_breaks(api: dict[str, Any], data: st.DataObject) -> None:
    shrunk = copy.deepcopy(api)
    path = data.draw(st.sampled_from(sorted(shrunk["paths"])))
    del shrunk["paths"][path][data.draw(st.sampled_from(sorted(shrunk["paths"][path])))]
    found = breaking(compare("openapi", json.dumps(api), json.dumps(shrunk)))
    assert found & {"openapi.operation_removed", "openapi.path_removed"}


@settings(deadline=None, max_examples=60)
@given(api=apis(), data=st.data())
def test_what_is_received_and_goes_always_breaks(api: dict[str, Any], data: st.DataObject) -> None:
    shrunk = copy.deepcopy(api)
    responses = [operation["responses"] for item in shrunk["paths"].values() for operation in item.values()]
    received = [schema for response in responses for schema in objects(response)]
    if not received:
        return
    schema = data.draw(st.sampled_from(received))
    name = data.draw(st.sampled_from(sorted(schema["properties"])))
    del schema["properties"][name]
    schema["required"] = [other for other in schema["required"] if other != name]
    assert "schema.property_removed" in breaking(compare("openapi", json.dumps(api), json.dumps(shrunk)))


_FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["string", "int32", "bool", "repeated bytes", "optional int64", "M", "map<string, M>"]),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda field: field[1],
)


def _proto(fields: list[tuple[str, int]]) -> str:
    lines = [f"  {kind} f{number} = {number};" for kind, number in fields]
    return "\n".join(['syntax = "proto3";', "message M {", *lines, "}"])


@settings(deadline=None, max_examples=60)
@given(fields=_FIELDS, data=st.data())
def test_fields_of_a_message_may_come_and_may_not_go(fields: list[tuple[str, int]], data: st.DataObject) -> None:
    base = _proto(fields)
    assert compare("protobuf", base, _proto(fields[::-1])).problems == ()
    assert compare("protobuf", base, _proto([*fields, ("double", 70)])).problems == ()
    gone = data.draw(st.sampled_from(fields))
    without = _proto([field for field in fields if field != gone])
    assert breaking(compare("protobuf", base, without)) == {"protobuf.field_removed"}


_TYPES = st.dictionaries(
    st.sampled_from("abcde"), st.sampled_from(["Int", "String!", "[ID!]", "Query"]), min_size=1, max_size=4
)


@settings(deadline=None, max_examples=60)
@given(fields=_TYPES, data=st.data())
def test_fields_of_a_graph_may_come_and_may_not_go(fields: dict[str, str], data: st.DataObject) -> None:
    def sdl(members: dict[str, str]) -> str:
        return "type Query {\n" + "\n".join(f"  {name}: {kind}" for name, kind in members.items()) + "\n  z: Int\n}\n"

    assert compare("graphql", sdl(fields), "# same\n" + sdl(fields)).problems == ()
    assert compare("graphql", sdl(fields), sdl({**fields, "added": "Int"})).problems == ()
    gone = data.draw(st.sampled_from(sorted(fields)))
    without = {name: kind for name, kind in fields.items() if name != gone}
    assert breaking(compare("graphql", sdl(fields), sdl(without))) == {"graphql.field_removed"}
