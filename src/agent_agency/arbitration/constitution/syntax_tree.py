"""The syntax tree of a condition, read from what the CEL compiler serialises.

The compiler hands out its tree only as a ``cel.expr.CheckedExpr`` message (cel-spec,
``checked.proto`` and ``syntax.proto``). Its wire form is read here by hand: the few fields that are needed, without
30 ms of import for a protobuf runtime.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | bytes | None

_SIGN_BIT = 1 << 63
_WRAP = 1 << 64
_VARINT, _FIXED64, _LENGTH = 0, 1, 2
_TYPE_MAP = 3
_PRIMITIVES = ("other", "bool", "int", "uint", "double", "string", "bytes")
_TYPES = MappingProxyType({1: "dyn", 2: "null", 9: "record"})
_PRIMITIVE_TYPE, _LIST_TYPE = 3, 6

_CONSTANT, _NAME, _SELECT, _CALL, _LIST, _STRUCT, _FOLD = 3, 4, 5, 6, 7, 8, 9


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; ``kind`` is null, bool, int, uint, double, string, bytes or other."""

    id: int
    kind: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``has(operand.field)`` where ``test`` is set."""

    id: int
    operand: Node
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator over its arguments; the receiver of ``a.f(b)`` is the first of them."""

    id: int
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list literal."""

    id: int
    elements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Struct:
    """A map or message literal; what is in it is of no interest, as it is refused."""

    id: int


@dataclass(frozen=True, slots=True)
class Fold:
    """A comprehension: ``all``, ``exists``, ``exists_one``, ``map`` and ``filter`` are expanded to this."""

    id: int
    variable: str
    source: Node
    accumulator: str
    initial: Node
    proceed: Node
    step: Node
    result: Node


Node: TypeAlias = Constant | Name | Select | Call | ListOf | Struct | Fold


def read_tree(serialised: bytes) -> Node:
    """Read what ``Expression.serialize()`` gave for a condition that was checked.

    The same rules are asked in case after case of a process: a tree that was read is given again. It is known by the
    expression's own bytes, as the compiler writes the tables beside it in another order each time.

    Raises:
        ValueError: the bytes are no such message.
    """
    return _tree(_bytes(_checked(serialised).get(4)))


@lru_cache(maxsize=1024)
def _tree(expression: bytes) -> Node:
    return _node(expression)


def read_offsets(serialised: bytes) -> dict[int, int]:
    """Read where the nodes stand in the text, in characters from 0, by id.

    Raises:
        ValueError: the bytes are no serialised condition.
    """
    source = _fields(_bytes(_checked(serialised).get(5, b"")))
    entries = (dict(_fields(_bytes(value))) for number, value in source if number == 4)  # noqa: PLR2004 - positions
    return {_number(entry.get(1)): _number(entry.get(2)) for entry in entries}


def read_types(serialised: bytes) -> dict[int, str]:
    """Read the types that the compiler found, by node: ``int``, ``record``, ``list(string)``, ``dyn`` and so on.

    Raises:
        ValueError: the bytes are no serialised condition.
    """
    fields = _fields(_bytes(dict(_fields(serialised)).get(2)))
    entries = (dict(_fields(_bytes(value))) for number, value in fields if number == _TYPE_MAP)
    return {_number(entry.get(1)): _type(_bytes(entry.get(2))) for entry in entries}


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below one, in the order of the text."""
    if isinstance(node, Select):
        return (node.operand,)
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, ListOf):
        return node.elements
    if isinstance(node, Fold):
        return (node.source, node.initial, node.proceed, node.step, node.result)
    return ()


