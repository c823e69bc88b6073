"""XML read element by element, with nothing that can reach out of the file or grow inside it.

As ``defusedxml`` does: no document type, no entity, no reference to anything external. Beyond that, nesting and the
length of one tag are bounded. What happens inside an element that nobody asks about is not kept.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn, Protocol
from xml.parsers import expat

from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import CHUNK, LONGEST_TOKEN, Source

MAX_DEPTH = 100
_CUT_OFF = frozenset({"no element found", "unclosed token", "unclosed CDATA section", "partial character"})
_DOCTYPE_WITHOUT_DECLARATIONS = re.compile(
    rb"<!DOCTYPE\s+[A-Za-z]+\s+(?:SYSTEM|PUBLIC\s+(?:\"[^\"<>\[]*\"|'[^'<>\[]*'))\s+(?:\"[^\"<>\[]*\"|'[^'<>\[]*')\s*>"
)


class Handler(Protocol):
    """What a reader of one format does with elements. ``text`` is what ``Elements.listen`` gathered, or empty."""

    def start(self, elements: Elements, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; ``elements.depth`` counts it already."""

    def end(self, elements: Elements, tag: str, text: str) -> None:
        """An element ends; ``elements.depth`` counts it still."""


class Elements:
    """One pass over a document.

    ``depth`` is 1 inside the root element. ``listen`` gathers text from here to the end of the current element.
    """

    def __init__(self, handler: Handler) -> None:
        self.depth = 0
        self._handler = handler
        self._heard: list[str] = []
        self._room = 0
        self._listening_at = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = _forbid_doctype
        self._parser.EntityDeclHandler = _forbid_entity
        self._parser.UnparsedEntityDeclHandler = _forbid_entity
        self._parser.ExternalEntityRefHandler = _forbid_entity
        self._parser.SkippedEntityHandler = _forbid_entity

    def listen(self, limit: int) -> None:
        """Keep the text of the element that just started, its first ``limit`` characters."""
        self._heard = []
        self._room = limit
        self._listening_at = self.depth
        self._parser.CharacterDataHandler = self._hear

    def read(self, source: Source, *, doctype: bool = False) -> None:
        """Read the document to its end.

        Args:
            source: the file.
            doctype: accept a document type that declares nothing itself; what it points to is never fetched.

        Raises:
            Refused: the document is cut off, no XML, or holds what is forbidden here.
        """
        fed = 0
        try:
            data = source.read(CHUNK)
            if doctype:
                data = _DOCTYPE_WITHOUT_DECLARATIONS.sub(_blank, data, count=1)
            while data:
                self._parser.Parse(data, False)  # noqa: FBT003 - takes no keywords
                fed += len(data)
                if fed - self._parser.CurrentByteIndex > LONGEST_TOKEN:
                    raise Refused(Code.TOKEN_TOO_LONG, f"A tag is longer than {LONGEST_TOKEN:,} bytes")
                data = source.read(CHUNK)
            self._parser.Parse(b"", True)  # noqa: FBT003 - takes no keywords
        except expat.ExpatError as error:
            raise _as_refusal(error) from error
        except (LookupError, ValueError) as error:
            raise Refused(Code.SYNTAX, "The report is in an encoding that cannot be read") from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused(Code.TOO_DEEP, f"Elements are nested deeper than {MAX_DEPTH}")
        self._handler.start(self, tag, attributes)

    def _end(self, tag: str) -> None:
        text = ""
        if self._listening_at == self.depth:
            text = "".join(self._heard)
            self._heard = []
            self._listening_at = 0
            self._parser.CharacterDataHandler = None
        self._handler.end(self, tag, text)
        self.depth -= 1

    def _hear(self, text: str) -> None:
        if self._room > 0:
            self._heard.append(text[: self._room])
            self._room -= len(text)


def natural(attributes: dict[str, str], name: str) -> int | None:
    """An attribute that counts something: a whole number from 0, or ``None`` where it is absent or empty.

    Raises:
        Refused: it is anything else.
    """
    text = attributes.get(name, "")
    return whole(text, name) if text else None


def whole(text: str, what: str) -> int:
    """A whole number from 0, in at most 18 digits.

    Raises:
        Refused: it is anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004 - what 64 bits always hold
        raise Refused(Code.NUMBER_INVALID, f"{what} is {text[:40]!r}, not a whole number from 0")
    return int(text)


def _as_refusal(error: expat.ExpatError) -> Refused:
    reason = expat.ErrorString(error.code) or "no XML"
    code = Code.TRUNCATED if reason in _CUT_OFF else Code.SYNTAX
    return Refused(code, f"The report is no whole XML document: {reason} in line {error.lineno:,}")


def _blank(match: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\n]", b" ", match[0])


def _forbid_doctype(*_: Any) -> NoReturn:
    raise Refused(Code.FORBIDDEN_XML, "The report declares a document type, which no report needs")


def _forbid_entity(*_: Any) -> NoReturn:
    raise Refused(Code.FORBIDDEN_XML, "The report declares or uses an entity, which no report needs")
