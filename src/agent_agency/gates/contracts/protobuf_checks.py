"""What protoc refuses in a file that is written as the grammar asks."""

from __future__ import annotations

from agent_agency.gates.contracts.documents import shown
from agent_agency.gates.contracts.model import Unreadable
from agent_agency.gates.contracts.protobuf_model import MAX_ENUM_NUMBER, MAX_NUMBER, Enum, Message

_OF_PROTOBUF = range(19_000, 20_000)


def check_number(number: int, name: str, line: int) -> None:
    """Refuse a field number that no field may have."""
    if not 1 <= number <= MAX_NUMBER or number in _OF_PROTOBUF:
        raise Unreadable(f"the field {shown(name)} may not have the number {number}", line)


def check_message(message: Message) -> None:
    """Refuse numbers and names that are used twice, or used and reserved."""
    numbers: set[int] = set()
    names: set[str] = set()
    for field in message.fields:
        where = f"{shown(message.name)}.{shown(field.name)}"
        if field.number in numbers:
            raise Unreadable(f"the number {field.number} of {where} is used twice", field.line)
        if field.name in names:
            raise Unreadable(f"{where} is declared twice", field.line)
        if message.reserved.has(field.number) or field.name in message.reserved.names:
            raise Unreadable(f"{where} uses a number or a name that is reserved", field.line)
        numbers.add(field.number)
        names.add(field.name)


def check_enum(enum: Enum, syntax: str, *, aliases: bool) -> None:
    """Refuse values that are used twice or reserved, and an open enumeration that does not begin with 0."""
    if not enum.values:
        raise Unreadable(f"the enumeration {shown(enum.name)} has no value", enum.line)
    if syntax == "proto3" and enum.values[0][1] != 0:
        raise Unreadable(f"the first value of {shown(enum.name)} must be 0", enum.values[0][2])
    numbers: set[int] = set()
    names: set[str] = set()
    for name, number, line in enum.values:
        where = f"{shown(enum.name)}.{shown(name)}"
        if name in names or (number in numbers and not aliases):
            raise Unreadable(f"{where} has the name or the number of another value", line)
        if not -MAX_ENUM_NUMBER - 1 <= number <= MAX_ENUM_NUMBER:
            raise Unreadable(f"{where} may not have the number {number}", line)
        if enum.reserved.has(number) or name in enum.reserved.names:
            raise Unreadable(f"{where} uses a number or a name that is reserved", line)
        numbers.add(number)
        names.add(name)
