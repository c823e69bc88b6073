"""What a protobuf file declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_NUMBER = 2**29 - 1
MAX_ENUM_NUMBER = 2**31 - 1
_INTEGERS = ("int", "uint", "sint", "fixed", "sfixed")
SCALARS = frozenset(
    {"double", "float", "bool", "string", "bytes", *(f"{kind}{size}" for kind in _INTEGERS for size in (32, 64))}
)


Range = tuple[int, int]
"""First and last number."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Numbers and names that nothing may use."""

    ranges: tuple[Range, ...] = ()
    names: frozenset[str] = frozenset()

    def has(self, number: int) -> bool:
        """Whether a number is reserved."""
        return any(first <= number <= last for first, last in self.ranges)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``type`` is a scalar or the name of a type; ``label`` is ``implicit`` where none was written.

    ``oneof`` names the one that it belongs to. A map has the type ``map<key, value>`` and the label ``repeated``.
    """

    name: str
    number: int
    type: str
    label: str
    line: int
    oneof: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``name`` with those of the messages around it, without the package."""

    name: str
    line: int
    fields: tuple[Field, ...]
    reserved: Reserved
    extensions: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Enum:
    """One enumeration; ``values`` are names with their numbers and lines."""

    name: str
    line: int
    values: tuple[tuple[str, int, int], ...]
    reserved: Reserved


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method of a service."""

    name: str
    line: int
    request: str
    response: str
    client_streams: bool
    server_streams: bool
    idempotency: str


@dataclass(frozen=True, slots=True)
class ProtoFile:
    """One file. ``extensions`` are the fields that it adds to messages of others, by extended message and number."""

    syntax: str
    package: str
    options: Mapping[str, str]
    messages: Mapping[str, Message]
    enums: Mapping[str, Enum]
    services: Mapping[str, tuple[int, Mapping[str, Rpc]]]
    extensions: Mapping[tuple[str, int], Field]

    def resolved(self, written: str, scope: str) -> str:
        """A type's name as this file sees it from inside a message: without the package where it is its own."""
        if written in SCALARS or written.startswith("map<"):
            return written
        if written.startswith("."):
            return self._local(written[1:])
        parts = scope.split(".") if scope else []
        for depth in range(len(parts), -1, -1):
            name = ".".join((*parts[:depth], written))
            if name in self.messages or name in self.enums:
                return name
        return self._local(written)

    def knows(self, name: str) -> bool:
        """Whether a resolved name is a scalar or a type of this file."""
        return name in SCALARS or name in self.messages or name in self.enums

    def full_name(self, name: str) -> str:
        """A resolved name with the package, where this file declares it."""
        own = name in self.messages or name in self.enums
        return f"{self.package}.{name}" if own and self.package else name

    def _local(self, name: str) -> str:
        inside = name.removeprefix(f"{self.package}.") if self.package else name
        return inside if inside in self.messages or inside in self.enums else name


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that touch put together."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def covers(outer: Iterable[Range], inner: Range) -> bool:
    """Whether a range lies within others."""
    return any(first <= inner[0] and inner[1] <= last for first, last in merged(outer))
