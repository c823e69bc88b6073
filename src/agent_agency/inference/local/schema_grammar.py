"""JSON schemas as grammars of compact JSON, for the part of JSON Schema that judges' answers use.

A library's own grammar of a schema lets white space in between all parts, on which a weak model spends its whole
budget. Here a document has none, its members stand in the schema's order, and all of them are written, the optional
ones too: less than the schema allows, and nothing that it forbids.

Two bounds are not part of the grammar where they are large, because it would take minutes to prepare: the longest
string and the longest list. `keeps_bounds` is for afterwards.

Source of the notation: the xgrammar documentation, "EBNF grammar", which is llama.cpp's GBNF.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Never

from agent_agency.errors import EngineError

MAX_COUNTED = 64
"""The largest bound of a length that the grammar counts to; a string of up to 600 takes minutes to prepare."""
MAX_DEPTH = 16
MAX_ENUMERATED = 200
_DIGITS = 15
_CHARACTER = r'[^"\\\x00-\x1f\x7f] | "\\" ["\\/bfnrt]'
_INTEGER = f'("0" | [1-9] [0-9]{{0,{_DIGITS - 1}}})'
_DECIMALS = '("." [0-9] [0-9]?)?'
_SAID = frozenset({"title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated"})
_KNOWN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "object": frozenset({"properties", "required", "additionalProperties"}),
        "array": frozenset({"items", "minItems", "maxItems"}),
        "string": frozenset({"minLength", "maxLength"}),
        "number": frozenset({"minimum", "maximum"}),
        "integer": frozenset({"minimum", "maximum"}),
        "boolean": frozenset(),
        "null": frozenset(),
    }
)
_VALUES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "object": (dict,),
        "array": (list, tuple),
        "string": (str,),
        "number": (int, float),
        "integer": (int,),
        "boolean": (bool,),
        "null": (type(None),),
    }
)


def grammar_of(schema: Mapping[str, Any]) -> str:
    """The grammar of a schema's documents.

    Raises:
        EngineError: ``engine.schema_unsupported``: it asks for something that the grammar could not hold to.
    """
    rules = _Rules()
    root = rules.of(schema, "", 0)
    return rules.text(root)


class _Rules:
    """The rules as they are made, one for each part of the schema."""

    def __init__(self) -> None:
        self._rules: list[str] = []

    def text(self, root: str) -> str:
        lines = [f"root ::= {root}", *self._rules, f"character ::= {_CHARACTER}"]
        return "\n".join(lines) + "\n"

    def of(self, schema: object, place: str, depth: int) -> str:
        """The name of the rule for one part."""
        if not isinstance(schema, Mapping):
            _refuse(place, "it is no schema")
        if depth > MAX_DEPTH:
            _refuse(place, f"it is nested more than {MAX_DEPTH} deep")
        name = f"part{len(self._rules)}"
        self._rules.append("")
        at = len(self._rules) - 1
        self._rules[at] = f"{name} ::= {self._body(schema, place, depth)}"
        return name

    def _body(self, schema: Mapping[str, Any], place: str, depth: int) -> str:
        if "const" in schema or "enum" in schema:
            return _constants(schema, place)
        if "anyOf" in schema:
            _only(schema, {"anyOf"}, place)
            parts = [self.of(one, place, depth + 1) for one in _list(schema["anyOf"], place, "anyOf")]
            return " | ".join(parts)
        kinds = schema.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if not all(isinstance(kind, str) and kind in _KNOWN for kind in kinds) or not kinds:
            _refuse(place, "it names no type")
        _only(schema, {"type"}.union(*(_KNOWN[kind] for kind in kinds)), place)
        makers: Mapping[str, Callable[[Mapping[str, Any], str, int], str]] = {
            "object": self._object,
            "array": self._array,
            "string": _string,
            "number": _number,
            "integer": _whole_number,
            "boolean": lambda *_: '"true" | "false"',
            "null": lambda *_: '"null"',
        }
        return " | ".join(makers[kind](schema, place, depth) for kind in kinds)

    def _object(self, schema: Mapping[str, Any], place: str, depth: int) -> str:
        members = schema.get("properties", {})
        if not isinstance(members, Mapping):
            _refuse(place, "its properties are no object")
        required = schema.get("required", ())
        if not isinstance(required, list | tuple) or not all(isinstance(name, str) for name in required):
            _refuse(place, "its required is no list of names")
        missing = [name for name in required if name not in members]
        if missing:
            _refuse(place, f"it requires {missing[0]!r} without saying what that is")
        parts = [
            f"{_literal(json.dumps(name, ensure_ascii=False) + ':')} {self.of(member, f'{place}/{name}', depth + 1)}"
            for name, member in members.items()
        ]
        return " ".join(['"{"', ' "," '.join(parts), '"}"'])

    def _array(self, schema: Mapping[str, Any], place: str, depth: int) -> str:
        if "items" not in schema:
            _refuse(place, "it does not say what its items are")
        item = self.of(schema["items"], f"{place}/[]", depth + 1)
        least, most = _bounds(schema, "minItems", "maxItems", place)
        if most == 0:
            return '"[]"'
        more = f'("," {item}){_repeat(max(0, least - 1), None if most is None else most - 1)}'
        filled = f'"[" {item} {more} "]"'
        return filled if least else f'"[]" | {filled}'


def _string(schema: Mapping[str, Any], place: str, _: int) -> str:
    least, most = _bounds(schema, "minLength", "maxLength", place)
    return rf'"\"" character{_repeat(least, most)} "\""'


def _number(schema: Mapping[str, Any], place: str, _: int) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return f'"-"? {_INTEGER} {_DECIMALS}'
    if low == 0 and high is None:
        return f"{_INTEGER} {_DECIMALS}"
    first, last = _range(low, high, place)
    if first < 0:
        _refuse(place, "it is a range of numbers that begins below 0")
    below = [f'"{one}" {_DECIMALS}' for one in range(first, last)]
    return " | ".join([*below, f'"{last}" (".0" "0"?)?'])


def _whole_number(schema: Mapping[str, Any], place: str, _: int) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return f'"-"? {_INTEGER}'
    if low == 0 and high is None:
        return _INTEGER
    first, last = _range(low, high, place)
    return _choice([str(one) for one in range(first, last + 1)])


def _range(low: object, high: object, place: str) -> tuple[int, int]:
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int | float) or bound != int(bound):
            _refuse(place, "its least and greatest number are not both whole numbers")
    first, last = int(low), int(high)  # type: ignore[call-overload]
    if not 0 <= last - first <= MAX_ENUMERATED:
        _refuse(place, f"its numbers reach over more than {MAX_ENUMERATED} whole ones, or over none")
    return first, last


def _constants(schema: Mapping[str, Any], place: str) -> str:
    _only(schema, {"const", "enum", "type"}, place)
    if "const" in schema and "enum" in schema:
        _refuse(place, "it has both const and enum")
    values = [schema["const"]] if "const" in schema else _list(schema["enum"], place, "enum")
    kinds = schema.get("type", list(_VALUES))
    kinds = kinds if isinstance(kinds, list) else [kinds]
    fitting = [value for value in values if any(_is_a(value, kind) for kind in kinds)]
    if not fitting:
        _refuse(place, "none of its constants is of its type")
    return _choice([json.dumps(value, separators=(",", ":"), allow_nan=False) for value in fitting])


def _is_a(value: object, kind: object) -> bool:
    """Whether a constant is of a type; true and false are no numbers, and 1.0 is a whole one."""
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    is_bool = isinstance(value, bool)
    return isinstance(kind, str) and isinstance(value, _VALUES.get(kind, ())) and is_bool <= (kind == "boolean")


def _choice(texts: Sequence[str]) -> str:
    """One of some texts, with what they begin with in common written once.

    The library (OpenVINO GenAI 2026.4) mixes up plain alternatives of which some begin alike: where 0.6 and 0.65 stood
    among twenty, it went on with 0.6666. Alternatives that differ in their first character it keeps apart, as long as
    they are ASCII: of those that are not it mixes up the bytes, so that JSON's escapes must stand for these.
    """
    groups: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        groups.setdefault(text[:1], []).append(text)
    ends = groups.pop("", None) is not None
    branches = []
    for group in groups.values():
        start = _common_start(group)
        rest = _choice([text[len(start) :] for text in group])
        branches.append(f"{_literal(start)} {rest}" if rest else _literal(start))
    if not branches:
        return ""
    return f"({' | '.join(branches)}){'?' if ends else ''}"


def _common_start(texts: Sequence[str]) -> str:
    low, high = min(texts), max(texts)
    return next((low[:at] for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), low)


def _bounds(schema: Mapping[str, Any], low: str, high: str, place: str) -> tuple[int, int | None]:
    least, most = schema.get(low, 0), schema.get(high)
    for bound in (least, 0 if most is None else most):
        if isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
            _refuse(place, f"{low} or {high} is no number of things")
    if least > MAX_COUNTED:
        _refuse(place, f"{low} is above {MAX_COUNTED}")
    if most is not None and most < least:
        _refuse(place, f"{high} is below {low}")
    return least, most if most is None or most <= MAX_COUNTED else None


def _repeat(least: int, most: int | None) -> str:
    if most is None:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least},{most}}}"


def _literal(text: str) -> str:
    """A text as the notation quotes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _list(value: object, place: str, what: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or not value:
        _refuse(place, f"its {what} is empty or no list")
    return value


def _only(schema: Mapping[str, Any], known: set[str], place: str) -> None:
    other = sorted(set(schema) - known - _SAID)
    if other:
        _refuse(place, f"it uses {other[0]!r}, or uses it together with what does not go with it here")


def _refuse(place: str, problem: str) -> Never:
    raise EngineError(
        f"The engine cannot keep to this schema: at {place or 'its root'} {problem}",
        fix="Simplify the schema, or ask without one and check the answer.",
        code="engine.schema_unsupported",
    )
