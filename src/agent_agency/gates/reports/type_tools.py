"""What type checkers write: mypy (``--output json``, or its ``--junit-xml``) and pyright (``--outputjson``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent_agency.canonical_json import parse_json
from agent_agency.gates.reports.fields import (
    an_object,
    object_or_empty,
    position,
    text_or_empty,
    the_count,
    the_text,
)
from agent_agency.gates.reports.issues import IssueBuilder
from agent_agency.gates.reports.json_lines import json_values
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import IssueLevel, IssueReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_LONGEST_LINE = 16_000
_MYPY_LEVELS = {"error": IssueLevel.ERROR, "warning": IssueLevel.WARNING, "note": IssueLevel.NOTE}
_PYRIGHT_LEVELS = {"error": IssueLevel.ERROR, "warning": IssueLevel.WARNING, "information": IssueLevel.NOTE}
_PYRIGHT_COUNTS = {"error": "errorCount", "warning": "warningCount", "information": "informationCount"}
_MYPY_LINE = re.compile(
    r"(.{1,4000}?)(?::(\d{1,9})(?::(\d{1,9}))?(?::\d+:\d+)?)?: (error|note|warning): (.*?)(?:  \[([\w-]+)\])?"
)


def read_mypy(source: Source) -> IssueReport:
    """Read mypy's JSON lines or its JUnit XML.

    mypy writes no line at all when it finds nothing, and an empty file proves nothing; the JUnit file does.

    Raises:
        Refused: it is no such report.
    """
    if source.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _mypy_junit(source)
    builder = IssueBuilder()
    for value in json_values(source.lines()):
        _mypy_issue(builder, an_object(value, "A line"))
    if not len(builder):
        raise Refused(Code.EMPTY, "The report is empty")
    return builder.report("mypy")


def read_pyright(source: Source) -> IssueReport:
    """Read pyright's JSON, whose summary must agree with its diagnostics.

    Raises:
        Refused: it is no such report, or no file was looked at.
    """
    json = Json(source)
    builder = IssueBuilder()
    counted = dict.fromkeys(_PYRIGHT_LEVELS, 0)
    summary: dict[str, Any] | None = None
    for key in json.members("The report"):
        if key == "summary":
            summary = an_object(json.value(), "summary")
        elif key == "generalDiagnostics":
            for _ in json.elements(key):
                counted[_pyright_issue(builder, an_object(json.value(), "A diagnostic"))] += 1
    json.end()
    if summary is None:
        raise Refused(Code.WRONG_SHAPE, "The report lacks a summary")
    if counted != {word: the_count(summary, name) for word, name in _PYRIGHT_COUNTS.items()}:
        raise Refused(Code.COUNT_MISMATCH, "The summary declares other numbers than the report lists")
    if not the_count(summary, "filesAnalyzed"):
        raise Refused(Code.NOTHING_CHECKED, "pyright looked at no file")
    return builder.report("pyright")


def _mypy_issue(builder: IssueBuilder, issue: Mapping[str, Any]) -> None:
    level = _MYPY_LEVELS.get(the_text(issue, "severity"))
    if level is None:
        raise Refused(Code.WRONG_SHAPE, f"An issue has the unknown severity {issue['severity'][:40]!r}")
    place = (the_text(issue, "file"), position(issue.get("line")), position(issue.get("column"), 1))
    builder.add(text_or_empty(issue, "code") or "mypy", level, text_or_empty(issue, "message"), place)


def _pyright_issue(builder: IssueBuilder, issue: Mapping[str, Any]) -> str:
    word = the_text(issue, "severity")
    if word not in _PYRIGHT_LEVELS:
        raise Refused(Code.WRONG_SHAPE, f"A diagnostic has the unknown severity {word[:40]!r}")
    start = object_or_empty(object_or_empty(issue, "range"), "start")
    path = text_or_empty(issue, "file") or text_or_empty(issue, "uri")
    place = (path, position(start.get("line"), 1), position(start.get("character"), 1))
    builder.add(
        text_or_empty(issue, "rule") or "pyright", _PYRIGHT_LEVELS[word], text_or_empty(issue, "message"), place
    )
    return word


def _mypy_junit(source: Source) -> IssueReport:
    from agent_agency.gates.reports.junit import read_junit_texts

    report, texts = read_junit_texts(source)
    if not report.cases:
        raise Refused(Code.NOTHING_CHECKED, "mypy looked at nothing")
    if not all(case.id.startswith("mypy::") for case in report.cases):
        raise Refused(Code.WRONG_SHAPE, "The JUnit report is not mypy's")
    builder = IssueBuilder()
    for line in (line for text in texts for line in text.splitlines() if line.strip()):
        _mypy_line(builder, line.strip()[:_LONGEST_LINE])
    if report.failed and not len(builder):
        builder.add("mypy", IssueLevel.ERROR, report.failures[0].message)
    return builder.report("mypy")


def _mypy_line(builder: IssueBuilder, line: str) -> None:
    if line.startswith("{"):
        try:
            _mypy_issue(builder, an_object(parse_json(line.encode("utf-8", "replace")), "A line"))
        except ValueError:
            builder.add("mypy", IssueLevel.ERROR, line)
    elif match := _MYPY_LINE.fullmatch(line):
        line_number, column = (position(int(match[at])) if match[at] else None for at in (2, 3))
        place = (match[1], line_number, column)
        builder.add(match[6] or "mypy", _MYPY_LEVELS[match[4]], match[5], place)
    else:
        builder.add("mypy", IssueLevel.ERROR, line)
