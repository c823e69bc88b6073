"""The JSON of linters: ruff (``--output-format json``) and ESLint (``--format json``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.gates.reports.fields import (
    an_object,
    list_or_empty,
    object_or_empty,
    position,
    text_or_empty,
    the_count,
    the_list,
    the_text,
)
from agent_agency.gates.reports.issues import IssueBuilder
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import IssueLevel, IssueReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_RUFF_LEVELS = {"error": IssueLevel.ERROR, "warning": IssueLevel.WARNING, "info": IssueLevel.NOTE}
_ESLINT_LEVELS = {1: IssueLevel.WARNING, 2: IssueLevel.ERROR}


def read_ruff(source: Source) -> IssueReport:
    """Read ruff's JSON; an empty array is ruff's word for nothing found.

    Raises:
        Refused: it is no such report.
    """
    json = Json(source)
    builder = IssueBuilder()
    for _ in json.elements("The report"):
        issue = an_object(json.value(), "An issue")
        location = object_or_empty(issue, "location")
        place = (the_text(issue, "filename"), position(location.get("row")), position(location.get("column")))
        level = _RUFF_LEVELS.get(text_or_empty(issue, "severity"), IssueLevel.ERROR)
        builder.add(text_or_empty(issue, "code") or "invalid-syntax", level, the_text(issue, "message"), place)
    json.end()
    return builder.report("ruff")


def read_eslint(source: Source) -> IssueReport:
    """Read ESLint's JSON, whose numbers for each file must agree with its messages.

    Raises:
        Refused: it is no such report, or no file was looked at.
    """
    json = Json(source)
    builder = IssueBuilder()
    files = 0
    for _ in json.elements("The report"):
        _eslint_file(builder, an_object(json.value(), "A file's result"))
        files += 1
    json.end()
    if not files:
        raise Refused(Code.NOTHING_CHECKED, "ESLint looked at no file")
    return builder.report("eslint")


def _eslint_file(builder: IssueBuilder, file: Mapping[str, Any]) -> None:
    path = the_text(file, "filePath")
    counted = {IssueLevel.ERROR: 0, IssueLevel.WARNING: 0}
    for entry in the_list(file, "messages"):
        message = an_object(entry, "A message")
        severity = message.get("severity")
        if type(severity) is not int or severity not in _ESLINT_LEVELS:
            raise Refused(Code.WRONG_SHAPE, f"A message has the unknown severity {str(severity)[:40]!r}")
        level = _ESLINT_LEVELS[severity]
        counted[level] += 1
        place = (path, position(message.get("line")), position(message.get("column")))
        builder.add(text_or_empty(message, "ruleId") or "parse-error", level, text_or_empty(message, "message"), place)
    builder.suppressed += len(list_or_empty(file, "suppressedMessages"))
    if (the_count(file, "errorCount"), the_count(file, "warningCount")) != tuple(counted.values()):
        raise Refused(Code.COUNT_MISMATCH, f"The file {path[:200]!r} declares other numbers than it lists")
