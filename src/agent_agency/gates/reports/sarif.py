"""SARIF 2.1.0 (OASIS standard, 2020): what static analysers and scanners find.

A run counts only when the tool says that it worked: an unsuccessful invocation, an error among its notifications, or
results that are absent (3.14.23: absent means that the tool did not look) make the report no report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from agent_agency.gates.reports.budget import MAX_ISSUES, MAX_NAME, bounded
from agent_agency.gates.reports.fields import (
    a_text,
    an_object,
    list_or_empty,
    object_or_empty,
    position,
    text_or_empty,
    the_text,
)
from agent_agency.gates.reports.issues import IssueBuilder
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import MESSAGE_LIMIT, IssueLevel, IssueReport, IssueSeverity, cut
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_LEVELS = frozenset({"none", "note", "warning", "error"})
_KINDS = frozenset({"notApplicable", "pass", "fail", "review", "open", "informational"})
_BASELINES = frozenset({"", "new", "unchanged", "updated", "absent"})
_SEVERITY_WORDS = MappingProxyType({word.value: word for word in IssueSeverity})
_SCORES = ((9.0, IssueSeverity.CRITICAL), (7.0, IssueSeverity.HIGH), (4.0, IssueSeverity.MEDIUM))


@dataclass(frozen=True, slots=True)
class _Rule:
    level: str
    severity: IssueSeverity | None


@dataclass(slots=True)
class _Run:
    tool: str = ""
    rules: list[_Rule] = field(default_factory=list)
    by_id: dict[str, _Rule] = field(default_factory=dict)
    results: list[_Result] = field(default_factory=list)
    suppressed: int = 0
    has_results: bool = False


@dataclass(frozen=True, slots=True)
class _Result:
    rule: str
    index: int | None
    level: str
    severity: IssueSeverity | None
    message: str
    place: tuple[str | None, int | None, int | None]
    fingerprint: str | None


def read_sarif(source: Source) -> IssueReport:
    """Read a SARIF log: the results of all its runs.

    Raises:
        Refused: it is no such log, holds no run, or a run in it did not work.
    """
    json = Json(source)
    builder = IssueBuilder()
    tools: list[str] = []
    version = None
    for key in json.members("The report"):
        if key == "version":
            version = json.value()
        elif key == "runs":
            for _ in json.elements("runs"):
                run = _run(json)
                _settle(run, builder)
                tools.append(run.tool)
                bounded(len(tools), 1000, "runs")
    json.end()
    if version != "2.1.0":
        raise Refused(Code.VERSION, f"The SARIF version {str(version)[:20]!r} is not 2.1.0")
    if not tools:
        raise Refused(Code.NOTHING_CHECKED, "The report holds no run of any tool")
    return builder.report(", ".join(dict.fromkeys(tools)))


def _run(json: Json) -> _Run:
    run = _Run()
    for key in json.members("A run"):
        if key == "tool":
            _tool(json, run)
        elif key == "invocations":
            for _ in json.elements(key):
                _invocation(an_object(json.value(), "An invocation"))
        elif key == "results":
            run.has_results = True
            for _ in json.elements(key):
                result = _result(an_object(json.value(), "A result"), run)
                if result is not None:
                    run.results.append(result)
                    bounded(len(run.results), MAX_ISSUES, "results")
    if not run.tool:
        raise Refused(Code.WRONG_SHAPE, "A run names no tool")
    if not run.has_results:
        raise Refused(Code.INCOMPLETE, f"The run of {run.tool[:80]!r} has no results, not even none")
    return run


def _tool(json: Json, run: _Run) -> None:
    for part in json.members("tool"):
        if part != "driver":
            continue
        for key in json.members("driver"):
            if key == "name":
                run.tool = cut(a_text(json.value(), "name"), 200)
            elif key == "rules":
                for _ in json.elements(key):
                    _remember(run, an_object(json.value(), "A rule"))


def _remember(run: _Run, descriptor: Mapping[str, Any]) -> None:
    configuration = object_or_empty(descriptor, "defaultConfiguration")
    rule = _Rule(_level(configuration), _severity(object_or_empty(descriptor, "properties")))
    run.rules.append(rule)
    bounded(len(run.rules), MAX_ISSUES, "rules")
    run.by_id[the_text(descriptor, "id")] = rule


def _invocation(invocation: Mapping[str, Any]) -> None:
    if invocation.get("executionSuccessful") is not True:
        raise Refused(Code.TOOL_FAILED, "The tool says that it did not work")
    for name in ("toolExecutionNotifications", "toolConfigurationNotifications"):
        for entry in list_or_empty(invocation, name):
            notification = an_object(entry, "A notification")
            if _level(notification) == "error":
                said = text_or_empty(object_or_empty(notification, "message"), "text")
                raise Refused(Code.TOOL_FAILED, f"The tool reports an error of its own: {said[:200]!r}")


def _result(result: Mapping[str, Any], run: _Run) -> _Result | None:
    """What a result says; ``None`` for one that is silenced, no longer there, or no failure."""
    kind, baseline = text_or_empty(result, "kind") or "fail", text_or_empty(result, "baselineState")
    if kind not in _KINDS or baseline not in _BASELINES:
        raise Refused(
            Code.WRONG_SHAPE, f"A result has the unknown kind or baseline state {kind[:40]!r} {baseline[:40]!r}"
        )
    if baseline == "absent" or kind in {"pass", "notApplicable"}:
        return None
    if _is_suppressed(list_or_empty(result, "suppressions")):
        run.suppressed += 1
        return None
    rule = object_or_empty(result, "rule")
    index = result.get("ruleIndex", rule.get("index"))
    identity = text_or_empty(result, "ruleId") or text_or_empty(rule, "id")
    return _Result(
        rule=identity[:MAX_NAME],
        index=index if type(index) is int and index >= 0 else None,
        level=_level(result) or ("" if kind == "fail" else "note"),
        severity=_severity(object_or_empty(result, "properties")),
        message=_message(object_or_empty(result, "message")),
        place=_place(list_or_empty(result, "locations")),
        fingerprint=_fingerprint(result),
    )


def _settle(run: _Run, builder: IssueBuilder) -> None:
    builder.suppressed += run.suppressed
    for result in run.results:
        rule = _rule_of(run, result)
        level = result.level or (rule.level if rule else "")
        severity = result.severity or (rule.severity if rule else None)
        shown = IssueLevel.NOTE if level == "none" else IssueLevel(level or "warning")  # 3.27.10: what none means
        builder.add(
            result.rule or run.tool,
            shown,
            result.message,
            result.place,
            severity=severity,
            fingerprint=result.fingerprint,
            ranked=bool(level),
        )


def _rule_of(run: _Run, result: _Result) -> _Rule | None:
    if result.index is not None and result.index < len(run.rules):
        return run.rules[result.index]
    return run.by_id.get(result.rule) or run.by_id.get(result.rule.rpartition("/")[0])  # 3.27.5: hierarchical ids


def _is_suppressed(suppressions: list[Any]) -> bool:
    """Whether every suppression stands: one that is rejected or still under review silences nothing (3.35.3)."""
    states = [text_or_empty(an_object(entry, "A suppression"), "status") or "accepted" for entry in suppressions]
    return bool(states) and all(state == "accepted" for state in states)


def _level(holder: Mapping[str, Any]) -> str:
    level = text_or_empty(holder, "level")
    if level and level not in _LEVELS:
        raise Refused(Code.WRONG_SHAPE, f"The level {level[:40]!r} is not known")
    return level


def _severity(properties: Mapping[str, Any]) -> IssueSeverity | None:
    score = properties.get("security-severity")
    if score is not None:
        return _scored(score)
    word = properties.get("issue_severity")  # bandit
    return _SEVERITY_WORDS.get(word.lower()) if isinstance(word, str) else None


def _scored(score: object) -> IssueSeverity | None:
    try:
        number = float(score) if isinstance(score, str | int | float) else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number <= 10:  # noqa: PLR2004 - the scale of CVSS
        raise Refused(Code.NUMBER_INVALID, f"security-severity is {str(score)[:40]!r}, not a number from 0 to 10")
    return next((severity for least, severity in _SCORES if number >= least), IssueSeverity.LOW)


def _message(message: Mapping[str, Any]) -> str:
    text = text_or_empty(message, "text") or text_or_empty(message, "markdown") or text_or_empty(message, "id")
    return text[: 2 * MESSAGE_LIMIT]


def _place(locations: list[Any]) -> tuple[str | None, int | None, int | None]:
    if not locations:
        return (None, None, None)
    physical = object_or_empty(an_object(locations[0], "A location"), "physicalLocation")
    region = object_or_empty(physical, "region")
    uri = text_or_empty(object_or_empty(physical, "artifactLocation"), "uri")
    return (_path(uri), position(region.get("startLine")), position(region.get("startColumn")))


def _path(uri: str) -> str | None:
    path = uri[7:] if uri.startswith("file:///") else uri
    return unquote(path, errors="surrogateescape") or None


def _fingerprint(result: Mapping[str, Any]) -> str | None:
    for name in ("fingerprints", "partialFingerprints"):
        values = [value for value in object_or_empty(result, name).values() if isinstance(value, str)]
        if values:
            return values[0][:200]
    return None
