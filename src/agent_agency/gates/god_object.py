"""Gate ``god_object``: no source file that the change made grow is too long.

Limits in lines are the standard's (CAWS 10.2): 1,750 to warn, 2,000 as critical, doubled for tests; the policy may
set its own with ``thresholds: {warning: N, critical: N}``. A file reaches a limit when it has that many lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.change.model import FileChange, FileStatus
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, not_run
from agent_agency.gates.source_code import is_source, is_test

NAME = "god_object"
DEFAULT_WARNING = 1750
DEFAULT_CRITICAL = 2000
_FACTOR_FOR_TESTS = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many lines on a source file is told of (``warning``) and refused (``critical``)."""

    warning: int
    critical: int

    def of(self, path: str) -> Limits:
        """The limits for one path: those of tests are doubled."""
        if not is_test(path):
            return self
        return Limits(self.warning * _FACTOR_FOR_TESTS, self.critical * _FACTOR_FOR_TESTS)


@dataclass(frozen=True, slots=True)
class _Grown:
    path: str
    lines: int
    before: int
    limits: Limits


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Hold the length of every changed source file against the limits."""
    gate = context.policy.gates.get(NAME)
    limits, advice = read_thresholds(gate.thresholds if gate else {}, context.policy.path)
    sources = [file for file in context.change.files if _is_measured(file)]
    long_files: list[_Grown] = []
    unread: list[str] = []
    for file in sources:
        measured = _measure(context, file, limits)
        if isinstance(measured, str):
            unread.append(measured)
        elif measured is not None:
            long_files.append(measured)
    findings = [*advice, *(_finding(item) for item in long_files)]
    facts = _facts(sources, long_files, limits)
    if unread:
        reason = f"{display_path(min(unread))} could not be read at the head"
        return not_run(NAME, mode, reason, findings=findings, facts=facts)
    refused = sum(_is_refused(item) for item in long_files)
    reason = (
        f"{counted(refused, 'source file')} grew to {limits.critical:,} lines or more"
        if refused
        else f"{counted(len(sources), 'changed source file')}, none of which grew too long"
    )
    return concluded(NAME, mode, findings, reason=reason, facts=facts)


def read_thresholds(thresholds: Mapping[str, Any], policy_path: str) -> tuple[Limits, tuple[Finding, ...]]:
    """The limits that a policy sets; what it says and nobody can apply is told, and the default stays."""
    known = {"warning": DEFAULT_WARNING, "critical": DEFAULT_CRITICAL}
    advice = []
    for key, value in thresholds.items():
        if key in known and isinstance(value, int) and not isinstance(value, bool) and value > 0:
            known[key] = value
        else:
            advice.append(_unread_threshold(key, policy_path, known=key in known))
    return Limits(known["warning"], known["critical"]), tuple(advice)


def _unread_threshold(key: str, policy_path: str, *, known: bool) -> Finding:
    problem = "is no whole number above 0, so the default holds" if known else "is not known and has no effect"
    return Finding(
        rule=f"{NAME}.threshold_not_applied",
        severity=Severity.ADVICE,
        message=f"gates.{NAME}.thresholds.{key} {problem}",
        remedy="Write thresholds as {warning: LINES, critical: LINES}",
        place=Place(policy_path),
        subject=key,
    )


def _is_measured(file: FileChange) -> bool:
    end = file.new
    return (
        end is not None and not end.is_symlink and not end.is_submodule and not file.generated and is_source(end.path)
    )


def _measure(context: GateContext, file: FileChange, limits: Limits) -> _Grown | str | None:
    """A file at or over its warning limit; its path when it could not be read; ``None`` when it is short."""
    end = file.new
    if end is None:
        return None
    own = limits.of(end.path)
    least = min(own.warning, own.critical)
    if end.size is not None and end.size < least - 1:
        return None
    data = context.read_head(end.path)
    if data is None:
        return end.path
    lines = count_lines(data)
    if lines < least:
        return None
    return _Grown(end.path, lines, _lines_before(context, file), own)


def _lines_before(context: GateContext, file: FileChange) -> int:
    if file.old is None or file.status is FileStatus.COPIED:
        return 0
    return count_lines(context.read_base(file.old.path) or b"")


def count_lines(data: bytes) -> int:
    """Lines as Python counts them: ends of any of the three kinds, and one more for a last line without one."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)


def _is_refused(item: _Grown) -> bool:
    return item.lines >= item.limits.critical and item.lines > item.before


def _finding(item: _Grown) -> Finding:
    size = f"{display_path(item.path)} has {item.lines:,} lines"
    if _is_refused(item):
        return Finding(
            rule=f"{NAME}.too_long",
            severity=Severity.MAJOR,
            message=f"{size}, {item.lines - item.before:,} more than before; the limit is {item.limits.critical:,}",
            remedy=f"Move a part of it into a file of its own, to stay under {item.limits.critical:,} lines",
            place=Place(item.path),
        )
    grew = item.lines > item.before
    told = f"and nears the limit of {item.limits.critical:,}" if grew else "and did not grow in this change"
    return Finding(
        rule=f"{NAME}.{'nearly_too_long' if grew else 'was_long'}",
        severity=Severity.ADVICE,
        message=f"{size} {told}",
        remedy="Split it when next you work on it",
        place=Place(item.path),
    )


def _facts(sources: Iterable[FileChange], long_files: Iterable[_Grown], limits: Limits) -> dict[str, object]:
    return {
        "source_files": len(list(sources)),
        "warning": limits.warning,
        "critical": limits.critical,
        "long_files": [
            {"path": display_path(item.path), "lines": item.lines, "before": item.before}
            for item in sorted(long_files, key=lambda item: item.path)
        ],
    }
