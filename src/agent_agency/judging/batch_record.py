"""One line of a batch's input: a subject to judge, or what is wrong with the line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, BinaryIO

from agent_agency.canonical_json import parse_json
from agent_agency.judging.subject import Subject

MAX_LINE = 4 * 1024 * 1024
"""Bytes that one line may have."""
LONGEST_SKIPPED = 1024 * MAX_LINE
"""Bytes of one line after which a source is no file of lines, such as ``/dev/zero``."""
_KEYS = ("id", "surface", "task", "output", "reference", "claims", "facts")


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A line with its number, from 1; ``problem`` says what is wrong where there is no subject."""

    line: int
    id: str
    subject: Subject | None
    problem: str = ""


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a source; of one that is too long only its beginning, one byte longer than `MAX_LINE`.

    Raises:
        ValueError: a line has no end within `LONGEST_SKIPPED` bytes.
    """
    while line := stream.readline(MAX_LINE + 1):
        yield line
        skipped = len(line)
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)
            skipped += len(line)
            if skipped > LONGEST_SKIPPED:
                raise ValueError(f"a line has more than {LONGEST_SKIPPED:,} bytes")


def read_records(lines: Iterable[bytes]) -> Iterator[BatchRecord]:
    """Read lines of JSON as subjects; a bad line is a record with a problem, and blank lines are none at all.

    A line has ``output``, and may have ``id``, ``surface`` (``code`` or ``text``, which is the default), ``task``,
    ``reference``, ``claims`` (a list of texts) and ``facts`` (an object of plain values).
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _record(number, line)


def _record(number: int, line: bytes) -> BatchRecord:
    if len(line) > MAX_LINE:
        return BatchRecord(number, f"line {number}", None, f"the line has more than {MAX_LINE:,} bytes")
    try:
        value = parse_json(line.rstrip(b"\r\n"))
    except ValueError as error:
        return BatchRecord(number, f"line {number}", None, f"no JSON: {error}")
    given = value.get("id") if isinstance(value, dict) else None
    name = given if isinstance(given, str) and given else f"line {number}"
    problem = _problem(value)
    if problem:
        return BatchRecord(number, name, None, problem)
    return BatchRecord(number, name, _subject(value, name))


def _subject(value: dict[str, Any], name: str) -> Subject:
    return Subject(
        id=name,
        surface=value.get("surface", "text"),
        task=value.get("task", ""),
        output=value["output"],
        reference=value.get("reference", ""),
        claims=tuple(value.get("claims", ())),
        facts=MappingProxyType(value.get("facts", {})),
    )


def _problem(value: Any) -> str:
    if not isinstance(value, dict):
        return "the line is no JSON object"
    unknown = [key for key in value if key not in _KEYS]
    if unknown:
        return f"there is no key {unknown[0][:60]!r}; the keys are {', '.join(_KEYS)}"
    if not isinstance(value.get("output"), str):
        return "'output' is no text"
    if value.get("surface", "text") not in ("code", "text"):
        return "'surface' is neither 'code' nor 'text'"
    for key in ("id", "task", "reference"):
        if not isinstance(value.get(key, ""), str):
            return f"'{key}' is no text"
    return _lists_problem(value) or _encoding_problem(value)


def _lists_problem(value: dict[str, Any]) -> str:
    claims, facts = value.get("claims", []), value.get("facts", {})
    if not isinstance(claims, list) or not all(isinstance(claim, str) for claim in claims):
        return "'claims' is no list of texts"
    if not isinstance(facts, dict) or not all(_is_fact(fact) for fact in facts.values()):
        return "'facts' is no object of texts, numbers and truth values"
    return ""


def _is_fact(value: Any) -> bool:
    return isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))


def _encoding_problem(value: dict[str, Any]) -> str:
    try:
        repr(value).encode("utf-8")
        _subject(value, "").digest  # noqa: B018 - what has no digest cannot be accounted for
    except (ValueError, UnicodeEncodeError) as error:
        return f"a value has no form in canonical JSON: {error}"
    return ""
