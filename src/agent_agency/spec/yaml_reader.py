"""Turns the events of a YAML parser into plain data and marks, within bounds, in one pass and without recursion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from agent_agency.spec import core_schema
from agent_agency.spec.yaml_parser import make_parser, make_pure_parser, mend
from agent_agency.spec.yaml_text import Prepared, prepare

MAX_DEPTH: Final = 100
"""The deepest nesting that is read."""
MAX_ALIASED_NODES: Final = 10_000
"""How many nodes all aliases of a document may stand for, each use counted."""

_TAG: Final = "tag:yaml.org,2002:"
NO_KEY: Final = object()
_BLOCK_HEADER: Final = re.compile(r"(?:[&!][^ \t\r\n]*[ \t\r\n]+)*[|>][-+0-9]*[ \t]*(?:[ \t]#.*)?(?:[\r\n]|\Z)")
_BLANK_END: Final = re.compile(r"(?<![\\ \t\r\n])[ \t]+(?=[\r\n])")
_COLON: Final = re.compile(r"[ \t]*:")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document cannot be read: the last part of its rule id, a sentence, the next step, the place (from 1)."""

    rule: str
    message: str
    remedy: str
    line: int | None = 1
    column: int | None = 1


class RefusedError(Exception):
    """Ends the reading of a document; carries why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def read_yaml(data: bytes, composer: type[Composer] | None = None) -> tuple[Any, Any] | Refusal:
    """Read one document; an empty stream gives ``None``.

    Args:
        data: the document.
        composer: what builds the values, where it is not ``Composer``.

    Returns:
        The plain value and its marks (a mark for a scalar; for a list ``(mark, [marks])``, for a mapping
        ``(mark, {key: (key mark, marks)})``), or why the bytes are refused.
    """
    composer = composer or Composer
    prepared = prepare(data)
    if not isinstance(prepared, Prepared):
        return Refusal(prepared.rule, prepared.message, prepared.remedy, prepared.line, prepared.column)
    while True:
        try:
            return composer(prepared).run()
        except RefusedError as error:
            return error.refusal
        except yaml.MarkedYAMLError as error:
            mended = mend(prepared, error)
            if mended is None:
                return _syntax(error)
            prepared = mended
        except yaml.YAMLError as error:
            return Refusal("parse_failed", f"The YAML cannot be read: {error}", "Remove what is no YAML text.")


class Composer:
    """Builds one document. The container being filled is held in attributes, the outer ones on a stack."""

    __slots__ = (
        "aliased", "anchors", "children", "container", "flow", "key", "key_mark", "nodes", "open", "parser", "prepared",
        "stack",
    )  # fmt: skip

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.parser = (
            make_pure_parser(prepared.text, long_keys=True) if prepared.long_keys else make_parser(prepared.text)
        )
        self.container: Any = []
        self.children: Any = []
        self.key: Any = NO_KEY
        self.key_mark: Any = None
        self.flow = False
        self.stack: list[Any] = []
        self.anchors: dict[str, Any] = {}
        self.open: list[tuple[str | None, int]] = []
        self.nodes = 0
        self.aliased = 0

    def run(self) -> tuple[Any, Any]:
        """Consume all events."""
        handlers = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._sequence,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }
        get_event = self.parser.get_event
        while (event := get_event()) is not None:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        if not self.container:
            return None, None
        return self.container[0], self.children[0]

    def _document(self, event: Any) -> None:
        if self.container:
            raise refused(
                event.start_mark,
                "A second document begins here; one file holds one document",
                "Keep one document: remove the '---' line and what follows, or split the file.",
            )

    def _scalar(self, event: Any) -> None:
        value = event.value
        if event.style:
            value = self._styled(event)
        if self.prepared.odd:
            value = self.prepared.restore(value, event.style)
            if value is None:
                raise refused(
                    event.start_mark,
                    "The text holds a control character",
                    "Remove the character, or write it as an escape in double quotes.",
                )
        if event.tag is not None or event.anchor is not None:
            self._check_properties(event)
        if event.tag is not None:
            value = self._tagged(value, event)
        elif not event.style:
            value = self._plain(value, event)
        self.nodes += 1
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, event.start_mark, 1)
        self._add(value, event.start_mark, event.start_mark)

    def _styled(self, event: Any) -> str:
        """The text of a scalar in quotes or of a block scalar, where the reference's reader differs from the parser."""
        value: str = event.value
        start, text = event.start_mark, self.prepared.text
        if event.style in {"|", ">"}:
            if not _BLOCK_HEADER.match(text, start.index) or self._stands_below_key(start):
                raise refused(start, "A block text begins wrongly here", "Write 'key: |' and indent the text below.")
        elif start.line != event.end_mark.line and _BLANK_END.search(text, start.index, event.end_mark.index):
            value = _folded(text[start.index : event.end_mark.index])
        return value

    def _stands_below_key(self, mark: Any) -> bool:
        """Does a value stand on a line of its own, no further in than its key?"""
        key = self.key_mark
        if self.flow or self.key is NO_KEY or mark.line == key.line or mark.column > key.column:
            return False
        return self.prepared.text[mark.index - mark.column : mark.index].strip() == ""

    def _tagged(self, text: str, event: Any) -> Any:
        return _tagged_scalar(text, event)

    def _plain(self, text: str, event: Any) -> Any:
        value = core_schema.plain_scalar(text)
        if value is text:
            return text
        if not text and self.key is NO_KEY and type(self.container) is dict and not self.flow:
            self._refuse_missing_key(event)
        return value

    def _refuse_missing_key(self, event: Any) -> None:
        if self.prepared.text[event.start_mark.index : event.start_mark.index + 1] == ":":
            raise refused(event.start_mark, "A ':' stands here without a key before it", "Write the key before ':'.")

    def _check_properties(self, event: Any) -> None:
        """Refuse an anchor or tag before a missing key, and one before the first key, which the reference loses."""
        if self.key is not NO_KEY or type(self.container) is not dict or self.flow:
            return
        bare = not event.value and not event.style and _COLON.match(self.prepared.text, event.end_mark.index)
        if bare or event.start_mark.index == self.stack[-1][-1].index:
            raise refused(event.start_mark, "An anchor or tag stands here where a key is wanted", "Remove it.")

    def _mapping(self, event: Any) -> None:
        self._open(event, {}, {}, "map")

    def _sequence(self, event: Any) -> None:
        self._open(event, [], [], "seq")

    def _open(self, event: Any, container: Any, children: Any, kind: str) -> None:
        mark = event.start_mark
        if len(self.stack) >= MAX_DEPTH:
            raise refused(
                mark, f"The nesting is deeper than {MAX_DEPTH} levels", "Flatten the document.", rule="too_deep"
            )
        if event.tag is not None and event.tag not in {"!", _TAG + kind}:
            raise _unknown_tag(event)
        if not event.flow_style and mark.column > self.prepared.tabs.get(mark.line, mark.column):
            raise refused(mark, "A tab indents this line", "Indent with spaces.")
        self.stack.append((self.container, self.children, self.key, self.key_mark, self.flow, mark))
        self.open.append((event.anchor, self.nodes))
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.container, self.children = container, children
        self.key, self.flow = NO_KEY, event.flow_style
        self.nodes += 1

    def _end(self, event: Any) -> None:  # noqa: ARG002 - every handler takes its event
        value, children = self.container, self.children
        self.container, self.children, self.key, self.key_mark, self.flow, mark = self.stack.pop()
        anchor, before = self.open.pop()
        marks = (mark, children)
        if anchor is not None:
            self.anchors[anchor] = (value, marks, self.nodes - before)
        self._add(value, marks, mark)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        end = event.end_mark.index
        if event.anchor not in self.anchors or self.prepared.text[end : end + 1] == ":":
            raise refused(
                mark, f"The alias '*{event.anchor}' names no anchor before it", "Write the value itself here."
            )
        known = self.anchors[event.anchor]
        if known is None:
            raise refused(mark, f"The alias '*{event.anchor}' stands inside its own value", "Write the value out.")
        value, marks, size = known
        self.aliased += size
        self.nodes += size
        if self.aliased > MAX_ALIASED_NODES:
            raise refused(
                mark,
                f"The aliases stand for more than {MAX_ALIASED_NODES:,} nodes",
                "Write the values out instead of aliasing aliases.",
                rule="alias_expansion",
            )
        self._add(value, (mark, marks[1]) if isinstance(marks, tuple) else mark, mark)

    def _add(self, value: Any, marks: Any, mark: Any) -> None:
        container = self.container
        if type(container) is list:
            container.append(value)
            self.children.append(marks)
        elif self.key is NO_KEY:
            self._take_key(value, mark)
        else:
            container[self.key] = value
            self.children[self.key] = (self.key_mark, marks)
            self.key = NO_KEY

    def _take_key(self, value: Any, mark: Any) -> None:
        if type(value) is not str:
            try:
                value = core_schema.key_text(value)
            except ValueError as error:
                raise refused(mark, f"This key cannot be read: {error}", "Use a plain text as key.") from error
        if value in self.container:
            first = self.children[value][0].line + 1
            raise refused(
                mark, f"The key {_shown(value)} was already given on line {first}", "Keep one of the two entries."
            )
        self.key, self.key_mark = value, mark


