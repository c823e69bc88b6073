"""The ruling that follows from an appeal, put together from the corrected case and the recorded documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent_agency._version import __version__
from agent_agency.arbitration.appeals.budget_again import budget_told
from agent_agency.arbitration.appeals.model import Appeal
from agent_agency.arbitration.case_file import Case, decision_bytes, to_json
from agent_agency.arbitration.confidence import confidence
from agent_agency.arbitration.constitution.serialise import constitution_bytes
from agent_agency.arbitration.ruling import AppliedWaiver, Ruling
from agent_agency.arbitration.verdict import Violation
from agent_agency.canonical_json import digest_bytes, digest_json
from agent_agency.clock import rfc3339
from agent_agency.facts import GateResult
from agent_agency.spec.budget import BUDGET_GATE

if TYPE_CHECKING:
    from agent_agency.workflows.appeal_waivers import WaiversThen
    from agent_agency.workflows.waivers import WaiverUse

_TOLD = ("figures", "isolation", "reused", "evidence")


@dataclass(frozen=True, slots=True)
class RulingParts:
    """What is taken from recorded documents: of one all that was measured, the gates by name; and waivers."""

    document: Mapping[str, Any]
    gates: Mapping[str, Any]
    then: WaiversThen


def ruling_after_appeal(appeal: Appeal, case: Case, parts: RulingParts, now: datetime) -> Ruling:
    """Put the ruling together; its id follows from the appeal, its reviews and the corrected case.

    Args:
        appeal: the appeal with its full panel.
        case: the case, corrected by what was admitted.
        parts: what the recorded documents tell.
        now: the present moment.
    """
    decision, document, violations = case.decide(), parts.document, case.violations
    budget = _budget(case, parts)
    gates = {**parts.gates, **_budget_gate(parts.gates.get(BUDGET_GATE), budget)}
    case_file = to_json(case)
    inputs = digest_json(
        {
            "appeal": appeal.payload_digest,
            "ruling": appeal.ruling.entry,
            "reviews": [[review.principal, list(map(str, review.review.votes))] for review in appeal.reviews],
            "case": digest_bytes(case_file),
            "decision": digest_bytes(decision_bytes(decision)),
        }
    )
    return Ruling(
        ruling_id="R-" + inputs.removeprefix("sha256:")[:20],
        decision=decision,
        gates=tuple(_gate(gate, gates.get(gate.name)) for gate in case.gates),
        waivers=tuple(_applied(case, parts, violations)),
        waived=_waived(violations),
        spec=document.get("spec"),
        law=document["law"],
        base=document["base"],
        head=document["head"],
        change=document["change"],
        budget=budget,
        reviewed_at=rfc3339(now),
        tool_version=__version__,
        inputs_digest=inputs,
        case_file=case_file,
        constitution_text=constitution_bytes(case.constitution),
        outcomes=case.outcomes,
        constitution=_constitution(case, document),
        confidence=confidence(case, decision),
        appeal_of=appeal.ruling.id,
    )


def _gate(gate: GateResult, told: Mapping[str, Any] | None) -> GateResult:
    """The gate's result with what the recorded document tells of how it was measured."""
    if told is None:
        return gate
    facts = {**(told.get("facts") or {}), **{name: told.get(name) for name in _TOLD}}
    return replace(gate, facts={name: value for name, value in facts.items() if value is not None})


def _budget(case: Case, parts: RulingParts) -> Mapping[str, Any] | None:
    """The budget that was told, or the one that a waiver raises which counts now."""
    told: Mapping[str, Any] | None = parts.document.get("budget")
    raised = parts.then.budget_with({waiver.id for waiver in case.waivers})
    return told if raised is None else budget_told(told, raised)


def _budget_gate(told: Mapping[str, Any] | None, budget: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the gate over the size tells, by the budget that counts now."""
    facts = (told or {}).get("facts")
    if told is None or budget is None or not isinstance(facts, Mapping) or "max_loc" not in facts:
        return {}
    now = {"max_files": budget["max_files"], "max_loc": budget["max_loc"]}
    now |= {"waivers_applied": budget["applied"], "waivers_skipped": budget["skipped"]}
    return {BUDGET_GATE: {**told, "facts": {**facts, **now}}}


def _constitution(case: Case, document: Mapping[str, Any]) -> dict[str, Any]:
    recorded = document.get("constitution")
    told: Mapping[str, Any] = recorded if isinstance(recorded, Mapping) else {}
    return {
        "digest": case.constitution.digest,
        "rules": len(case.constitution.rules),
        "commit": told.get("commit", document["law"].get("commit")),
        "frozen_by": told.get("frozen_by"),
        "note": "the rules of the ruling under appeal",
        "weakened": [{"rule": w.rule, "how": w.how, "allowed_by": w.allowed_by} for w in case.constitution.weakened],
    }


def _waived(violations: Iterable[Violation]) -> dict[str, str]:
    """Which waiver covers a finding; none where another rule that rests on the finding is not covered."""
    cited = [violation for violation in violations if violation.finding is not None]
    uncovered = {v.finding.fingerprint for v in cited if v.finding and v.covered_by is None}
    covered = {v.finding.fingerprint: v.covered_by for v in cited if v.finding and v.covered_by}
    return {fingerprint: waiver for fingerprint, waiver in covered.items() if fingerprint not in uncovered}


def _applied(case: Case, parts: RulingParts, violations: Iterable[Violation]) -> Iterable[AppliedWaiver]:
    """The waivers that the new verdict needs."""
    listed = tuple(violations)
    recorded = {waiver["id"]: waiver for waiver in parts.document.get("waivers") or ()}
    for waiver in case.waivers:
        covered = [violation for violation in listed if violation.covered_by == waiver.id]
        if not covered and not waiver.budget_needed:
            continue
        covers = tuple(sorted(violation.finding.fingerprint for violation in covered if violation.finding))
        use = parts.then.uses.get(waiver.id)
        if waiver.id in recorded:
            yield _recorded(recorded[waiver.id], covers)
        elif use is not None:
            yield _newly(use, covers)


def _recorded(told: Mapping[str, Any], covers: tuple[str, ...]) -> AppliedWaiver:
    return AppliedWaiver(
        id=str(told["id"]),
        title=str(told["title"]),
        approvers=tuple(map(str, told["approvers"])),
        expires_at=str(told["expires_at"]),
        gates=tuple(map(str, told["gates"])),
        covers=covers,
        added_files=int(told["added_files"]),
        added_loc=int(told["added_loc"]),
        digest=str(told["digest"]),
        rules=tuple(map(str, told.get("rules") or ())),
        signed=told.get("signed") is True,
        requester=str(told.get("requester") or ""),
    )


def _newly(use: WaiverUse, covers: tuple[str, ...]) -> AppliedWaiver:
    return AppliedWaiver(
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
