"""Whether a finished document keeps the bounds that its grammar did not count to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_KINDS: Mapping[str, Any] = MappingProxyType(
    {
        "object": dict,
        "array": list,
        "string": str,
        "number": (int, float),
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
)


def keeps_bounds(schema: Mapping[str, Any], text: str) -> bool:
    """Whether a document that a grammar of this schema let through is whole and no longer than the schema allows."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return _keeps(schema, value)


def _keeps(schema: Mapping[str, Any], value: object) -> bool:
    if "anyOf" in schema:
        return any(_is_of(one, value) and _keeps(one, value) for one in schema["anyOf"])
    if isinstance(value, str):
        return _within(schema, "minLength", "maxLength", len(value))
    if isinstance(value, list):
        size = _within(schema, "minItems", "maxItems", len(value))
        return size and all(_keeps(schema.get("items", {}), one) for one in value)
    if isinstance(value, dict):
        members = schema.get("properties", {})
        return all(_keeps(members[name], one) for name, one in value.items() if name in members)
    return True


def _within(schema: Mapping[str, Any], low: str, high: str, size: int) -> bool:
    least, most = schema.get(low, 0), schema.get(high)
    return bool(least <= size and (most is None or size <= most))


def _is_of(schema: Mapping[str, Any], value: object) -> bool:
    """Whether an alternative of ``anyOf`` is the one that a value was written by, as far as types tell."""
    if "const" in schema or "enum" in schema:
        return value in (schema.get("enum") or [schema.get("const")])
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return any(_KINDS.get(str(kind), object) is object or isinstance(value, _KINDS[str(kind)]) for kind in kinds)