def _folded(quoted: str) -> str:
    """The text of a scalar in quotes of several lines; blanks at the end of a line stay, as in the reference."""
    free = (char for char in map(chr, range(0x100000, 0x10FFFD)) if char not in quoted)
    blanks = {" ": next(free), "\t": next(free)}
    hidden = _BLANK_END.sub(lambda match: "".join(blanks[char] for char in match[0]), quoted)
    parser = make_parser(hidden)
    while type(event := parser.get_event()) is not ScalarEvent:
        pass
    value: str = event.value
    return value.replace(blanks[" "], " ").replace(blanks["\t"], "\t")


def _tagged_scalar(text: str, event: Any) -> Any:
    name = event.tag.removeprefix(_TAG) if event.tag.startswith(_TAG) else None
    absent = not text and not event.style
    if event.tag == "!":
        return None if absent else text
    value: Any = None
    if name == "str":
        return text
    if name == "null" and (absent or core_schema.is_null(text)):
        return None
    if absent and name in {"seq", "map"}:
        return [] if name == "seq" else {}
    if name == "int":
        value = core_schema.integer(text)
    elif name == "float":
        value = core_schema.floating(text)
    elif name == "bool":
        value = core_schema.boolean(text)
    elif name != "null":
        raise _unknown_tag(event)
    if value is None:
        raise refused(
            event.start_mark, f"{_shown(text)} is no value for the tag !!{name}", "Correct the value or drop the tag."
        )
    return value


