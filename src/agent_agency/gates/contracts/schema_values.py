"""What the keywords of a JSON schema allow, as values that can be compared.

Sources: JSON Schema drafts 4 to 2020-12 (validation vocabulary), OpenAPI 2.0, 3.0 and 3.1 (``nullable``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from agent_agency.gates.contracts.documents import Node, canonical

ATOMS = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
"""The types apart from one another: a ``number`` is an integer or a ``fraction``."""
COUNTS = {
    "minLength": "string",
    "maxLength": "string",
    "minItems": "array",
    "maxItems": "array",
    "minProperties": "object",
    "maxProperties": "object",
}
_TYPES: dict[type, str] = {str: "string", bool: "boolean", list: "array", dict: "object", int: "integer"}
_FREE_PATTERNS = frozenset({"", ".*", "^.*$", "^.*", ".*$"})
_WIDER_FORMATS = frozenset({("int32", "int64"), ("float", "double")})

Bound = tuple[float, int]


def types_of(leaves: Sequence[Node]) -> frozenset[str]:
    """The types that all leaves of a schema allow together."""
    allowed = ATOMS
    nullable = any(_member(leaf, "nullable") is True or _member(leaf, "x-nullable") is True for leaf in leaves)
    for leaf in leaves:
        if leaf.value is False:
            return frozenset()
        declared = _declared(_member(leaf, "type"))
        if declared is not None:
            allowed &= declared | ({"null"} if nullable else frozenset())
    values = enum_of(leaves)
    return allowed if values is None else allowed & {type_of(value) for value in values.values()}


def _declared(written: Any) -> frozenset[str] | None:
    names = [written] if isinstance(written, str) else written
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return frozenset(atom for name in names for atom in (("integer", "fraction") if name == "number" else (name,)))


def type_of(value: Any) -> str:
    """The type of a value."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "fraction"
    return _TYPES.get(type(value), "string")


def named_types(types: Iterable[str]) -> str:
    """Types as people write them."""
    names = set(types)
    if not names:
        return "nothing"
    if names >= ATOMS:
        return "anything"
    if "fraction" in names:
        names -= {"fraction", "integer"}
        names |= {"number"}
    return " or ".join(sorted(names))


def enum_of(leaves: Sequence[Node]) -> dict[str, Any] | None:
    """The only values that are allowed, by their canonical texts; ``None`` where no list of them is given."""
    found: dict[str, Any] | None = None
    for leaf in leaves:
        for values in _lists_of_values(leaf):
            listed = {canonical(value): value for value in values}
            found = listed if found is None else {key: found[key] for key in found if key in listed}
    return found


def _lists_of_values(leaf: Node) -> list[list[Any]]:
    if not isinstance(leaf.value, dict):
        return []
    listed = [[leaf.value["const"]]] if "const" in leaf.value else []
    values = leaf.value.get("enum")
    return [*listed, values] if isinstance(values, list) else listed


def count_of(leaves: Sequence[Node], keyword: str) -> float:
    """The tightest count that a keyword sets; for a missing one what sets no limit."""
    values: list[float] = [value for leaf in leaves if _is_number(value := _member(leaf, keyword))]
    if keyword.startswith("min"):
        return max([0.0, *values])
    return min([math.inf, *values])


def lower_bound(leaves: Sequence[Node]) -> Bound:
    """The least number and 1 where it is itself excluded."""
    return max([(-math.inf, 0), *_bounds(leaves, "minimum", "exclusiveMinimum", 1)])


def upper_bound(leaves: Sequence[Node]) -> Bound:
    """The greatest number and -1 where it is itself excluded."""
    return min([(math.inf, 0), *_bounds(leaves, "maximum", "exclusiveMaximum", -1)])


def _bounds(leaves: Sequence[Node], keyword: str, exclusive: str, sign: int) -> list[Bound]:
    found: list[Bound] = []
    for leaf in leaves:
        limit, excluded = _member(leaf, keyword), _member(leaf, exclusive)
        if _is_number(limit):
            found.append((limit, sign if excluded is True else 0))
        if _is_number(excluded):
            found.append((excluded, sign))
    return found


def multiples_of(leaves: Sequence[Node]) -> frozenset[Fraction]:
    """What every number must be a multiple of."""
    values = (_member(leaf, "multipleOf") for leaf in leaves)
    return frozenset(Fraction(str(value)) for value in values if _is_number(value) and value > 0)


def patterns_of(leaves: Sequence[Node]) -> frozenset[str]:
    """The patterns that a text must match, without those that match everything."""
    values = (_member(leaf, "pattern") for leaf in leaves)
    return frozenset(value for value in values if isinstance(value, str)) - _FREE_PATTERNS


def formats_of(leaves: Sequence[Node]) -> frozenset[str]:
    """The formats that are asked for."""
    values = (_member(leaf, "format") for leaf in leaves)
    return frozenset(value for value in values if isinstance(value, str))


def demands_format(source: frozenset[str], target: frozenset[str]) -> bool:
    """Whether the target asks for a format that what the source allows need not have."""
    new = target - source
    return any(not any((known, wanted) in _WIDER_FORMATS for known in source) for wanted in new)


def is_unique(leaves: Sequence[Node]) -> bool:
    """Whether entries must differ."""
    return any(_member(leaf, "uniqueItems") is True for leaf in leaves)


def takes(leaves: Sequence[Node], value: Any) -> bool:
    """Whether a single value keeps to the bounds of a schema; a pattern or format is not tried, so it takes nothing."""
    if isinstance(value, str):
        low, high = count_of(leaves, "minLength"), count_of(leaves, "maxLength")
        return low <= len(value) <= high and not patterns_of(leaves) and not formats_of(leaves)
    if _is_number(value):
        multiple = all(Fraction(str(value)) % step == 0 for step in multiples_of(leaves))
        return multiple and lower_bound(leaves) <= (value, 0) <= upper_bound(leaves)
    if isinstance(value, list):
        return count_of(leaves, "minItems") <= len(value) <= count_of(leaves, "maxItems") and not is_unique(leaves)
    if isinstance(value, dict):
        return count_of(leaves, "minProperties") <= len(value) <= count_of(leaves, "maxProperties")
    return True


def _member(leaf: Node, key: str) -> Any:
    return leaf.value.get(key) if isinstance(leaf.value, dict) else None


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
