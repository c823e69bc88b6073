"""From what a review measured to the ruling's members: JSON-ready, and under a digest of all inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent_agency._version import __version__
from agent_agency.arbitration.case_file import Case, to_json
from agent_agency.arbitration.confidence import confidence
from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.arbitration.constitution.serialise import constitution_bytes
from agent_agency.arbitration.ruling import AppliedWaiver, Decision, Ruling
from agent_agency.arbitration.verdict import Violation
from agent_agency.canonical_json import digest_json
from agent_agency.change.governance import GovernanceEdit
from agent_agency.change.minimality import Minimality
from agent_agency.change.model import Change, FileChange, FileEnd
from agent_agency.clock import rfc3339
from agent_agency.facts import GateResult, display_path
from agent_agency.gates.budget_limit import Measured
from agent_agency.spec.model import BudgetDecision
from agent_agency.workflows.law import Law
from agent_agency.workflows.spec_choice import ChosenSpec
from agent_agency.workflows.subject import Subject
from agent_agency.workflows.waivers import WaiversOfChange


@dataclass(frozen=True, slots=True)
class RulesFrom:
    """The commit that the rules were read from; ``frozen_by`` is the open case that keeps them, ``note`` says more."""

    commit: str
    frozen_by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RulingInputs:
    """Everything that a ruling is made of; ``measured`` tells what counted in the budget.

    ``decision`` follows from ``case``. ``rules_from`` tells where the rules in force were read.
    """

    subject: Subject
    law: Law
    chosen: ChosenSpec | None
    change: Change
    governance: tuple[GovernanceEdit, ...]
    minimality: Minimality
    budget: BudgetDecision | None
    measured: Measured
    case: Case
    waivers: WaiversOfChange
    decision: Decision
    rules_from: RulesFrom
    now: datetime


def build_ruling(inputs: RulingInputs) -> Ruling:
    """Put the ruling together; its id follows from the digest of its inputs, never from the time."""
    spec, change = _spec(inputs.chosen), _change(inputs)
    law = _law(inputs.law, inputs.waivers, inputs.case.constitution.digest)
    base = {
        "ref": inputs.subject.base_ref,
        "commit": inputs.subject.law_commit,
        "merge_base": inputs.subject.merge_base,
    }
    head = _head(inputs)
    violations = inputs.case.violations
    applied = tuple(_applied(inputs, violations))
    digest = digest_json(
        {
            "law": inputs.law.digest,
            "constitution": inputs.case.constitution.digest,
            "spec": spec["digest"] if spec else None,
            "base": [inputs.subject.law_commit, inputs.subject.merge_base],
            "head": head["tree"],
            "change": inputs.change.digest,
            "authors": sorted(map(display_path, inputs.change.authors)),
            "waivers": [waiver.digest for waiver in applied],
            "gates": [gate_digest(gate) for gate in sorted(inputs.case.gates, key=lambda gate: gate.name)],
            "outcomes": sorted(outcome_digest(outcome) for outcome in inputs.case.outcomes),
            "verdict": str(inputs.decision.verdict),
            "tool": __version__,
        }
    )
    return Ruling(
        ruling_id="R-" + digest.removeprefix("sha256:")[:20],
        decision=inputs.decision,
        gates=inputs.case.gates,
        waivers=applied,
        waived=_waived(violations),
        spec=spec,
        law=law,
        base=base,
        head=head,
        change=change,
        budget=_budget(inputs),
        reviewed_at=rfc3339(inputs.now),
        tool_version=__version__,
        inputs_digest=digest,
        case_file=to_json(inputs.case),
        constitution_text=constitution_bytes(inputs.case.constitution),
        outcomes=inputs.case.outcomes,
        constitution=_constitution(inputs),
        confidence=confidence(inputs.case, inputs.decision),
    )


def _constitution(inputs: RulingInputs) -> dict[str, Any]:
    constitution = inputs.case.constitution
    return {
        "digest": constitution.digest,
        "rules": len(constitution.rules),
        "commit": inputs.rules_from.commit,
        "frozen_by": inputs.rules_from.frozen_by,
        "note": inputs.rules_from.note,
        "weakened": [{"rule": w.rule, "how": w.how, "allowed_by": w.allowed_by} for w in constitution.weakened],
    }


def _waived(violations: Sequence[Violation]) -> dict[str, str]:
    """Which waiver covers a finding; none where another rule that rests on the finding is not covered."""
    cited = [violation for violation in violations if violation.finding is not None]
    open_still = {v.finding.fingerprint for v in cited if v.finding and v.covered_by is None}
    covered = {v.finding.fingerprint: v.covered_by for v in cited if v.finding and v.covered_by}
    return {fingerprint: waiver for fingerprint, waiver in covered.items() if fingerprint not in open_still}


def outcome_digest(outcome: RuleOutcome) -> list[str]:
    """What of a rule's answer has a part in the ruling's id."""
    return [outcome.rule, outcome.subject, str(outcome.status)]


def gate_digest(gate: GateResult) -> list[Any]:
    """What of a gate's result has a part in the ruling's id."""
    findings = sorted([f.rule, f.severity, f.fingerprint] for f in gate.findings)
    return [gate.name, gate.status, gate.mode, gate.applicable, findings]


def _spec(chosen: ChosenSpec | None) -> dict[str, Any] | None:
    if chosen is None:
        return None
    on_file, spec = chosen.spec, chosen.spec.result.spec
    return {
        "id": on_file.id,
        "title": spec.title if spec else None,
        "risk_tier": spec.risk_tier if spec else None,
        "mode": spec.mode if spec else None,
        "profile": on_file.result.profile,
        "path": on_file.path,
        "digest": on_file.digest,
        "chosen_by": chosen.chosen_by,
    }


def _law(law: Law, waivers: WaiversOfChange, constitution: str) -> dict[str, Any]:
    return {
        "in_force": law.in_force,
        "source": "base" if law.policy_path else "built-in",
        "commit": law.commit,
        "policy_path": law.policy_path,
        "policy_digest": law.policy.digest,
        "config_digest": law.config_digest,
        "waivers": sorted({result.path for result in law.waivers}),
        "constitution": constitution,
        "waivers_not_in_force": dict(waivers.not_in_force),
    }


def _head(inputs: RulingInputs) -> dict[str, Any]:
    change = inputs.change
    return {
        "ref": inputs.subject.head_ref,
        "commit": change.head_commit,
        "tree": change.head_tree,
        "kind": str(change.head_kind),
        "branch": inputs.subject.branch,
        "repository_uri": inputs.subject.repository_uri,
    }


def _change(inputs: RulingInputs) -> dict[str, Any]:
    change = inputs.change
    excluded = {file.path: why for file, why in inputs.measured.excluded}
    return {
        "digest": change.digest,
        "files": len(change.files),
        "added": change.added,
        "deleted": change.deleted,
        "lines": change.added + change.deleted,
        "excluded": [{"path": path, "reason": why} for path, why in sorted(excluded.items())],
        "notes": list(change.notes),
        "authors": list(change.authors),
        "files_changed": [_file(file, excluded) for file in change.files],
        "minimality": {"files": [_minimal(row) for row in inputs.minimality.files]},
        "governance": [{"path": e.path, "kind": e.kind, "detail": e.detail} for e in inputs.governance],
    }


def _file(file: FileChange, excluded: Mapping[str, str]) -> dict[str, Any]:
    old, new = file.old, file.new
    moved = old is not None and new is not None and old.path != new.path
    return {
        "path": file.path,
        "old_path": old.path if old and moved else None,
        "status": str(file.status),
        "added": file.added,
        "deleted": file.deleted,
        "binary": file.binary,
        "mode_from": old.mode if old else None,
        "mode_to": new.mode if new else None,
        "size": new.size if new else None,
        "lfs": _lfs(new),
        "generated": file.generated,
        "whitespace_only": file.whitespace_only,
        "no_op": file.no_op,
        "counted": file.path not in excluded,
    }


def _lfs(end: FileEnd | None) -> dict[str, Any] | None:
    return {"oid": end.lfs_oid, "size": end.lfs_size} if end and end.lfs_oid else None


def _minimal(row: Any) -> dict[str, Any]:
    return {
        "path": row.path,
        "method": row.method,
        "edit_size": row.edit_size,
        "tree_size": row.tree_size,
        "ratio": round(row.ratio, 4),
        "moved": row.moved,
        "note": row.note,
    }


def _budget(inputs: RulingInputs) -> dict[str, Any] | None:
    decision, spec = inputs.budget, inputs.chosen.spec.result.spec if inputs.chosen else None
    if decision is None or spec is None:
        return None
    return {
        "tier": spec.risk_tier,
        "max_files": decision.budget.max_files,
        "max_loc": decision.budget.max_loc,
        "used_files": inputs.measured.files,
        "used_loc": inputs.measured.lines,
        "baseline_files": decision.baseline.max_files,
        "baseline_loc": decision.baseline.max_loc,
        "applied": list(decision.applied),
        "skipped": dict(decision.skipped),
    }


def _applied(inputs: RulingInputs, violations: Sequence[Violation]) -> list[AppliedWaiver]:
    applied = []
    for use in inputs.waivers.in_force:
        covers = tuple(sorted(v.finding.fingerprint for v in violations if v.finding and v.covered_by == use.waiver.id))
        covers_gate = any(v.covered_by == use.waiver.id for v in violations)
        if covers or covers_gate or use.budget_needed:
            applied.append(
                AppliedWaiver(
                    id=use.waiver.id,
                    title=use.waiver.title,
                    approvers=use.waiver.approvers,
                    expires_at=rfc3339(use.waiver.expires_at),
                    gates=use.waiver.gates,
                    covers=covers,
                    added_files=use.added.max_files if use.budget_needed else 0,
                    added_loc=use.added.max_loc if use.budget_needed else 0,
                    digest=use.waiver.digest,
                    rules=tuple(sorted(use.for_verdict().covers_rules)),
                    signed=use.signed,
                    requester=use.waiver.requester or "",
                )
            )
    return applied