def every_node(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from every_node(child)


def _checked(serialised: bytes) -> dict[int, int | bytes]:
    """The fields of the ``CheckedExpr`` in an envelope that tells its type."""
    return dict(_fields(_bytes(dict(_fields(serialised)).get(2))))


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, form = tag >> 3, tag & 7
        if form == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif form == _LENGTH:
            length, at = _varint(data, at)
            if at + length > end:
                raise ValueError("a serialised condition is cut short")
            yield number, data[at : at + length]
            at += length
        elif form == _FIXED64 and at + 8 <= end:
            yield number, data[at : at + 8]
            at += 8
        else:
            raise ValueError(f"a serialised condition holds wire type {form}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint has no high bit
            return value, at
        shift += 7
    raise ValueError("a serialised condition is cut short")


def _bytes(value: int | bytes | None) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a serialised condition lacks a message")  # noqa: TRY004 - a defect of the data
    return value


def _number(value: int | bytes | None) -> int:
    if value is None:
        return 0
    if isinstance(value, bytes):
        raise ValueError("a serialised condition has a message for a number")  # noqa: TRY004 - a defect of the data
    return value - _WRAP if value & _SIGN_BIT else value


def _text(value: int | bytes | None) -> str:
    return "" if value is None else _bytes(value).decode("utf-8")


def _node(data: bytes) -> Node:
    identity = 0
    for number, value in _fields(data):
        if number == 2:  # noqa: PLR2004 - the field of the id
            identity = _number(value)
        elif number in _READERS:
            return _READERS[number](identity, _bytes(value))
    raise ValueError("a serialised condition has a node of no known kind")


def _constant(identity: int, data: bytes) -> Node:
    for number, value in _fields(data):
        if number == 2:  # noqa: PLR2004 - bool_value
            return Constant(identity, "bool", bool(value))
        if number in {3, 4}:
            return Constant(identity, "int" if number == 3 else "uint", _number(value))  # noqa: PLR2004 - int64_value
        if number == 5:  # noqa: PLR2004 - double_value
            return Constant(identity, "double", struct.unpack("<d", _bytes(value))[0])
        if number == 6:  # noqa: PLR2004 - string_value
            return Constant(identity, "string", _text(value))
    kinds = {number for number, _ in _fields(data)}
    return Constant(identity, "null" if kinds == {1} else "other", None)


def _name(identity: int, data: bytes) -> Node:
    return Name(identity, _text(dict(_fields(data)).get(1)))


def _select(identity: int, data: bytes) -> Node:
    fields = dict(_fields(data))
    return Select(identity, _node(_bytes(fields.get(1))), _text(fields.get(2)), bool(fields.get(3)))


def _call(identity: int, data: bytes) -> Node:
    fields = list(_fields(data))
    receiver = [_node(_bytes(value)) for number, value in fields if number == 1]
    arguments = [_node(_bytes(value)) for number, value in fields if number == 3]  # noqa: PLR2004 - args
    return Call(identity, _text(dict(fields).get(2)), (*receiver, *arguments))


def _list(identity: int, data: bytes) -> Node:
    return ListOf(identity, tuple(_node(_bytes(value)) for number, value in _fields(data) if number == 1))


def _struct(identity: int, _: bytes) -> Node:
    return Struct(identity)


def _fold(identity: int, data: bytes) -> Node:
    fields = dict(_fields(data))
    source, initial, proceed, step, result = (_node(_bytes(fields.get(number))) for number in (2, 4, 5, 6, 7))
    return Fold(identity, _text(fields.get(1)), source, _text(fields.get(3)), initial, proceed, step, result)


_READERS = MappingProxyType(
    {_CONSTANT: _constant, _NAME: _name, _SELECT: _select, _CALL: _call, _LIST: _list, _STRUCT: _struct, _FOLD: _fold}
)


def _type(data: bytes) -> str:
    for number, value in _fields(data):
        if number == _PRIMITIVE_TYPE:
            index = _number(value)
            return _PRIMITIVES[index] if index < len(_PRIMITIVES) else "other"
        if number == _LIST_TYPE:
            return f"list({_type(_bytes(dict(_fields(_bytes(value))).get(1, b'')))})"
        return _TYPES.get(number, "other")
    return "other"
