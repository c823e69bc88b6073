"""Protobuf files: what the head breaks on the wire, in JSON or in generated code.

The rules are those of buf's categories WIRE, WIRE_JSON and FILE, with one liberty of the former: a field or value may
go when its number is reserved.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent_agency.gates.contracts.documents import shown
from agent_agency.gates.contracts.model import NAME_NOT_RESERVED, ContractComparison, ContractProblem
from agent_agency.gates.contracts.protobuf_model import (
    Enum,
    Field,
    Message,
    ProtoFile,
    Reserved,
    Rpc,
    covers,
)

_FILE_OPTIONS = (
    "go_package",
    "java_package",
    "java_outer_classname",
    "java_multiple_files",
    "java_string_check_utf8",
    "csharp_namespace",
    "objc_class_prefix",
    "php_class_prefix",
    "php_namespace",
    "php_metadata_namespace",
    "ruby_package",
    "swift_prefix",
    "optimize_for",
    "cc_generic_services",
    "java_generic_services",
    "py_generic_services",
)
_FIELD_OPTIONS = ("jstype", "ctype", "default", "features.utf8_validation", "features.message_encoding")


def compare_protobuf(base: ProtoFile | None, head: ProtoFile, path: str) -> ContractComparison:
    """What breaks for those who use the base's file."""
    problems = [] if base is None else list(_Comparison(base, head, path).problems())
    rpcs = sum(len(rpcs) for _, rpcs in head.services.values())
    return ContractComparison(tuple(problems), rpcs, len(head.messages) + len(head.enums), base is not None)


