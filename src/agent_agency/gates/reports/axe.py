"""axe-core results in JSON: one result object, or an array of them, one a page (as ``@axe-core/cli`` writes it)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gates.reports.fields import an_object, list_or_empty, text_or_empty, the_list, the_text
from agent_agency.gates.reports.issues import IssueBuilder
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import IssueLevel, IssueReport, IssueSeverity
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_IMPACTS = MappingProxyType(
    {
        "critical": (IssueLevel.ERROR, IssueSeverity.CRITICAL),
        "serious": (IssueLevel.ERROR, IssueSeverity.HIGH),
        "moderate": (IssueLevel.WARNING, IssueSeverity.MEDIUM),
        "minor": (IssueLevel.NOTE, IssueSeverity.LOW),
        "": (IssueLevel.ERROR, None),
    }
)


def read_axe(source: Source) -> IssueReport:
    """Read axe-core results: a violation on one element is one issue, what axe could not decide is a note.

    Raises:
        Refused: it is no such report, or no rule was applied to anything.
    """
    json = Json(source)
    builder = IssueBuilder()
    pages = 0
    if json.is_array():
        for _ in json.elements("The report"):
            _page(json, builder)
            pages += 1
    else:
        _page(json, builder)
        pages = 1
    json.end()
    if not pages:
        raise Refused(Code.NOTHING_CHECKED, "The report tells of no page")
    return builder.report("axe-core")


def _page(json: Json, builder: IssueBuilder) -> None:
    url = ""
    found: list[tuple[str, dict[str, Any]]] = []
    applied: dict[str, int] = {}
    for key in json.members("A page's result"):
        if key == "url":
            url = str(json.value())
        elif key in {"violations", "incomplete", "passes"}:
            applied[key] = 0
            for _ in json.elements(key):
                applied[key] += 1
                if key != "passes":
                    found.append((key, an_object(json.value(), "A rule's result")))
    if "violations" not in applied:
        raise Refused(Code.WRONG_SHAPE, "A page's result lacks violations")
    if not any(applied.values()):
        raise Refused(Code.NOTHING_CHECKED, "No rule was applied to a page")
    for key, result in found:
        _rule(builder, result, url, is_violation=key == "violations")


def _rule(builder: IssueBuilder, result: Mapping[str, Any], url: str, *, is_violation: bool) -> None:
    rule, said = the_text(result, "id"), text_or_empty(result, "help")
    nodes = the_list(result, "nodes") if is_violation else list_or_empty(result, "nodes")
    if is_violation and not nodes:
        raise Refused(Code.WRONG_SHAPE, f"The violation of {rule[:80]!r} names no element")
    for node in nodes:
        element = an_object(node, "An element")
        impact = text_or_empty(element, "impact") or text_or_empty(result, "impact")
        if impact not in _IMPACTS:
            raise Refused(Code.WRONG_SHAPE, f"An element has the unknown impact {impact[:40]!r}")
        level, severity = _IMPACTS[impact] if is_violation else (IssueLevel.NOTE, None)
        target = " ".join(str(part) for part in list_or_empty(element, "target"))
        text = f"{said} ({target})" if target else said
        message = text if is_violation else f"To be looked at by a person: {text}"
        builder.add(rule, level, message, (url or None, None, None), severity=severity)
