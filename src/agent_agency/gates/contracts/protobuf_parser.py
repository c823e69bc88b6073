"""Parse a protobuf file (proto2, proto3, editions). Source: the language specifications on protobuf.dev."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent_agency.gates.contracts.documents import shown
from agent_agency.gates.contracts.model import Unreadable
from agent_agency.gates.contracts.protobuf_checks import check_enum, check_message, check_number
from agent_agency.gates.contracts.protobuf_model import (
    MAX_ENUM_NUMBER,
    MAX_NUMBER,
    SCALARS,
    Enum,
    Field,
    Message,
    ProtoFile,
    Range,
    Reserved,
    Rpc,
)
from agent_agency.gates.contracts.protobuf_tokens import Tokens, refused

MAX_DEPTH = 60
_SYNTAXES = frozenset({"proto2", "proto3"})
_EDITIONS = frozenset({"2023", "2024", "2026"})
_LABELS = frozenset({"optional", "required", "repeated"})


def parse_proto(data: bytes) -> ProtoFile:
    """Read one file.

    Raises:
        Unreadable: when it is no valid protobuf source.
    """
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text") from None
    return _Parser(Tokens(text)).file()


@dataclass(slots=True)
class _Body:
    """The parts of a message while it is read."""

    fields: list[Field] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    extensions: list[Range] = field(default_factory=list)


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._syntax = "proto2"
        self._package = ""
        self._options: dict[str, str] = {}
        self._messages: dict[str, Message] = {}
        self._enums: dict[str, Enum] = {}
        self._services: dict[str, tuple[int, Mapping[str, Rpc]]] = {}
        self._extensions: dict[tuple[str, int], Field] = {}

    def file(self) -> ProtoFile:
        tokens = self._tokens
        self._read_syntax()
        statements: dict[str, Callable[[], None]] = {
            "import": self._import,
            "package": self._read_package,
            "option": lambda: self._option(self._options),
            "message": lambda: self._message("", 0),
            "enum": lambda: self._enum(""),
            "service": self._service,
            "extend": lambda: self._extend("", 0),
        }
        while tokens.peek().kind != "end":
            if tokens.take(";"):
                continue
            if tokens.peek().text in {"export", "local"}:
                tokens.next()
            statement = statements.get(tokens.peek().text)
            if statement is None:
                raise refused(tokens.peek(), "a declaration")
            tokens.next()
            statement()
        return ProtoFile(
            self._syntax, self._package, self._options, self._messages, self._enums, self._services, self._extensions
        )

    def _read_syntax(self) -> None:
        tokens = self._tokens
        token = tokens.peek()
        if token.text not in {"syntax", "edition"} or tokens.peek(1).text != "=":
            return
        tokens.next()
        tokens.expect("=")
        name = tokens.text()
        tokens.expect(";")
        if name not in (_SYNTAXES if token.text == "syntax" else _EDITIONS):
            raise Unreadable(f"'{shown(name)}' is no {token.text} that is known here", token.line)
        self._syntax = name if token.text == "syntax" else f"edition {name}"

    def _import(self) -> None:
        if self._tokens.peek().text in {"public", "weak", "option"}:
            self._tokens.next()
        self._tokens.text()
        self._tokens.expect(";")

    def _read_package(self) -> None:
        if self._package:
            raise Unreadable("a second package is named", self._tokens.peek().line)
        self._package = self._tokens.dotted()
        self._tokens.expect(";")

    def _option(self, into: dict[str, str]) -> None:
        name = self._option_name()
        self._tokens.expect("=")
        into[name] = self._constant()
        self._tokens.expect(";")

    def _option_name(self) -> str:
        tokens, parts = self._tokens, []
        while True:
            if tokens.take("("):
                parts.append(f"({tokens.dotted()})")
                tokens.expect(")")
            else:
                parts.append(tokens.word().text)
            if not tokens.take("."):
                return ".".join(parts)

    def _constant(self) -> str:
        tokens = self._tokens
        token = tokens.peek()
        if token.text == "{" and token.kind == "sign":
            return self._skipped("{", "}")
        if token.kind == "text":
            return tokens.text()
        sign = tokens.next().text if token.text in {"-", "+"} else ""
        token = tokens.peek()
        if token.kind == "word":
            return sign + tokens.dotted()
        if token.kind != "number":
            raise refused(token, "a value")
        return sign + tokens.next().text

    def _skipped(self, opening: str, closing: str) -> str:
        """The words of a block with blocks inside, joined."""
        depth, found = 0, []
        while True:
            token = self._tokens.next()
            if token.kind == "end":
                raise refused(token, f"'{closing}'")
            found.append(token.text)
            if token.kind == "sign":
                depth += (token.text == opening) - (token.text == closing)
            if depth == 0:
                return " ".join(found)

    def _bracketed(self) -> dict[str, str]:
        """The options after a field or value."""
        found: dict[str, str] = {}
        if not self._tokens.take("["):
            return found
        while True:
            name = self._option_name()
            self._tokens.expect("=")
            found[name] = self._constant()
            if not self._tokens.take(","):
                self._tokens.expect("]")
                return found

    def _message(self, scope: str, depth: int, line: int | None = None, name: str = "") -> None:
        token = self._tokens.peek()
        if depth > MAX_DEPTH:
            raise Unreadable(f"messages are nested more than {MAX_DEPTH} levels deep", token.line)
        line = line or token.line
        full = f"{scope}.{name or self._tokens.word().text}".removeprefix(".")
        self._check_new(full, line)
        body = _Body()
        self._tokens.expect("{")
        while not self._tokens.take("}"):
            self._member(full, body, depth)
        message = Message(
            full,
            line,
            tuple(body.fields),
            Reserved(tuple(body.ranges), frozenset(body.names)),
            tuple(body.extensions),
        )
        check_message(message)
        self._messages[full] = message

    def _check_new(self, name: str, line: int) -> None:
        if name in self._messages or name in self._enums:
            raise Unreadable(f"{shown(name)} is declared twice", line)

    def _member(self, scope: str, body: _Body, depth: int) -> None:
        tokens = self._tokens
        first, second, third = (tokens.peek(ahead).text for ahead in range(3))
        if tokens.take(";"):
            return
        if first in {"export", "local"} and second in {"message", "enum"}:
            tokens.next()
            first, second, third = second, third, tokens.peek(2).text
        if first in {"message", "enum"} and third == "{":
            tokens.next()
            self._message(scope, depth + 1) if first == "message" else self._enum(scope)
        elif first == "oneof" and third == "{":
            self._oneof(scope, body, depth)
        elif first == "extend" and (tokens.peek(1).kind == "word" or second == "."):
            tokens.next()
            self._extend(scope, depth)
        elif first == "option" and (tokens.peek(1).kind == "word" or second == "("):
            tokens.next()
            self._option({})
        elif first == "reserved" and third != "=":
            self._reserved(body.ranges, body.names, MAX_NUMBER)
        elif first == "extensions" and third != "=":
            tokens.next()
            body.extensions += self._ranges(MAX_NUMBER)
            self._bracketed()
            tokens.expect(";")
        else:
            body.fields.append(self._field(scope, depth))

    def _oneof(self, scope: str, body: _Body, depth: int) -> None:
        self._tokens.next()
        name = self._tokens.word().text
        self._tokens.expect("{")
        while not self._tokens.take("}"):
            if self._tokens.take(";"):
                continue
            if self._tokens.peek().text == "option" and self._tokens.peek(2).text in {"=", "."}:
                self._tokens.next()
                self._option({})
            else:
                body.fields.append(self._field(scope, depth, oneof=name))

    def _field(self, scope: str, depth: int, oneof: str = "") -> Field:
        tokens = self._tokens
        start = tokens.peek()
        label = tokens.next().text if start.text in _LABELS and tokens.peek(1).text not in {"=", "."} else ""
        if oneof and label:
            raise Unreadable(f"'{label}' stands inside of a oneof", start.line)
        if tokens.peek().text == "group" and tokens.peek(2).text == "=":
            return self._group(scope, depth, label, oneof)
        kind = self._type()
        if kind.startswith("map<") and (label or oneof):
            raise Unreadable("a map has no label and stands in no oneof", start.line)
        self._check_label(label, kind, oneof, start.line)
        name = tokens.word().text
        tokens.expect("=")
        number = tokens.integer()
        check_number(number, name, start.line)
        options = self._bracketed()
        tokens.expect(";")
        return Field(name, number, kind, self._presence(label, kind, oneof, options), start.line, oneof, options)

    def _check_label(self, label: str, kind: str, oneof: str, line: int) -> None:
        if self._syntax == "proto2" and not (label or oneof or kind.startswith("map<")):
            raise Unreadable("a field of proto2 needs 'optional', 'required' or 'repeated'", line)
        if self._syntax != "proto2" and label == "required":
            raise Unreadable(f"{self._syntax} has no 'required'", line)

    def _presence(self, label: str, kind: str, oneof: str, options: Mapping[str, str]) -> str:
        if kind.startswith("map<"):
            return "repeated"
        if oneof:
            return "optional"
        if label or self._syntax == "proto3":
            return label or ("implicit" if kind in SCALARS else "optional")
        told = options.get("features.field_presence") or self._options.get("features.field_presence", "EXPLICIT")
        return {"IMPLICIT": "implicit", "LEGACY_REQUIRED": "required"}.get(told, "optional")

    def _group(self, scope: str, depth: int, label: str, oneof: str) -> Field:
        tokens = self._tokens
        line = tokens.next().line
        name = tokens.word().text
        tokens.expect("=")
        number = tokens.integer()
        check_number(number, name, line)
        options = self._bracketed()
        self._message(scope, depth + 1, line, name)
        return Field(name.lower(), number, f"group {name}", label or "optional", line, oneof, options)

    def _type(self) -> str:
        tokens = self._tokens
        if tokens.peek().text == "map" and tokens.peek(1).text == "<":
            tokens.next()
            tokens.expect("<")
            key = tokens.dotted()
            tokens.expect(",")
            value = tokens.dotted()
            tokens.expect(">")
            return f"map<{key}, {value}>"
        return tokens.dotted()

    def _ranges(self, last: int) -> list[Range]:
        found: list[Range] = []
        while True:
            first = self._tokens.integer()
            end = first
            if self._tokens.take("to"):
                end = last if self._tokens.take("max") else self._tokens.integer()
            found.append((first, end))
            if not self._tokens.take(","):
                return found

    def _reserved(self, ranges: list[Range], names: set[str], last: int) -> None:
        tokens = self._tokens
        tokens.next()
        if tokens.peek().kind in {"text", "word"}:
            while True:
                names.add(tokens.text() if tokens.peek().kind == "text" else tokens.word().text)
                if not tokens.take(","):
                    break
        else:
            ranges += self._ranges(last)
        tokens.expect(";")

    def _enum(self, scope: str) -> None:
        tokens = self._tokens
        token = tokens.word()
        full = f"{scope}.{token.text}".removeprefix(".")
        self._check_new(full, token.line)
        values: list[tuple[str, int, int]] = []
        ranges: list[Range] = []
        names: set[str] = set()
        options: dict[str, str] = {}
        tokens.expect("{")
        while not tokens.take("}"):
            if tokens.take(";"):
                continue
            if tokens.peek().text == "option" and tokens.peek(1).text != "=":
                tokens.next()
                self._option(options)
            elif tokens.peek().text == "reserved" and tokens.peek(1).text != "=":
                self._reserved(ranges, names, MAX_ENUM_NUMBER)
            else:
                name = tokens.word()
                tokens.expect("=")
                values.append((name.text, tokens.integer(), name.line))
                self._bracketed()
                tokens.expect(";")
        enum = Enum(full, token.line, tuple(values), Reserved(tuple(ranges), frozenset(names)))
        check_enum(enum, self._syntax, aliases=options.get("allow_alias") == "true")
        self._enums[full] = enum

    def _extend(self, scope: str, depth: int) -> None:
        extended = self._tokens.dotted()
        self._tokens.expect("{")
        while not self._tokens.take("}"):
            if self._tokens.take(";"):
                continue
            added = self._field(scope, depth)
            self._extensions[extended.removeprefix("."), added.number] = added

    def _service(self) -> None:
        tokens = self._tokens
        token = tokens.word()
        if token.text in self._services:
            raise Unreadable(f"{shown(token.text)} is declared twice", token.line)
        rpcs: dict[str, Rpc] = {}
        tokens.expect("{")
        while not tokens.take("}"):
            if tokens.take(";"):
                continue
            if tokens.take("option"):
                self._option({})
                continue
            tokens.expect("rpc")
            rpc = self._rpc()
            if rpc.name in rpcs:
                raise Unreadable(f"{shown(rpc.name)} is declared twice", rpc.line)
            rpcs[rpc.name] = rpc
        self._services[token.text] = (token.line, rpcs)

    def _rpc(self) -> Rpc:
        tokens = self._tokens
        name = tokens.word()
        client, request = self._message_of_rpc()
        tokens.expect("returns")
        server, response = self._message_of_rpc()
        options: dict[str, str] = {}
        if tokens.take("{"):
            while not tokens.take("}"):
                if not tokens.take(";"):
                    tokens.expect("option")
                    self._option(options)
        else:
            tokens.expect(";")
        idempotency = options.get("idempotency_level", "")
        return Rpc(name.text, name.line, request, response, client, server, idempotency)

    def _message_of_rpc(self) -> tuple[bool, str]:
        tokens = self._tokens
        tokens.expect("(")
        streams = tokens.peek().text == "stream" and tokens.peek(1).text not in {")", "."}
        if streams or (tokens.peek().text == "stream" and tokens.peek(1).text == "." and tokens.peek(2).kind == "word"):
            streams = True
            tokens.next()
        name = tokens.dotted()
        tokens.expect(")")
        return streams, name
