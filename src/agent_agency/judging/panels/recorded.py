"""Reads recorded items and judgements: one JSON object a line, plain or compressed by gzip.

The shape is that of the recorded LLMBar judges: an item has ``item``, ``subset`` and ``label``; a judgement has
``item``, ``judge``, ``order``, ``completion`` and ``winner``. Other members are allowed and ignored. Whether a file is
compressed is read from its first bytes, not from its name. Rows are checked by hand, one by one, so that a file of any
length is read in little memory and the first bad row is named by its line.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, cast, overload

from agent_agency.canonical_json import parse_json
from agent_agency.errors import FileUnreadableError, JudgeError
from agent_agency.judging.panels.votes import ORDERS

LONGEST_LINE = 16 * 2**20
"""Bytes of one row; a longer one is no row of such a file."""
LONGEST_NAME = 500
MOST_BLANK_LINES = 10_000
"""Blank lines in succession; a file with more is none of rows, and a small compressed one may hold any number."""
SIDES = ("1", "2")

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

ReadCompletion: TypeAlias = Callable[[str, str], str | None]
"""A parser of raw answers: the completion and its order ("12" or "21") to "1", "2" or no verdict."""


@dataclass(frozen=True, slots=True)
class RecordedItem:
    """One pair of outputs; ``label`` is "1" or "2", the better one, or ``None`` where nobody has said."""

    item: str
    subset: str
    label: str | None


@dataclass(frozen=True, slots=True)
class RecordedJudgment:
    """One answer of one judge in one order.

    Args:
        item: the item's name.
        judge: ``MODEL/STRATEGY``.
        order: "12" where output 1 was shown first, else "21".
        completion: the raw answer, ``None`` where there is none.
        winner: "1" or "2" in the item's own numbering as the record's authors read the answer; ``None`` for no verdict.
        line: the line of the file.
    """

    item: str
    judge: str
    order: str
    completion: str | None
    winner: str | None
    line: int

    def verdict(self, read: ReadCompletion | None) -> str | None:
        """The winner as the parser reads the completion; as recorded where there is no completion, or no parser."""
        return self.winner if read is None or self.completion is None else read(self.completion, self.order)


def read_items(path: Path) -> Iterator[RecordedItem]:
    """Read the items of a file one after the other.

    Raises:
        JudgeError: a row is no item, or an item is there twice.
        FileUnreadableError: the file cannot be read.
    """
    seen: set[str] = set()
    for line, row in _rows(path):
        at = _Row(row, path, line)
        found = RecordedItem(at.name("item"), at.name("subset"), at.one_of("label", SIDES))
        if found.item in seen:
            at.refuse(f"The item {found.item!r} is there twice", "Keep one of the two rows.")
        seen.add(found.item)
        yield found


def read_judgments(path: Path) -> Iterator[RecordedJudgment]:
    """Read the judgements of a file one after the other.

    Raises:
        JudgeError: a row is no judgement.
        FileUnreadableError: the file cannot be read.
    """
    for line, row in _rows(path):
        at = _Row(row, path, line)
        order = at.one_of("order", ORDERS, null=False)
        winner, completion = at.one_of("winner", SIDES), at.text("completion")
        if "winner" not in row and completion is None:
            at.refuse("The row has neither winner nor completion", "Give one of them; a null winner means no verdict.")
        yield RecordedJudgment(at.name("item"), at.name("judge"), order, completion, winner, line)


def refuse_row(path: Path, line: int, message: str, fix: str) -> NoReturn:
    """Refuse a row of a recorded file by its place.

    Raises:
        JudgeError: always.
    """
    raise JudgeError(message, fix=fix, path=str(path), line=line, code="judge.bad_record")


class _Row:
    """One parsed row, whose members are taken out by name and kind."""

    __slots__ = ("_line", "_members", "_path")

    def __init__(self, members: dict[str, Any], path: Path, line: int) -> None:
        self._members = members
        self._path = path
        self._line = line

    def name(self, key: str) -> str:
        value = self._members.get(key)
        if not isinstance(value, str) or not value or len(value) > LONGEST_NAME:
            self.refuse(f"The row's {key} is no name", f"Give {key} as text of 1 to {LONGEST_NAME} characters.")
        if not _is_unicode(value):
            self.refuse(f"The row's {key} holds half of a surrogate pair", f"Give {key} as text of whole characters.")
        return value

    def text(self, key: str) -> str | None:
        value = self._members.get(key)
        if value is not None and not isinstance(value, str):
            self.refuse(f"The row's {key} is no text", f"Give {key} as text, or null.")
        return value

    @overload
    def one_of(self, key: str, allowed: tuple[str, ...]) -> str | None: ...

    @overload
    def one_of(self, key: str, allowed: tuple[str, ...], *, null: Literal[False]) -> str: ...

    def one_of(self, key: str, allowed: tuple[str, ...], *, null: bool = True) -> str | None:
        value = self._members.get(key)
        if value is None and null:
            return None
        if not isinstance(value, str) or value not in allowed:
            either = " or ".join(f'"{one}"' for one in allowed)
            self.refuse(f"The row's {key} is not {either}", f"Give {key} as {either} (text){', or null' * null}.")
        return value

    def refuse(self, message: str, fix: str) -> NoReturn:
        refuse_row(self._path, self._line, message, fix)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row that is not blank, with its line counted from 1."""
    with _opened(path) as stream:
        number = blank = 0
        while text := _line(stream, path, number + 1):
            number += 1
            if not text.strip():
                blank += 1
                _refuse_gap(path, number, blank)
                continue
            blank = 0
            try:
                row = parse_json(text)
            except ValueError as error:
                refuse_row(path, number, f"The row is no JSON: {error}", "Give one JSON object a line.")
            if not isinstance(row, dict):
                refuse_row(path, number, "The row is no JSON object", "Give one JSON object a line.")
            yield number, row


def _refuse_gap(path: Path, number: int, blank: int) -> None:
    if blank > MOST_BLANK_LINES:
        refuse_row(path, number, f"More than {MOST_BLANK_LINES:,} lines are blank", "Give one JSON object a line.")


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _line(stream: BufferedReader, path: Path, number: int) -> bytes:
    try:
        text = stream.readline(LONGEST_LINE + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileUnreadableError(
            f"The compressed file is cut off or damaged after line {number - 1}",
            fix="Fetch the file again, whole.",
            path=str(path),
            line=number,
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(text) > LONGEST_LINE:
        refuse_row(path, number, f"The row is longer than {LONGEST_LINE:,} bytes", "Give one JSON object a line.")
    if number == 1 and text.startswith(_BYTE_ORDER_MARK):
        refuse_row(path, number, "The file begins with a byte order mark", "Save it as UTF-8 without one.")
    return text


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        raw = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with raw:
        if raw.peek(len(_GZIP))[: len(_GZIP)] != _GZIP:
            yield raw
            return
        with gzip.open(raw, "rb") as unpacked:
            yield cast("BufferedReader", unpacked)


def _unreadable(path: Path, error: OSError) -> FileUnreadableError:
    return FileUnreadableError(
        f"The file could not be read: {error.strerror or error}", fix="Check the path and its rights.", path=str(path)
    )
