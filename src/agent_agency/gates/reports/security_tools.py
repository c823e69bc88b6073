"""The JSON of security scanners: bandit (``-f json``) and pip-audit (``-f json``)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
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
from agent_agency.gates.reports.model import IssueLevel, IssueReport, IssueSeverity
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_BANDIT = MappingProxyType(
    {
        "HIGH": (IssueLevel.ERROR, IssueSeverity.HIGH),
        "MEDIUM": (IssueLevel.WARNING, IssueSeverity.MEDIUM),
        "LOW": (IssueLevel.NOTE, IssueSeverity.LOW),
        "UNDEFINED": (IssueLevel.WARNING, None),
    }
)


def read_bandit(source: Source) -> IssueReport:
    """Read bandit's JSON; what ``nosec`` silenced is counted as suppressed.

    Raises:
        Refused: it is no such report, bandit could not read a file, or it looked at none.
    """
    json = Json(source)
    builder = IssueBuilder()
    errors: list[Any] | None = None
    metrics: dict[str, Any] | None = None
    has_results = False
    for key in json.members("The report"):
        if key == "errors":
            errors = the_list({key: json.value()}, key)
        elif key == "metrics":
            metrics = an_object(json.value(), key)
        elif key == "results":
            has_results = True
            for _ in json.elements(key):
                _bandit_issue(builder, an_object(json.value(), "A result"))
    json.end()
    if errors is None or metrics is None or not has_results:
        raise Refused(Code.WRONG_SHAPE, "The report lacks bandit's errors, metrics or results")
    if errors:
        path = text_or_empty(an_object(errors[0], "An error"), "filename")
        raise Refused(Code.TOOL_FAILED, f"bandit could not read {len(errors):,} files, {path[:200]!r} first")
    _bandit_totals(builder, metrics)
    return builder.report("bandit")


def _bandit_totals(builder: IssueBuilder, metrics: Mapping[str, Any]) -> None:
    if not metrics.keys() - {"_totals"}:
        raise Refused(Code.NOTHING_CHECKED, "bandit looked at no file")
    totals = object_or_empty(metrics, "_totals")
    builder.suppressed = the_count(totals, "nosec") + the_count(totals, "skipped_tests")


def _bandit_issue(builder: IssueBuilder, issue: Mapping[str, Any]) -> None:
    word = the_text(issue, "issue_severity")
    if word not in _BANDIT:
        raise Refused(Code.WRONG_SHAPE, f"A result has the unknown severity {word[:40]!r}")
    level, severity = _BANDIT[word]
    place = (the_text(issue, "filename"), position(issue.get("line_number")), position(issue.get("col_offset"), 1))
    builder.add(the_text(issue, "test_id"), level, text_or_empty(issue, "issue_text"), place, severity=severity)


def read_pip_audit(source: Source) -> IssueReport:
    """Read pip-audit's JSON; a dependency that it skipped is a note. pip-audit gives no severity.

    Raises:
        Refused: it is no such report, or no dependency was looked at.
    """
    json = Json(source)
    builder = IssueBuilder()
    audited: int | None = None
    for key in json.members("The report"):
        if key == "dependencies":
            audited = 0
            for _ in json.elements(key):
                audited += _dependency(builder, an_object(json.value(), "A dependency"))
    json.end()
    if audited is None:
        raise Refused(Code.WRONG_SHAPE, "The report lacks dependencies")
    if not audited:
        raise Refused(Code.NOTHING_CHECKED, "pip-audit looked at no dependency")
    return builder.report("pip-audit")


def _dependency(builder: IssueBuilder, dependency: Mapping[str, Any]) -> bool:
    name = the_text(dependency, "name")
    if "vulns" not in dependency:
        reason = the_text(dependency, "skip_reason")
        builder.add("not-audited", IssueLevel.NOTE, f"{name} was not audited: {reason}")
        return False
    version = text_or_empty(dependency, "version")
    for entry in the_list(dependency, "vulns"):
        vulnerability = an_object(entry, "A vulnerability")
        fixed = ", ".join(str(fix) for fix in list_or_empty(vulnerability, "fix_versions")) or "no version"
        said = f"{name} {version} (fixed by {fixed}): {text_or_empty(vulnerability, 'description')}"
        builder.add(the_text(vulnerability, "id"), IssueLevel.ERROR, said)
    return True
