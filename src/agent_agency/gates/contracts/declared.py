"""The contract files that a working spec declares, in the words of every profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.gates.contracts.model import Form, Unreadable

_FORMS: Mapping[str, Form] = {
    "openapi": Form.OPENAPI,
    "swagger": Form.OPENAPI,
    "graphql": Form.GRAPHQL,
    "proto": Form.PROTOBUF,
    "protobuf": Form.PROTOBUF,
    "grpc": Form.PROTOBUF,
    "jsonschema": Form.JSON_SCHEMA,
    "json-schema": Form.JSON_SCHEMA,
    "json_schema": Form.JSON_SCHEMA,
}
_TOLD_BY_CONTENT = frozenset({"api", "schema"})
_SUFFIXES: Mapping[str, Form] = {
    ".graphql": Form.GRAPHQL,
    ".graphqls": Form.GRAPHQL,
    ".gql": Form.GRAPHQL,
    ".proto": Form.PROTOBUF,
}
_DATA = (".json", ".yaml", ".yml")
_SCHEMA_SIGNS = frozenset(
    {"$schema", "properties", "definitions", "$defs", "oneOf", "anyOf", "allOf", "items", "enum", "$ref", "required"}
)


@dataclass(frozen=True, slots=True)
class Declared:
    """One contract of a spec: its type as written, and its file from the repository's root."""

    type: str
    path: str


def declared_contracts(document: Mapping[str, Any]) -> Iterator[Declared]:
    """The contracts of a spec that name a file, each file once."""
    listed = document.get("contracts")
    seen: set[Declared] = set()
    for entry in listed if isinstance(listed, list) else ():
        written = entry.get("path") if isinstance(entry, dict) else None
        kind = entry.get("type") if isinstance(entry, dict) else None
        if not isinstance(written, str):
            continue
        path = written.partition("#")[0].strip().removeprefix("./").rstrip("/")
        contract = Declared(kind.strip().lower() if isinstance(kind, str) else "", path)
        if path and contract not in seen:
            seen.add(contract)
            yield contract


def is_candidate(kind: str, path: str) -> bool:
    """Whether a file in a folder that a spec declares can be a contract of this type."""
    form = _FORMS.get(kind)
    suffix = _suffix(path)
    if form in {Form.GRAPHQL, Form.PROTOBUF}:
        return _SUFFIXES.get(suffix) is form
    if form is None:
        return kind in _TOLD_BY_CONTENT and (suffix in _SUFFIXES or suffix in _DATA)
    return suffix in _DATA


def form_of(kind: str, path: str, *states: bytes | None) -> Form | None:
    """The form of a contract: as its type says, else as the first of the file's states shows that can be read.

    Args:
        kind: the type that the spec gives it.
        path: its file.
        states: its content, the base's first: what was an OpenAPI document at the base is held to that.

    Returns:
        ``None`` for what is not compared.
    """
    if kind in _FORMS:
        return _FORMS[kind]
    suffix = _suffix(path)
    if kind not in _TOLD_BY_CONTENT:
        return None
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if suffix not in _DATA:
        return None
    forms = [_form_of_data(data, path) for data in states if data is not None]
    readable = [form for form in forms if form != _BROKEN]
    if forms and not readable:
        return Form.OPENAPI if kind == "api" else Form.JSON_SCHEMA
    return next((Form(form) for form in readable if form), None)


_BROKEN = "broken"


def _form_of_data(data: bytes, path: str) -> str:
    from agent_agency.gates.contracts.documents import read_document
    from agent_agency.gates.contracts.model import MAX_BYTES

    if len(data) > MAX_BYTES:
        return _BROKEN
    try:
        value = read_document(data, path).value
    except Unreadable:
        return _BROKEN
    if not isinstance(value, dict) or "asyncapi" in value:
        return ""
    if "openapi" in value or "swagger" in value:
        return Form.OPENAPI
    schema = value.get("$schema")
    foreign = isinstance(schema, str) and "json-schema.org" not in schema
    return Form.JSON_SCHEMA if not foreign and (_SCHEMA_SIGNS & value.keys() or _is_type(value)) else ""


def _is_type(value: Mapping[str, Any]) -> bool:
    return value.get("type") in ("object", "array", "string", "number", "integer", "boolean")


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2].lower()
    return f".{name.rpartition('.')[2]}" if "." in name else ""
