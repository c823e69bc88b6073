"""Gate ``spec_completeness``: the governing spec is valid under its profile, in force, and says what it may break.

What is asked of a valid spec is the standard's own list (CAWS 10.2): active lifecycle, modules named in
``blast_radius``, an experiment that has not expired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, fails, not_run
from agent_agency.spec.datetimes import moment
from agent_agency.spec.model import Spec

NAME = "spec_completeness"
_EXPERIMENT_KEYS = ("experimental_mode", "experiment_mode")


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Hold the governing spec against its profile, its lifecycle and the clock."""
    result = context.spec_result
    if result is None:
        return not_run(NAME, mode, "no working spec governs this change")
    findings = list(result.findings)
    facts: dict[str, object] = {
        "spec": display_path(result.path),
        "profile": str(result.profile) if result.profile else None,
        "valid": result.valid,
    }
    if result.valid and context.spec is None:
        reason = f"{display_path(result.path)} is valid but its content was not handed on"
        return not_run(NAME, mode, reason, findings=findings, facts=facts)
    if not result.valid and not fails(findings):
        findings.append(_invalid(result.path))
    if context.spec is not None:
        findings += _incomplete(context.spec, context.now)
        facts |= {"id": context.spec.id, "lifecycle": context.spec.lifecycle, "digest": context.spec.digest}
    return concluded(NAME, mode, findings, reason=_reason(result.path, findings), facts=facts)


def _reason(path: str, findings: list[Finding]) -> str:
    problems = sum(finding.severity is not Severity.ADVICE for finding in findings)
    shown = display_path(path)
    return f"{counted(problems, 'problem')} in {shown}" if problems else f"{shown} is valid, active and complete"


def _invalid(path: str) -> Finding:
    return Finding(
        rule=f"{NAME}.invalid",
        severity=Severity.CRITICAL,
        message=f"{display_path(path)} is not a valid working spec",
        remedy=f"Run: agency validate {display_path(path)}",
        place=Place(path),
    )


def _incomplete(spec: Spec, now: datetime) -> Iterator[Finding]:
    if spec.lifecycle != "active":
        yield Finding(
            rule=f"{NAME}.not_active",
            severity=Severity.CRITICAL,
            message=f"{spec.id} is {spec.lifecycle}; only an active spec lets a change in",
            remedy=f"Have {display_path(spec.path)} made active on the base branch, or name another spec with --spec",
            place=Place(spec.path),
            subject="lifecycle",
        )
    if not _modules(spec.document):
        yield Finding(
            rule=f"{NAME}.no_modules",
            severity=Severity.MAJOR,
            message=f"{spec.id} names no module in blast_radius.modules",
            remedy=f"List the modules that this work may break in {display_path(spec.path)} on the base branch",
            place=Place(spec.path),
            subject="blast_radius.modules",
        )
    yield from _experiment(spec, now)


def _modules(document: Mapping[str, Any]) -> list[str]:
    radius = document.get("blast_radius")
    modules = radius.get("modules") if isinstance(radius, Mapping) else None
    if not isinstance(modules, (list, tuple)):
        return []
    return [module for module in modules if isinstance(module, str) and module.strip()]


def _experiment(spec: Spec, now: datetime) -> Iterator[Finding]:
    for key in _EXPERIMENT_KEYS:
        experiment = spec.document.get(key)
        if not isinstance(experiment, Mapping) or experiment.get("enabled") is False:
            continue
        told = experiment.get("expires_at")
        end = _moment(told)
        if end is not None and end > now:
            continue
        yield Finding(
            rule=f"{NAME}.experiment_expired",
            severity=Severity.MAJOR,
            message=f"the experiment of {spec.id} expired at {told}"
            if end is not None
            else f"the experiment of {spec.id} has no end that can be read as a date",
            remedy=f"End the experiment, or have {key}.expires_at set anew in {display_path(spec.path)}",
            place=Place(spec.path),
            subject=key,
        )


def _moment(value: Any) -> datetime | None:
    """The moment that a document tells; a bare date lasts to the end of that day in UTC."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.combine(date.fromisoformat(value.strip()), time.max, UTC)
    except ValueError:
        return moment(value.strip())
