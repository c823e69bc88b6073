"""JSON pulled piece by piece: a reader walks down to what it wants, and only that is ever built.

Strict: UTF-8, one document, no repeated key in an object that is walked or built, no NaN; nesting, keys, the length
of one token and the size of what is built at once are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import CHUNK, LONGEST_TOKEN, Source

MAX_DEPTH = 100
MAX_KEYS = 1_000_000
MAX_NODES = 2_000_000
_OPENING = frozenset({"start_map", "start_array"})
_CLOSING = frozenset({"end_map", "end_array"})


class Json:
    """One pass over a document. Every method consumes from where the pass stands.

    Raises ``Refused`` from any method: the document is cut off, no JSON, of another shape, or beyond a bound.
    """

    def __init__(self, source: Source) -> None:
        self._events = chain.from_iterable(_chunks(source))
        self._ahead: tuple[str, Any] | None = None
        self._depth = 0
        self._taken = 0
        self._room = 0

    def members(self, where: str) -> Iterator[str]:
        """The keys of the object that comes next; a value that is not taken before the next key is passed over."""
        self._expect("start_map", where)
        seen: set[str] = set()
        while (event := self._next())[0] != "end_map":
            key = event[1]
            if key in seen:
                raise Refused(Code.DUPLICATE, f"{where} repeats the key {key[:80]!r}")
            seen.add(key)
            if len(seen) > MAX_KEYS:
                raise Refused(Code.TOO_MANY, f"{where} has more than {MAX_KEYS:,} keys")
            before = self._taken
            yield key
            if self._taken == before:
                self.skip()

    def elements(self, where: str) -> Iterator[int]:
        """The positions in the array that comes next; an element not taken is passed over."""
        self._expect("start_array", where)
        index = 0
        while self._peek()[0] != "end_array":
            before = self._taken
            yield index
            if self._taken == before:
                self.skip()
            index += 1
        self._next()

    def value(self) -> Any:
        """Build the value that comes next from plain dicts, lists and scalars."""
        self._room = MAX_NODES
        return self._build(self._next())

    def skip(self) -> None:
        """Pass over the value that comes next."""
        depth = self._depth
        self._next()
        while self._depth > depth:
            kind = self._pull()[0]
            if kind in _OPENING:
                self._enter()
            elif kind in _CLOSING:
                self._depth -= 1

    def is_object(self) -> bool:
        """Whether the value that comes next is an object."""
        return self._peek()[0] == "start_map"

    def is_array(self) -> bool:
        """Whether the value that comes next is an array."""
        return self._peek()[0] == "start_array"

    def end(self) -> None:
        """Read what follows the document's value; only white space may."""
        for _ in self._events:
            raise Refused(Code.SYNTAX, "Something follows the report's JSON value")

    def _build(self, event: tuple[str, Any]) -> Any:
        kind, value = event
        if kind == "start_array":
            return self._list()
        if kind == "start_map":
            return self._object()
        return value

    def _list(self) -> list[Any]:
        built: list[Any] = []
        while True:
            kind, value = self._pull()
            if kind == "end_array":
                self._depth -= 1
                return built
            if kind in _OPENING:
                self._enter()
                value = self._build((kind, value))
            built.append(value)
            self._take_room()

    def _object(self) -> dict[str, Any]:
        built: dict[str, Any] = {}
        while (event := self._next())[0] != "end_map":
            key = event[1]
            if key in built:
                raise Refused(Code.DUPLICATE, f"An object repeats the key {key[:80]!r}")
            built[key] = self._build(self._next())
            self._take_room()
        return built

    def _take_room(self) -> None:
        self._room -= 1
        if self._room < 0:
            raise Refused(Code.TOO_MANY, f"One part of the report has more than {MAX_NODES:,} values")

    def _expect(self, kind: str, where: str) -> None:
        if self._next()[0] != kind:
            wanted = "an object" if kind == "start_map" else "an array"
            raise Refused(Code.WRONG_SHAPE, f"{where} is not {wanted}")

    def _peek(self) -> tuple[str, Any]:
        if self._ahead is None:
            self._ahead = self._pull()
        return self._ahead

    def _pull(self) -> tuple[str, Any]:
        return next(self._events, None) or _cut_off()

    def _next(self) -> tuple[str, Any]:
        event = self._peek()
        self._ahead = None
        self._taken += 1
        if event[0] in _OPENING:
            self._enter()
        elif event[0] in _CLOSING:
            self._depth -= 1
        return event

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Refused(Code.TOO_DEEP, f"Values are nested deeper than {MAX_DEPTH}")


def _chunks(source: Source) -> Iterator[list[tuple[str, Any]]]:
    """What ijson says about each piece of the file; what it says before an error comes before the error."""
    import ijson

    source.skip_bom()
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, use_float=True)
    silent = 0
    try:
        while True:
            data = source.read(CHUNK)
            failure = _fed(parser, data)
            yield events[:]
            if failure is not None:
                raise failure
            if not data:
                return
            silent = 0 if events else silent + len(data)
            if silent > LONGEST_TOKEN:
                raise Refused(Code.TOKEN_TOO_LONG, f"A value is longer than {LONGEST_TOKEN:,} bytes")
            events.clear()
    finally:
        _fed(parser, b"")  # ijson's parser in plain Python complains when it is dropped half-way


def _fed(parser: Any, data: bytes) -> Refused | None:
    """Give the parser the next bytes, or the end."""
    import ijson

    try:
        if data:
            parser.send(data)
        else:
            parser.close()
    except ijson.IncompleteJSONError as error:
        return _as_refusal(error)
    except (ijson.JSONError, ValueError, OverflowError) as error:
        return Refused(Code.SYNTAX, f"The report is no JSON: {_first_line(error)}")
    return None


def _as_refusal(error: Exception) -> Refused:
    reason = _first_line(error)
    if "premature EOF" in reason or "Incomplete" in reason:
        return Refused(Code.TRUNCATED, "The report ends in the middle of its JSON")
    return Refused(Code.SYNTAX, f"The report is no JSON: {reason}")


def _first_line(error: Exception) -> str:
    shown = error.args[0] if error.args else ""
    if isinstance(shown, bytes):
        shown = shown.decode("utf-8", "replace")
    text = str(shown).strip().partition("\n")[0].rstrip(". ")
    return "".join(char if char.isprintable() else "?" for char in text)[:120] or type(error).__name__


def _cut_off() -> tuple[str, Any]:
    raise Refused(Code.TRUNCATED, "The report ends in the middle of its JSON")
