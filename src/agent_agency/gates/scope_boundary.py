"""Gate ``scope_boundary``: every path that the change touches lies where the governing spec lets it go.

Both ends of a rename count; of a copy only the new path, because the old one is not edited.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent_agency.change.model import Change, FileChange, FileStatus
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, not_run
from agent_agency.gates.touched import described, edited_paths
from agent_agency.gates.undo import undo_command
from agent_agency.spec.model import ScopeDecision, Spec
from agent_agency.spec.scope import ScopeJudge

NAME = "scope_boundary"


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Hold every touched path against the scope of the governing spec."""
    spec = context.spec
    if spec is None:
        return not_run(NAME, mode, "no valid working spec governs this change, so there is no scope to hold it against")
    findings = list(_path_findings(context, spec))
    touched = sum(len(edited_paths(file)) for file in context.change.files)
    outside = len({finding.place.path for finding in findings})
    reason = (
        f"{counted(outside, 'path')} of {counted(touched, 'touched path')} outside the scope of {spec.id}"
        if outside
        else f"{counted(touched, 'touched path')} inside the scope of {spec.id}"
    )
    return concluded(NAME, mode, findings, reason=reason, facts={"touched_paths": touched, "outside_paths": outside})


def _path_findings(context: GateContext, spec: Spec) -> Iterator[Finding]:
    judge = ScopeJudge(spec.scope, context.policy)
    for file in context.change.files:
        for path in edited_paths(file):
            decision = judge.decide(path)
            if decision.kind != "admit":
                yield _outside(context.change, file, decision, spec)


def _outside(change: Change, file: FileChange, decision: ScopeDecision, spec: Spec) -> Finding:
    return Finding(
        rule=decision.rule,
        severity=Severity.MAJOR,
        message=f"{_told(file, decision.path)} {_why(decision)}",
        remedy=_remedy(change, file, decision, spec),
        place=Place(decision.path),
        subject=" -> ".join(file.paths) if len(file.paths) > 1 else "",
    )


def _told(file: FileChange, path: str) -> str:
    return f"{described(file)}: {display_path(path)}" if file.status is FileStatus.RENAMED else described(file)


def _why(decision: ScopeDecision) -> str:
    if decision.kind == "invalid_path":
        return f"has a name that no scope can admit ({decision.rule.rpartition('.')[2]})"
    if decision.matched is not None:
        return f"is excluded by scope.out entry '{display_path(decision.matched)}'"
    return "is admitted by no entry of scope.in or scope.support"


def _remedy(change: Change, file: FileChange, decision: ScopeDecision, spec: Spec) -> str:
    undo = f"Take it back with: {undo_command(change, file)}"
    where = display_path(spec.path)
    if decision.kind == "invalid_path":
        return undo
    if decision.matched is not None:
        return f"{undo}; or ask for scope.out of {where} to give up '{display_path(decision.matched)}'"
    return f"{undo}; or ask for '{display_path(decision.path)}' in scope.in of {where}"
