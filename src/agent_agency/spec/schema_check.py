"""A reader of the few JSON Schema keywords that the packaged schemas use.

It exists so that advice from a schema needs no schema library at run time (cold start). Keywords: type, enum, const,
required, properties, additionalProperties (false), items, minItems, minLength, maxLength, minimum, maximum, pattern,
not.required and $ref within the document. Patterns are those of ECMA 262 that Python reads alike (``[0-9]``, no ``$``
before a newline).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Pointer = tuple[str | int, ...]
_KINDS: Mapping[str, str] = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of a schema: ``keyword`` in snake case, where, and in words; ``hint`` is the schema's own advice."""

    keyword: str
    pointer: Pointer
    message: str
    hint: str = ""
    at_key: bool = False


def breaches(schema: Mapping[str, Any], value: Any) -> Iterator[Breach]:
    """Yield each breach of ``schema`` in ``value``, outer ones first."""
    yield from _check(schema, schema, value, ())


def _check(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, at: Pointer) -> Iterator[Breach]:
    if "$ref" in schema:
        schema = _resolve(root, schema["$ref"])
    hint = str(schema.get("description", ""))
    kinds = schema.get("type")
    if kinds is not None:
        names = [kinds] if isinstance(kinds, str) else kinds
        if not any(is_kind(value, name) for name in names):
            wanted = " or ".join(_KINDS[name] for name in names)
            yield Breach("type", at, f"{name_of(at)} is not {wanted}", hint)
            return
    yield from _check_value(schema, value, at, hint)
    if isinstance(value, Mapping):
        yield from _check_mapping(root, schema, value, at)
    elif isinstance(value, list):
        yield from _check_list(root, schema, value, at, hint)


def _check_value(schema: Mapping[str, Any], value: Any, at: Pointer, hint: str) -> Iterator[Breach]:
    if "enum" in schema and not any(_same(value, allowed) for allowed in schema["enum"]):
        allowed = ", ".join(str(item) for item in schema["enum"])
        yield Breach("enum", at, f"{name_of(at)} is none of: {allowed}", hint)
    if "const" in schema and not _same(value, schema["const"]):
        yield Breach("const", at, f"{name_of(at)} is not {schema['const']}", hint)
    if isinstance(value, str):
        yield from _check_text(schema, value, at, hint)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield Breach("minimum", at, f"{name_of(at)} is below {schema['minimum']}", hint)
        if value > schema.get("maximum", value):
            yield Breach("maximum", at, f"{name_of(at)} is above {schema['maximum']}", hint)


def _check_text(schema: Mapping[str, Any], value: str, at: Pointer, hint: str) -> Iterator[Breach]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < least:
        yield Breach("min_length", at, f"{name_of(at)} is shorter than {least} characters", hint)
    if most is not None and len(value) > most:
        yield Breach("max_length", at, f"{name_of(at)} is longer than {most} characters", hint)
    if "pattern" in schema and not matches(schema["pattern"], value):
        yield Breach("pattern", at, f"{name_of(at)} does not have the right form", hint)


def _check_mapping(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: Mapping[str, Any], at: Pointer
) -> Iterator[Breach]:
    for key in schema.get("required", ()):
        if key not in value:
            yield Breach("required", (*at, key), f"{name_of((*at, key))} is missing", f"Add '{key}'.")
    for key in schema.get("not", {}).get("required", ()):
        if key in value:
            yield Breach("forbidden", (*at, key), f"{name_of((*at, key))} does not belong here", "", at_key=True)
    known = schema.get("properties", {})
    for key, inner in value.items():
        if key in known:
            yield from _check(root, known[key], inner, (*at, key))
        elif schema.get("additionalProperties") is False:
            yield Breach("unknown_key", (*at, key), f"{name_of((*at, key))} is not a known field", "", at_key=True)


def _check_list(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: list[Any], at: Pointer, hint: str
) -> Iterator[Breach]:
    if len(value) < schema.get("minItems", 0):
        yield Breach("min_items", at, f"{name_of(at)} is empty", hint)
    if "items" in schema:
        for index, item in enumerate(value):
            yield from _check(root, schema["items"], item, (*at, index))


def is_kind(value: Any, kind: str) -> bool:
    """Tell whether a value is of a JSON type; 2.0 is a whole number, true is none."""
    if kind == "integer":
        return _is_number(value) and float(value).is_integer()
    if kind == "number":
        return _is_number(value)
    classes: Mapping[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(value, classes[kind])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(value: Any, allowed: Any) -> bool:
    return bool(value == allowed) and isinstance(value, bool) == isinstance(allowed, bool)


def matches(pattern: str, text: str) -> bool:
    """Match as ECMA 262 does: ``$`` means the very end of the text."""
    return re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), text) is not None


def name_of(pointer: Pointer) -> str:
    """Name a node as people do: ``'scope.in[2]'``."""
    name = ""
    for part in pointer:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    return f"'{name.lstrip('.')}'" if name else "The document"


def _resolve(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    node: Any = root
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node  # type: ignore[no-any-return]  # a packaged schema; the tests hold its shape
