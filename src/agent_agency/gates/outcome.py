"""How a gate's findings become its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity, display_path


def concluded(
    name: str, mode: GateMode, findings: Iterable[Finding], *, reason: str, facts: Mapping[str, Any]
) -> GateResult:
    """The result of a gate that looked at everything: it fails when any finding weighs more than ``advice``."""
    ordered = _ordered(findings)
    status = GateStatus.FAIL if fails(ordered) else GateStatus.PASS
    return GateResult(name, status, mode, ordered, reason, facts=MappingProxyType(dict(facts)))


def not_run(
    name: str,
    mode: GateMode,
    reason: str,
    *,
    findings: Iterable[Finding] = (),
    facts: Mapping[str, Any] | None = None,
    mendable: bool = True,
) -> GateResult:
    """The result of a gate that could not look at everything; ``reason`` names what was missing."""
    held = MappingProxyType(dict(facts or {}))
    return GateResult(name, GateStatus.NOT_RUN, mode, _ordered(findings), reason, mendable=mendable, facts=held)


def fails(findings: Iterable[Finding]) -> bool:
    """Whether any finding weighs more than ``advice``."""
    return any(finding.severity is not Severity.ADVICE for finding in findings)


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: ``1 file``, ``3 files``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=_weight))


def _weight(finding: Finding) -> tuple[int, str, int, int, str, str, str]:
    place = finding.place
    where = (display_path(place.path or ""), place.line or 0, place.column or 0)
    return (-finding.severity.rank, *where, finding.rule, finding.subject, finding.message)
