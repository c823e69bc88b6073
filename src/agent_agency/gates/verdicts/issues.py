"""A report of issues: lint, types, security, accessibility, and any other tool that lists what it found.

What counts: an error by the tool's own rank. For security an issue of high or critical severity, whatever the rank;
one whose severity the tool does not tell counts when its rank is error, or when the tool does not rank it at all: what
is not known to be harmless is not taken for it. For accessibility a violation of impact serious or critical, which
the reader of axe ranks as errors, as it does a violation of no known impact.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from agent_agency.facts import Finding, GateStatus, Place, Severity
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import Issue, IssueLevel, IssueReport, IssueSeverity
from agent_agency.gates.verdicts.model import (
    SHOWN,
    ToolVerdict,
    eased,
    first_line,
    gate_finding,
    see,
    threshold_of,
    with_more,
)
from agent_agency.gates.verdicts.places import RepositoryPaths, clean_path

LONGEST_RULE = 120
_GRAVE = frozenset({IssueSeverity.CRITICAL, IssueSeverity.HIGH})
_MOVING = re.compile(r"\bline \d+|:\d+", re.IGNORECASE)
_NOT_IN_ID = re.compile(r"[^\w./:@+-]+")
_WORDS = MappingProxyType(
    {
        GateKind.SECURITY: "issues of high or critical severity",
        GateKind.ACCESSIBILITY: "violations of serious or critical impact",
    }
)
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Found:
    """An issue that counts or not, and the file of the repository that it is in."""

    issue: Issue
    path: str | None
    counts: bool


def judge_issues(gate: ConfiguredGate, tier: int, report: IssueReport, context: JudgingContext) -> ToolVerdict:
    """Judge the issues that count; with a ratchet, and the base measured, only new ones fail."""
    paths = RepositoryPaths(context.paths, context.root)
    found = [_Found(issue, _path(issue, paths), counts(gate.kind, issue)) for issue in report.issues]
    counting = [one for one in found if one.counts]
    most = threshold_of(gate, tier)
    figures: dict[str, Any] = {
        **{str(level): number for level, number in report.levels.items()},
        "counted": len(counting),
        "threshold": most,
        "suppressed": report.suppressed,
    }
    reason = f"{len(counting)} {_WORDS.get(gate.kind, 'errors')}, {most:g} allowed"
    over = len(counting) > most
    verdict = ToolVerdict(GateStatus.FAIL if over else GateStatus.PASS, reason, (), figures)
    if gate.ratchet and isinstance(context.base, IssueReport):
        return _against_base(gate, verdict, found, context.base, context)
    return replace(verdict, findings=_findings(gate, found, counting if over else []))


def counts(kind: GateKind, issue: Issue) -> bool:
    """Whether an issue counts against the threshold of a gate of this kind."""
    if kind is not GateKind.SECURITY:
        return issue.level is IssueLevel.ERROR
    if issue.severity is None:
        return issue.level is IssueLevel.ERROR or not issue.ranked
    return issue.severity in _GRAVE


def _findings(gate: ConfiguredGate, found: Sequence[_Found], bad: Sequence[_Found]) -> tuple[Finding, ...]:
    """The first of all issues, those that fail the gate before the others."""
    failing = {id(one) for one in bad}
    listed = sorted(found, key=lambda one: (id(one) not in failing, not one.counts))[:SHOWN]
    return tuple(_finding(gate, one, Severity.MAJOR if id(one) in failing else Severity.ADVICE) for one in listed)


def _finding(gate: ConfiguredGate, one: _Found, severity: Severity) -> Finding:
    issue, message = one.issue, first_line(one.issue.message)
    if issue.path and one.path is None:
        message = f"{message} (in {first_line(issue.path)})"
    place = Place(one.path, issue.line if one.path else None, issue.column if one.path else None)
    subject = "" if one.path else message
    return gate_finding(gate, f"issue.{_as_id(issue.rule)}", severity, message, see(gate), place=place, subject=subject)


def _as_id(rule: str) -> str:
    """A tool's rule as the end of a rule id: no blanks and nothing that a terminal would act upon."""
    return _NOT_IN_ID.sub("_", rule)[:LONGEST_RULE] or "unnamed"


def _path(issue: Issue, paths: RepositoryPaths) -> str | None:
    return None if issue.path is None else paths.meant(issue.path)


def _against_base(
    gate: ConfiguredGate, verdict: ToolVerdict, found: Sequence[_Found], base: IssueReport, context: JudgingContext
) -> ToolVerdict:
    paths = RepositoryPaths(context.base_paths or context.paths, context.base_root)
    before = [one for one in (_Found(i, _path(i, paths), counts(gate.kind, i)) for i in base.issues) if one.counts]
    new = new_issues([one for one in found if one.counts], before, context)
    figures = {"ratchet": True, "base_counted": len(before), "new": len(new)}
    if verdict.status is GateStatus.FAIL and not new:
        told = f"; none of them is new, there are {len(before)} at the base"
        return eased(replace(verdict, findings=_findings(gate, found, [])), figures, told)
    told = f"; {len(new)} new, {len(before)} at the base"
    failing = new if verdict.status is GateStatus.FAIL else []
    return with_more(verdict, figures, told, _findings(gate, found, failing))


def new_issues(head: Sequence[_Found], base: Sequence[_Found], context: JudgingContext) -> list[_Found]:
    """The issues of the head that the base does not have, each of the base's excusing one.

    Two are one and the same when the tool gives them one fingerprint, or else when rule, file and message agree; a
    moved file goes by its base path, and the numbers of lines in a message may differ.
    """
    unused = _Unused(base, context.base_root)
    unlike = [one for one in head if not unused.take(_mark(one, _base_path(one, context)))]
    return [one for one in unlike if not unused.take(_said(one, _base_path(one, context), context.root))]


class _Unused:
    """Issues of the base, each to be taken once, by its fingerprint or by what it says."""

    def __init__(self, base: Sequence[_Found], root: str | None) -> None:
        self._used: set[int] = set()
        self._by_key: dict[_Key, list[int]] = defaultdict(list)
        for index, one in enumerate(base):
            for key in (_mark(one, _own_path(one)), _said(one, _own_path(one), root)):
                if key is not None:
                    self._by_key[key].append(index)

    def take(self, key: _Key | None) -> bool:
        """Take an issue of this key; false where none is left."""
        waiting = self._by_key.get(key, []) if key is not None else []
        while waiting:
            index = waiting.pop()
            if index not in self._used:
                self._used.add(index)
                return True
        return False


def _own_path(one: _Found) -> str:
    return one.path or clean_path(one.issue.path or "")


def _base_path(one: _Found, context: JudgingContext) -> str:
    path = _own_path(one)
    return context.renamed.get(path, path)


def _mark(one: _Found, path: str) -> _Key | None:
    fingerprint = one.issue.fingerprint
    return None if fingerprint is None else ("fingerprint", one.issue.rule, path, fingerprint)


def _said(one: _Found, path: str, root: str | None) -> _Key:
    message = one.issue.message.replace(f"{root}/", "") if root else one.issue.message
    return ("message", one.issue.rule, path, _MOVING.sub("#", message))
