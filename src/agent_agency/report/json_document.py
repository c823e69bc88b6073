"""A ruling as one JSON document; its shape is ``schemas/ruling.v1.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.arbitration.ruling import SCHEMA_VERSION, AppliedWaiver, Condition, Ruling
from agent_agency.facts import GateResult, display_path
from agent_agency.report.indented_json import indented
from agent_agency.report.rows import FindingRow, finding_rows, gate_outcome
from agent_agency.report.rule_rows import RuleRow, RuleStanding, rule_rows
from agent_agency.report.text import json_ready, shown_path

_SPEC = ("id", "title", "risk_tier", "mode", "profile", "path", "digest", "chosen_by")
_LAW = (
    "in_force",
    "source",
    "commit",
    "policy_path",
    "policy_digest",
    "config_digest",
    "waivers",
    "constitution",
    "waivers_not_in_force",
)
_BASE = ("ref", "commit", "merge_base")
_HEAD = ("ref", "commit", "tree", "kind", "branch", "repository_uri")
_CHANGE = (
    "digest",
    "files",
    "added",
    "deleted",
    "lines",
    "excluded",
    "notes",
    "authors",
    "files_changed",
    "minimality",
)
_LISTS = frozenset({"excluded", "files_changed", "minimality", "governance", "notes", "authors"})
_FILE = (
    *("path", "old_path", "status", "added", "deleted", "binary", "mode_from", "mode_to", "size", "lfs"),
    *("generated", "whitespace_only", "no_op", "counted"),
)
_MINIMALITY = ("path", "method", "edit_size", "tree_size", "ratio", "moved", "note")
_BUDGET = ("tier", "max_files", "max_loc", "used_files", "used_loc", "baseline_files", "baseline_loc")
_LEDGER = ("path", "chain", "seq", "hash")
_EVIDENCE = ("kind", "part", "digest", "of", "bytes", "stored_bytes", "redacted", "capped", "problem")
_CONSTITUTION = ("digest", "rules", "commit", "frozen_by", "note")
_WEAKENING = ("rule", "how", "allowed_by")
_CONFIDENCE = ("value", "measured", "reused", "flaky", "claimed")
_CASE_CONDITION = ("id", "state", "due")
_CITATION = ("precedent", "ruling", "holding", "verdict", "agree", "differ", "relation", "score", "contradicts")
_MEASURED = ("ruling_id", "verdict", "exit_code", "reasons")
_APPEAL = ("id", "level", "state", "of", "due", "outcome", "ruling", "verdict", "counts", "why_not")
_TOLD_APART = frozenset({"reused", "evidence"})


def to_document(ruling: Ruling) -> dict[str, Any]:
    """The whole ruling as plain JSON data; a value that is not known is null, never left out."""
    decision = ruling.decision
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": str(decision.verdict),
        "caws_verdict": str(decision.caws_verdict),
        "exit_code": decision.exit_code,
        "reasons": json_ready(decision.reasons),
        "conditions": [_condition(condition) for condition in decision.conditions],
        "rules": [_rule(row) for row in rule_rows(ruling)],
        "constitution": _constitution(ruling.constitution),
        "confidence": _named(ruling.confidence, _CONFIDENCE),
        "case": _case(ruling.case),
        "precedents": [_keyed(citation, _CITATION) for citation in ruling.precedents],
        "findings": [_finding(row) for row in finding_rows(ruling)],
        "gates": [_gate(ruling, gate) for gate in ruling.gates],
        "change": _change(ruling.change),
        "spec": _placed(ruling.spec, _SPEC, paths=("path",)),
        "law": _law(ruling.law),
        "base": _keyed(ruling.base, _BASE),
        "head": _keyed(ruling.head, _HEAD),
        "budget": _budget(ruling.budget),
        "waivers": [_waiver(waiver) for waiver in ruling.waivers],
        "ruling_id": ruling.ruling_id,
        "appeal_of": json_ready(ruling.appeal_of),
        "on_appeal": _on_appeal(ruling.on_appeal),
        "signed_by": _named(ruling.signed_by, ("key_id", "principal")),
        "inputs_digest": ruling.inputs_digest,
        "reviewed_at": ruling.reviewed_at,
        "ledger": _placed(ruling.ledger, _LEDGER, paths=("path",)),
        "tool": {"name": "agent-agency", "version": ruling.tool_version},
    }


def render(ruling: Ruling) -> str:
    """The document as text: UTF-8 safe, indented, one line feed at the end."""
    return indented(to_document(ruling)) + "\n"


def _condition(condition: Condition) -> dict[str, Any]:
    parts = {"id": condition.id, "message": condition.message, "remedy": condition.remedy, "by": condition.by}
    told = {**parts, "rule": condition.rule or None, "subject": condition.subject or None}
    return {key: json_ready(value) for key, value in told.items()}


def _rule(row: RuleRow) -> dict[str, Any]:
    said = row.outcome
    return {
        "id": json_ready(said.rule),
        "version": said.version,
        "status": str(said.status),
        "category": str(said.category),
        "severity": str(said.severity),
        "waivable": said.waivable,
        "subject": json_ready(said.subject or None),
        "gate": json_ready(said.gate or None),
        "message": None if row.standing is RuleStanding.SATISFIED else json_ready(said.message),
        "remedy": None if row.standing is RuleStanding.SATISFIED else json_ready(said.remedy),
        "missing": json_ready(said.missing),
        "by": str(said.by) if row.standing is RuleStanding.UNKNOWN else None,
        "waived_by": json_ready(row.waived_by),
        "facts": json_ready(dict(sorted(said.facts.items()))),
        "evidence": json_ready(said.evidence),
        "findings": [json_ready(finding.fingerprint) for finding in said.findings],
    }


def _constitution(constitution: Mapping[str, Any]) -> dict[str, Any] | None:
    if not constitution:
        return None
    told = _keyed({key: value for key, value in constitution.items() if key != "weakened"}, _CONSTITUTION)
    return {**told, "weakened": [_keyed(row, _WEAKENING) for row in constitution.get("weakened") or ()]}


def _case(case: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if case is None:
        return None
    told = _keyed({key: value for key, value in case.items() if key != "conditions"}, ("id", "state", "due"))
    return {**told, "conditions": [_keyed(row, _CASE_CONDITION) for row in case.get("conditions") or ()]}


def _on_appeal(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if told is None:
        return None
    appeals = [_keyed(appeal, _APPEAL) for appeal in told.get("appeals") or ()]
    return {"measured": _keyed(told.get("measured") or {}, _MEASURED), "appeals": appeals}


def _finding(row: FindingRow) -> dict[str, Any]:
    finding = row.finding
    return {
        "rule": json_ready(finding.rule),
        "severity": str(finding.severity),
        "message": json_ready(finding.message),
        "path": shown_path(finding.place.path),
        "line": finding.place.line,
        "column": finding.place.column,
        "remedy": json_ready(finding.remedy),
        "gate": json_ready(row.gate),
        "fingerprint": row.fingerprint,
        "waivable": finding.waivable,
        "waived_by": json_ready(row.waived_by),
    }


def _gate(ruling: Ruling, gate: GateResult) -> dict[str, Any]:
    return {
        "name": json_ready(gate.name),
        "status": str(gate.status),
        "outcome": str(gate_outcome(ruling, gate)),
        "mode": str(gate.mode),
        "applicable": gate.applicable,
        "reason": json_ready(gate.reason),
        "mendable": gate.mendable,
        "figures": json_ready(gate.facts.get("figures")),
        "isolation": json_ready(gate.facts.get("isolation")),
        "reused": gate.facts.get("reused") is True,
        "evidence": [_evidence(kept) for kept in gate.facts.get("evidence") or ()],
        "facts": json_ready({key: value for key, value in gate.facts.items() if key not in _TOLD_APART}),
        "findings": len(gate.findings),
    }


def _evidence(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {key: json_ready(kept.get(key)) for key in _EVIDENCE}


def _waiver(waiver: AppliedWaiver) -> dict[str, Any]:
    return {
        "id": json_ready(waiver.id),
        "title": json_ready(waiver.title),
        "approvers": json_ready(waiver.approvers),
        "expires_at": json_ready(waiver.expires_at),
        "signed": waiver.signed,
        "requester": json_ready(waiver.requester) or None,
        "gates": json_ready(waiver.gates),
        "rules": json_ready(waiver.rules),
        "covers": json_ready(waiver.covers),
        "added_files": waiver.added_files,
        "added_loc": waiver.added_loc,
        "digest": json_ready(waiver.digest),
    }


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    document = _keyed({name: value for name, value in change.items() if name not in _LISTS}, _CHANGE)
    document["excluded"] = _each(change, "excluded", ("path", "reason"))
    document["files_changed"] = _each(change, "files_changed", _FILE)
    minimality = change.get("minimality") or {}
    document["minimality"] = {"files": _each(minimality, "files", _MINIMALITY)}
    document["governance"] = _each(change, "governance", ("path", "kind", "detail"))
    for member in ("notes", "authors"):
        document[member] = json_ready(list(change.get(member) or ()))
    return document


def _each(holder: Mapping[str, Any], member: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    rows = (_placed(row, keys, paths=("path", "old_path")) for row in holder.get(member) or ())
    return [row for row in rows if row is not None]


def _law(law: Mapping[str, Any]) -> dict[str, Any]:
    document = _keyed(law, _LAW)
    document["policy_path"] = shown_path(law.get("policy_path"))
    document["waivers_not_in_force"] = json_ready(dict(law.get("waivers_not_in_force") or {}))
    document["waivers"] = [display_path(path) for path in law.get("waivers") or ()]
    return document


def _budget(budget: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    applied = json_ready(list(budget.get("applied") or ()))
    return {**_keyed(budget, _BUDGET), "applied": applied, "skipped": json_ready(dict(budget.get("skipped") or {}))}


def _placed(mapping: Mapping[str, Any] | None, keys: Sequence[str], *, paths: Sequence[str]) -> dict[str, Any] | None:
    if mapping is None:
        return None
    shown = {key: shown_path(mapping[key]) for key in paths if isinstance(mapping.get(key), str)}
    return {**_keyed(mapping, keys), **shown}


def _named(mapping: Mapping[str, Any] | None, keys: Sequence[str]) -> dict[str, Any] | None:
    return None if mapping is None else _keyed(mapping, keys)


def _keyed(mapping: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The named members, null where absent, then any further one: nothing that was measured is dropped."""
    named = {key: json_ready(mapping.get(key)) for key in keys}
    return {**named, **{key: json_ready(value) for key, value in mapping.items() if key not in named}}