def _unknown_tag(event: Any) -> RefusedError:
    tag = event.tag.replace(_TAG, "!!", 1)
    return refused(event.start_mark, f"The tag {_shown(tag)} is not allowed here", "Remove the tag.")


def refused(mark: Any, message: str, remedy: str, rule: str = "parse_failed") -> RefusedError:
    """The exception that refuses a document at a mark."""
    return RefusedError(Refusal(rule, message, remedy, mark.line + 1, mark.column + 1))


def _shown(text: str) -> str:
    limit = 60
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def _syntax(error: yaml.MarkedYAMLError) -> Refusal:
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context or "unknown problem")
    where = f" ({error.context})" if error.problem and error.context else ""
    return Refusal(
        "parse_failed",
        f"The YAML cannot be read: {problem}{where}",
        _syntax_remedy(problem),
        mark.line + 1 if mark else None,
        mark.column + 1 if mark else None,
    )


def _syntax_remedy(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "Put the text in quotes: unquoted, it may not hold ': '."
    if "tab character" in problem:
        return "Indent with spaces, never with tabs."
    if "cannot start any token" in problem:
        return "Put the text in quotes, and indent with spaces, never with tabs."
    if "block end" in problem or "block mapping" in problem or "expected key" in problem:
        return "Give all keys of one object the same indentation, and quote text that begins with a quote or a sign."
    if "unexpected end of stream" in problem:
        return "Close the quote or bracket that was opened before."
    return "Correct the YAML at this place."