class _Comparison:
    def __init__(self, base: ProtoFile, head: ProtoFile, path: str) -> None:
        self._base = base
        self._head = head
        self._path = path

    def problems(self) -> Iterator[ContractProblem]:
        yield from self._file()
        for name, message in self._base.messages.items():
            remaining = self._head.messages.get(name)
            if remaining is None:
                yield self._broken("message_removed", f"the message {shown(name)} was removed", None, name)
            else:
                yield from self._message(message, remaining)
        for name, enum in self._base.enums.items():
            kept = self._head.enums.get(name)
            if kept is None:
                yield self._broken("enum_removed", f"the enumeration {shown(name)} was removed", None, name)
            else:
                yield from self._enum(enum, kept)
        yield from self._services()
        yield from self._extensions()

    def _file(self) -> Iterator[ContractProblem]:
        base, head = self._base, self._head
        if base.package != head.package:
            told = f"the package was {_or_none(base.package)} and is {_or_none(head.package)}"
            yield self._broken("package_changed", told, None, head.package)
        if base.syntax != head.syntax:
            yield self._broken("syntax_changed", f"the syntax was {base.syntax} and is {head.syntax}", 1, "syntax")
        for name in _FILE_OPTIONS:
            before, after = base.options.get(name, ""), head.options.get(name, "")
            if before != after:
                told = f"the option {name} was {_or_none(before)} and is {_or_none(after)}"
                yield self._broken("file_option_changed", told, None, name)

    def _message(self, base: Message, head: Message) -> Iterator[ContractProblem]:
        after = {field.number: field for field in head.fields}
        by_name = {field.name: field for field in head.fields}
        for field in base.fields:
            place = f"{base.name}.{field.name}"
            if field.number in after:
                yield from self._field(base.name, field, after[field.number])
            elif field.name in by_name:
                moved = by_name[field.name]
                told = f"the number of {shown(place)} was {field.number} and is {moved.number}"
                yield self._broken("field_number_changed", told, moved.line, place)
            elif not head.reserved.has(field.number):
                told = f"{shown(place)} was removed and its number {field.number} is not reserved"
                yield self._broken("field_removed", told, head.line, place)
            elif field.name not in head.reserved.names:
                told = f"{shown(place)} was removed and its number reserved, but not its name"
                yield ContractProblem(NAME_NOT_RESERVED, told, self._path, head.line, place, breaking=False)
        yield from self._new_fields(base, head)
        yield from self._reserved(base.name, base.reserved, head.reserved, head.line, {f.number for f in head.fields})
        for first, last in base.extensions:
            if not covers(head.extensions, (first, last)):
                told = f"{shown(base.name)} no longer leaves the numbers {first} to {last} to extensions"
                yield self._broken("extension_range_removed", told, head.line, base.name)

    def _new_fields(self, base: Message, head: Message) -> Iterator[ContractProblem]:
        known = {field.number for field in base.fields}
        for field in head.fields:
            place = f"{head.name}.{field.name}"
            if field.number in known:
                continue
            if base.reserved.has(field.number) or field.name in base.reserved.names:
                told = f"{shown(place)} uses a number or a name that the base reserved ({field.number})"
                yield self._broken("reserved_reused", told, field.line, place)
            if field.label == "required":
                yield self._broken("required_added", f"{shown(place)} is new and required", field.line, place)

    def _field(self, scope: str, base: Field, head: Field) -> Iterator[ContractProblem]:
        place = f"{scope}.{base.name}"
        if base.name != head.name:
            told = f"the field {base.number} of {shown(scope)} was {shown(base.name)} and is {shown(head.name)}"
            yield self._broken("field_renamed", told, head.line, place)
        elif _json_name(base) != _json_name(head):
            told = f"{shown(place)} is called {shown(_json_name(head))} in JSON, and was {shown(_json_name(base))}"
            yield self._broken("field_json_name_changed", told, head.line, place)
        if not self._same_type(base.type, head.type, scope):
            told = f"{shown(place)} was {shown(base.type)} and is {shown(head.type)}"
            yield self._broken("field_type_changed", told, head.line, place)
        if base.label != head.label:
            told = f"{shown(place)} was {base.label} and is {head.label}"
            yield self._broken("field_label_changed", told, head.line, place)
        elif base.oneof != head.oneof:
            told = f"{shown(place)} stood in {_oneof(base)} and stands in {_oneof(head)}"
            yield self._broken("field_oneof_changed", told, head.line, place)
        for name in _FIELD_OPTIONS:
            if base.options.get(name) != head.options.get(name):
                yield self._broken("field_option_changed", f"{shown(place)}: {name} changed", head.line, place)

    def _same_type(self, base: str, head: str, scope: str) -> bool:
        if base.startswith("map<") and head.startswith("map<"):
            (key, value), (head_key, head_value) = _map_types(base), _map_types(head)
            return key == head_key and self._same_type(value, head_value, scope)
        before, after = self._base.resolved(base, scope), self._head.resolved(head, scope)
        if self._base.knows(before) and self._head.knows(after):
            return before == after
        # A type that another file declares is known by as much of its name as was written.
        full, head_full = self._base.full_name(before), self._head.full_name(after)
        return full == head_full or full.endswith(f".{head_full}") or head_full.endswith(f".{full}")

    def _reserved(
        self, name: str, base: Reserved, head: Reserved, line: int, used: set[int]
    ) -> Iterator[ContractProblem]:
        lost = [each for each in base.ranges if not covers(head.ranges, each)]
        lost = [(first, last) for first, last in lost if not any(first <= number <= last for number in used)]
        names = sorted(base.names - head.names)
        if lost or names:
            listed = [f"{first} to {last}" if first != last else str(first) for first, last in lost] + names
            told = f"{shown(name)} no longer reserves {shown(', '.join(listed))}"
            yield self._broken("reserved_removed", told, line, name)

    def _enum(self, base: Enum, head: Enum) -> Iterator[ContractProblem]:
        after: dict[int, set[str]] = {}
        for name, number, _ in head.values:
            after.setdefault(number, set()).add(name)
        numbers = {name: number for name, number, _ in head.values}
        for name, number, _ in base.values:
            place = f"{base.name}.{name}"
            if name in after.get(number, ()):
                continue
            if name in numbers:
                told = f"the number of {shown(place)} was {number} and is {numbers[name]}"
                yield self._broken("enum_value_number_changed", told, head.line, place)
            elif number in after:
                told = f"the value {number} of {shown(base.name)} was {shown(name)} and is {shown(min(after[number]))}"
                yield self._broken("enum_value_renamed", told, head.line, place)
            elif not head.reserved.has(number):
                told = f"{shown(place)} was removed and its number {number} is not reserved"
                yield self._broken("enum_value_removed", told, head.line, place)
        for name, number, line in head.values:
            known = any(name == before or number == before_number for before, before_number, _ in base.values)
            if not known and (base.reserved.has(number) or name in base.reserved.names):
                told = f"{shown(head.name)}.{shown(name)} uses a number or a name that the base reserved"
                yield self._broken("reserved_reused", told, line, f"{head.name}.{name}")
        yield from self._reserved(base.name, base.reserved, head.reserved, head.line, set(after))

    def _services(self) -> Iterator[ContractProblem]:
        for name, (_, rpcs) in self._base.services.items():
            if name not in self._head.services:
                yield self._broken("service_removed", f"the service {shown(name)} was removed", None, name)
                continue
            line, remaining = self._head.services[name]
            for rpc in rpcs.values():
                place = f"{name}.{rpc.name}"
                if rpc.name not in remaining:
                    yield self._broken("rpc_removed", f"{shown(place)} was removed", line, place)
                else:
                    yield from self._rpc(place, rpc, remaining[rpc.name])

    def _rpc(self, place: str, base: Rpc, head: Rpc) -> Iterator[ContractProblem]:
        for what, before, after in (("takes", base.request, head.request), ("returns", base.response, head.response)):
            if not self._same_type(before, after, ""):
                told = f"{shown(place)} {what} {shown(after)}, and at the base {shown(before)}"
                yield self._broken("rpc_type_changed", told, head.line, place)
        if (base.client_streams, base.server_streams) != (head.client_streams, head.server_streams):
            yield self._broken("rpc_streaming_changed", f"the streaming of {shown(place)} changed", head.line, place)
        if base.idempotency != head.idempotency:
            told = f"the idempotency of {shown(place)} changed"
            yield self._broken("rpc_idempotency_changed", told, head.line, place)

    def _extensions(self) -> Iterator[ContractProblem]:
        for (extended, number), field in self._base.extensions.items():
            place = f"{extended}.{field.name}"
            remaining = self._head.extensions.get((extended, number))
            if remaining is None:
                yield self._broken("extension_removed", f"the extension {shown(place)} was removed", None, place)
            else:
                yield from self._field(extended, field, remaining)

    def _broken(self, rule: str, message: str, line: int | None, pointer: str) -> ContractProblem:
        return ContractProblem(f"protobuf.{rule}", message, self._path, line, pointer, breaking=True)


def _map_types(written: str) -> tuple[str, str]:
    key, _, value = written[len("map<") : -1].partition(", ")
    return key, value


def _json_name(field: Field) -> str:
    written = field.options.get("json_name")
    if written is not None:
        return written
    first, *others = field.name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def _oneof(field: Field) -> str:
    return f"the oneof {shown(field.oneof)}" if field.oneof else "no oneof"


def _or_none(text: str) -> str:
    return f"'{shown(text)}'" if text else "not given"
