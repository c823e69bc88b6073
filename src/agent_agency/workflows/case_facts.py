"""The facts of a case: what was measured, in the shape in which rules ask for it.

Facts about gates and findings follow from the gates' results (``arbitration.gate_facts``); the rest is put together
here. A fact that could not be measured is left out, so that a rule that needs it is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.arbitration.gate_facts import fit_text, gate_facts
from agent_agency.attestation.person import same_principal
from agent_agency.change.file_kinds import FileKinds
from agent_agency.change.governance import GovernanceEdit
from agent_agency.change.model import Change, FileChange
from agent_agency.facts import GateResult, display_path, path_as_fact
from agent_agency.gates.budget_limit import Measured
from agent_agency.git.history import Provenance
from agent_agency.spec.model import BudgetDecision, Spec
from agent_agency.workflows.law import Law
from agent_agency.workflows.spec_choice import ChosenSpec
from agent_agency.workflows.waivers import WaiversOfChange, WaiverUse

_ROLLBACK = ("rollback", "rollback_plan", "rollbackPlan")
_MIGRATIONS = ("migrations", "migration", "data_migration")


@dataclass(frozen=True, slots=True)
class Measurements:
    """What a review measured; ``claimed_verdicts`` and ``claimed_specs`` are what commits of the change name."""

    law: Law
    chosen: ChosenSpec | None
    change: Change
    governance: Sequence[GovernanceEdit]
    budget: BudgetDecision | None
    measured: Measured
    waivers: WaiversOfChange
    provenance: Provenance
    claimed_verdicts: Sequence[str]
    claimed_specs: Sequence[str]
    only_law: bool
    gates: Sequence[GateResult]
    now: datetime


def stated_facts(
    measurements: Measurements, constitution: Constitution, approved_in_record: Callable[[str], bool | None]
) -> Mapping[str, Any]:
    """Every fact other than those about gates and findings.

    Args:
        measurements: what was measured.
        constitution: the rules that bind, which an open case may have kept from an older base. Whether they may be
            weakened is the policy's to say, as it stands at the base now.
        approved_in_record: whether the ruling of that id approves; ``None`` where the record holds none.
    """
    m = measurements
    spec = m.chosen.spec.result.spec if m.chosen else None
    facts = [gate_facts(gate, None) for gate in m.gates]
    files = _files(m.change, m.measured)
    return {
        "review": {"day": m.now.astimezone(UTC).date().isoformat(), "head_kind": str(m.change.head_kind)},
        "spec": _spec(m.chosen, spec),
        "change": _change(m.change, files, only_law=m.only_law),
        "budget": _budget(m.budget, m.measured, spec),
        "law": _law(m.law, constitution),
        "provenance": {
            "commits": m.provenance.commits,
            "without_author": m.provenance.without_author,
            "agents": [display_path(name) for name in m.provenance.agents],
            "spec_trailers": [display_path(name) for name in m.claimed_specs],
        },
        "evidence": _evidence(facts),
        "files": files,
        "governance": [_governance(edit) for edit in m.governance],
        "waivers": [waiver_facts(use, m.gates) for use in m.waivers.in_force],
        "authors": _authors(m),
        "claims": [
            *(_verdict_claim(name, approved_in_record) for name in m.claimed_verdicts),
            *(_claim("spec", name, holds=spec is not None and name == spec.id) for name in m.claimed_specs),
        ],
    }


def _spec(chosen: ChosenSpec | None, spec: Spec | None) -> dict[str, Any]:
    if chosen is None:
        return {"present": False}
    told: dict[str, Any] = {"present": True, "valid": spec is not None, "chosen_by": chosen.chosen_by}
    if spec is None:
        return told
    document = spec.document
    return {
        **told,
        "id": fit_text(spec.id),
        "tier": spec.risk_tier,
        "mode": spec.mode,
        "lifecycle": spec.lifecycle,
        "contracts": sorted(_contract_kinds(document.get("contracts"))),
        "rollback": any(_says_something(document.get(key)) for key in _ROLLBACK),
        "migrations": any(_says_something(document.get(key)) for key in _MIGRATIONS)
        or _migrates(document.get("blast_radius")),
        "invariants": _count(document.get("invariants")),
        "acceptance": _count(document.get("acceptance") or document.get("acceptance_criteria")),
    }


def _contract_kinds(contracts: Any) -> set[str]:
    listed = contracts if isinstance(contracts, list) else []
    return {fit_text(str(one.get("type"))) for one in listed if isinstance(one, dict) and one.get("type")}


def _says_something(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def _migrates(radius: Any) -> bool:
    return isinstance(radius, Mapping) and radius.get("data_migration") is True


def _count(value: Any) -> int:
    return len(value) if isinstance(value, (list, dict)) else 0


def _change(change: Change, files: Sequence[Mapping[str, Any]], *, only_law: bool) -> dict[str, Any]:
    return {
        "files": len(change.files),
        "added": change.added,
        "deleted": change.deleted,
        "lines": change.added + change.deleted,
        "authors": len(change.authors),
        "empty": not change.files,
        "only_law": only_law,
        "migrations": sum(file["migration"] and file["status"] != "deleted" for file in files),
        "dependencies": sum(file["dependency"] for file in files),
    }


def _budget(budget: BudgetDecision | None, measured: Measured, spec: Spec | None) -> dict[str, Any]:
    if budget is None or spec is None:
        return {"known": False}
    return {
        "known": True,
        "max_files": budget.budget.max_files,
        "max_lines": budget.budget.max_loc,
        "used_files": measured.files,
        "used_lines": measured.lines,
    }


def _law(law: Law, constitution: Constitution) -> dict[str, Any]:
    weakened = sorted(weakening.rule for weakening in constitution.weakened)
    digest = {"digest": law.digest} if law.in_force else {}
    return {
        **digest,
        "waiver_days": law.limits.waiver_max_days,
        "in_force": law.in_force,
        "readable": not law.problems,
        "weakened": weakened,
        "weakened_without_leave": [rule for rule in weakened if rule not in law.limits.weaken],
        "principals": len(law.principals.listed),
        "signed_approvals": law.principals.lists_approvers,
    }


def _evidence(gates: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    binding = [gate for gate in gates if gate["binding"]]
    results = [gate for gate in binding if "passed" in gate]
    return {
        **({"binding": len(binding)} if binding else {}),
        "measured": sum(not gate["reused"] for gate in results),
        "reused": sum(gate["reused"] for gate in results),
        "flaky": sum(gate["flaky"] and gate["passed"] for gate in results),
    }


def _files(change: Change, measured: Measured) -> list[dict[str, Any]]:
    kinds, excluded = FileKinds(), {file.path for file, _ in measured.excluded}
    return [_file(file, kinds, counted=file.path not in excluded) for file in change.files]


def _file(file: FileChange, kinds: FileKinds, *, counted: bool) -> dict[str, Any]:
    old, new = file.old, file.new
    moved = old is not None and new is not None and old.path != new.path
    return {
        "path": path_as_fact(file.path),
        "old_path": path_as_fact(old.path) if old and moved else "",
        "status": str(file.status),
        "added": file.added,
        "deleted": file.deleted,
        "binary": file.binary,
        "mode_from": old.mode if old else "",
        "mode_to": new.mode if new else "",
        "generated": file.generated,
        "counted": counted,
        "migration": any(map(kinds.is_migration, file.paths)),
        "dependency": any(map(kinds.is_dependency, file.paths)),
        "pipeline": any(map(kinds.is_pipeline, file.paths)),
    }


def _governance(edit: GovernanceEdit) -> dict[str, Any]:
    return {"path": path_as_fact(edit.path), "kind": edit.kind, "detail": fit_text(edit.detail)}


def waiver_facts(use: WaiverUse, gates: Sequence[GateResult]) -> dict[str, Any]:
    """What rules may ask of a waiver in force."""
    waiver, verdict = use.waiver, use.for_verdict()
    covered = [gate for gate in gates if gate.name in verdict.covers_gates]
    return {
        "id": fit_text(waiver.id),
        "gates": sorted(waiver.gates),
        "rules": sorted(verdict.covers_rules),
        "needed": use.budget_needed or bool(verdict.covers_rules) or any(gate.findings for gate in covered),
        "days": use.days,
        "approvals": use.approvals,
        "quorum": use.quorum,
        "signed": use.signed,
        "bounded": use.bounded,
    }


def _authors(m: Measurements) -> list[dict[str, Any]]:
    approvers = [name for use in m.waivers.in_force for name in use.waiver.approvers]
    listed = [text for one in m.law.principals.listed for text in (one.address, one.name) if text]
    return [
        {
            "address": display_path(author),
            "listed": any(same_principal(author, name) for name in listed),
            "approved_own": any(same_principal(author, name) for name in approvers),
        }
        for author in m.change.authors
    ]


def _verdict_claim(ruling_id: str, approved_in_record: Callable[[str], bool | None]) -> dict[str, Any]:
    """A ruling that this record does not hold may stand in another clone's: that is told, and proves nothing."""
    approves = approved_in_record(ruling_id)
    if approves is None:
        return _claim("verdict_elsewhere", ruling_id, holds=False)
    return _claim("verdict", ruling_id, holds=approves)


def _claim(kind: str, text: str, *, holds: bool) -> dict[str, Any]:
    return {"kind": kind, "text": display_path(text), "holds": holds}
