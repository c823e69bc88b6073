"""Gate ``scope_boundary``: every path that the change touches lies where the governing spec lets it go.

Both ends of a rename count; of a copy only the new path, because the old one is not edited. Beyond the standard's
lexical decision, symbolic links are followed and other spellings of a name are looked at (``scope_names``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent_agency.change.model import Change, FileChange, FileStatus
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, fails, not_run
from agent_agency.gates.scope_names import link_findings, name_findings
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
    judge = ScopeJudge(spec.scope, context.policy)
    paths = {path for file in context.change.files for path in edited_paths(file)}
    decisions = {path: judge.decide(path) for path in paths}
    admitted = frozenset(path for path, decision in decisions.items() if decision.kind == "admit")
    findings = _path_findings(context.change, spec, decisions)
    findings += name_findings(context, spec, judge, admitted)
    findings += _submodules(context, admitted)
    if context.head_modes is not None:
        findings += link_findings(context, judge, admitted, context.head_modes)
    facts = _facts(context.change, findings)
    if context.head_modes is None and not fails(findings):
        reason = "the names of the head's tree were not read, so links and spellings could not be looked at"
        return not_run(NAME, mode, reason, findings=findings, facts=facts)
    return concluded(NAME, mode, findings, reason=_reason(facts, spec), facts=facts)


def _facts(change: Change, findings: Iterable[Finding]) -> dict[str, int]:
    return {
        "touched_paths": sum(len(edited_paths(file)) for file in change.files),
        "outside_paths": len({finding.place.path for finding in findings}),
        "symbolic_links": sum(file.new is not None and file.new.is_symlink for file in change.files),
    }


def _reason(facts: Mapping[str, int], spec: Spec) -> str:
    touched, outside = counted(facts["touched_paths"], "touched path"), facts["outside_paths"]
    where = f"the scope of {spec.id}"
    return f"{outside:,} of {touched} outside {where}" if outside else f"{touched}, all inside {where}"


def _path_findings(change: Change, spec: Spec, decisions: Mapping[str, ScopeDecision]) -> list[Finding]:
    return [
        _outside(change, file, decisions[path], spec)
        for file in change.files
        for path in edited_paths(file)
        if decisions[path].kind != "admit"
    ]


def _submodules(context: GateContext, admitted: frozenset[str]) -> Iterator[Finding]:
    """What a submodule brings into the scope was measured by nobody, so it is not let in silently."""
    for file in context.change.files:
        if file.new is not None and file.new.is_submodule and not file.no_op and file.path in admitted:
            yield Finding(
                rule=f"{NAME}.submodule",
                severity=Severity.MAJOR,
                message=f"{described(file)} is a submodule; what changed inside it was not looked at",
                remedy=f"Take it back with: {undo_command(context.change, file)};"
                " or have the other repository's own change reviewed and ask for a waiver of scope_boundary",
                place=Place(file.path),
                subject="submodule",
            )


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
