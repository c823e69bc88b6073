"""A ruling as a SARIF 2.1.0 log, for code scanning: waived findings are suppressed, gates without a result are told.

A violated rule that no gate's findings stand for is a result of its own; one that is unknown is a notification.
A result that names no file stands at the working spec that binds the change, because readers such as GitHub refuse a
result without a place; its ``placed`` property says so.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.ruling import AppliedWaiver, Ruling
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.report import sarif_log
from agent_agency.report.appeal_told import all_lines
from agent_agency.report.rows import FindingRow, Standing, finding_rows
from agent_agency.report.rule_rows import RuleRow, RuleStanding, rows_beside_gates
from agent_agency.report.rules_told import titles
from agent_agency.report.text import json_ready, sentences


def to_log(ruling: Ruling) -> dict[str, Any]:
    """The log as plain JSON data. Findings of gates that the policy leaves out are no results."""
    rows = [row for row in finding_rows(ruling) if row.standing is not Standing.LEFT_OUT]
    clauses = [row for row in rows_beside_gates(ruling) if row.outcome.missing is None]
    said = [row.as_finding() for row in clauses]
    rules = sarif_log.rules([*(row.finding for row in rows), *said])
    _entitle(rules, {row.outcome.rule for row in clauses}, titles(ruling) if clauses else {})
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    fingerprints = sarif_log.numbered([*(row.fingerprint for row in rows), *(one.fingerprint for one in said)])
    own = fingerprints[len(rows) :]
    waivers = {waiver.id: waiver for waiver in ruling.waivers}
    stand_in = _stand_in(ruling)
    run = {
        "tool": sarif_log.tool(rules, ruling.tool_version),
        "automationDetails": {"id": f"agency/review/{ruling.ruling_id}"},
        "originalUriBaseIds": sarif_log.root_bases(),
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(ruling)],
        "results": [
            _result(row, index, fingerprint, waivers, stand_in)
            for row, fingerprint in zip(rows, fingerprints[: len(rows)], strict=True)
        ]
        + [_clause(row, index, fingerprint, waivers, stand_in) for row, fingerprint in zip(clauses, own, strict=True)],
        "properties": _properties(ruling),
    }
    provenance = _provenance(ruling)
    return sarif_log.log(run | ({"versionControlProvenance": [provenance]} if provenance else {}))


def render(ruling: Ruling) -> str:
    """The log as text, one line feed at the end."""
    return json.dumps(to_log(ruling), indent=2, ensure_ascii=False) + "\n"


def _result(
    row: FindingRow,
    index: Mapping[str, int],
    fingerprint: str,
    waivers: Mapping[str, AppliedWaiver],
    stand_in: str | None,
) -> dict[str, Any]:
    told = sarif_log.result(row.finding, index, fingerprint, path=row.finding.place.path or stand_in)
    placed = "finding" if row.finding.place.path else "governing document"
    told["properties"] |= {"gate": json_ready(row.gate), "standing": str(row.standing), "placed": placed}
    if row.standing is Standing.WARNS and told["level"] == "error":
        told["level"] = "warning"
    told["suppressions"] = [_suppression(row.waived_by, waivers)] if row.standing is Standing.WAIVED else []
    return told


def _entitle(rules: Sequence[dict[str, Any]], clauses: Collection[str], known: Mapping[str, str]) -> None:
    """Describe the rules of the constitution by their titles."""
    for rule in rules:
        if rule["id"] in clauses and rule["id"] in known:
            rule["shortDescription"] = sarif_log.message(known[rule["id"]])


def _clause(
    row: RuleRow, index: Mapping[str, int], fingerprint: str, waivers: Mapping[str, AppliedWaiver], stand_in: str | None
) -> dict[str, Any]:
    """A violated rule as a result."""
    told = sarif_log.result(row.as_finding(), index, fingerprint, path=stand_in)
    standing = _STANDINGS[row.standing]
    told["properties"] |= {
        "gate": json_ready(row.outcome.gate or None),
        "standing": str(standing),
        "placed": "governing document",
        "version": row.outcome.version,
        "subject": json_ready(row.outcome.subject or None),
    }
    told["suppressions"] = [_suppression(waiver, waivers) for waiver in row.waived_by]
    return told


_STANDINGS = MappingProxyType(
    {
        RuleStanding.VIOLATED: Standing.DECIDES,
        RuleStanding.WAIVED: Standing.WAIVED,
        RuleStanding.ADVISES: Standing.ADVISES,
    }
)


def _suppression(waived_by: str | None, waivers: Mapping[str, AppliedWaiver]) -> dict[str, Any]:
    waiver = waivers.get(waived_by or "")
    title = f": {waiver.title}" if waiver else ""
    return {"kind": "external", "status": "accepted", "justification": json_ready(f"{waived_by}{title}")}


def _invocation(ruling: Ruling) -> dict[str, Any]:
    unknown = [gate for gate in ruling.gates if gate.applicable and gate.status in _UNKNOWN]
    asked = [row for row in rows_beside_gates(ruling) if row.outcome.missing is not None]
    undecided = any(row.standing is RuleStanding.UNKNOWN for row in asked)
    return {
        "executionSuccessful": not undecided and not any(gate.mode is GateMode.BLOCK for gate in unknown),
        "exitCode": ruling.decision.exit_code,
        "exitCodeDescription": str(ruling.decision.verdict),
        "endTimeUtc": ruling.reviewed_at,
        "toolExecutionNotifications": [*map(_notification, unknown), *map(_unknown_rule, asked)],
    }


_UNKNOWN = (GateStatus.NOT_RUN, GateStatus.ERROR)


def _notification(gate: GateResult) -> dict[str, Any]:
    status = str(gate.status).replace("_", " ")
    return {
        "level": "error" if gate.mode is GateMode.BLOCK else "warning",
        "descriptor": {"id": json_ready(gate.name)},
        "message": sarif_log.message(sentences(f"Gate {gate.name}: {status}", gate.reason)),
    }


def _unknown_rule(row: RuleRow) -> dict[str, Any]:
    finding = row.as_finding()
    return {
        "level": "error" if row.standing is RuleStanding.UNKNOWN else "note",
        "descriptor": {"id": json_ready(finding.rule)},
        "message": sarif_log.message(sentences(f"Rule {finding.rule}: unknown", finding.message, finding.remedy)),
    }


def _properties(ruling: Ruling) -> dict[str, Any]:
    return {
        "verdict": str(ruling.decision.verdict),
        "cawsVerdict": str(ruling.decision.caws_verdict),
        "rulingId": ruling.ruling_id,
        "inputsDigest": ruling.inputs_digest,
        "spec": json_ready(ruling.spec["id"]) if ruling.spec else None,
        "reasons": json_ready(ruling.decision.reasons),
        "constitution": json_ready(ruling.constitution.get("digest")),
        "weakenedRules": [json_ready(row.get("rule")) for row in ruling.constitution.get("weakened") or ()],
        "waivers": [json_ready(waiver.id) for waiver in ruling.waivers],
        "case": json_ready((ruling.case or {}).get("id")),
        "appealOf": json_ready(ruling.appeal_of),
        "onAppeal": json_ready(list(all_lines(ruling))),
    }


def _stand_in(ruling: Ruling) -> str | None:
    holders = (ruling.spec or {}).get("path"), ruling.law.get("policy_path")
    return next((path for path in holders if path), None)


def _provenance(ruling: Ruling) -> dict[str, Any] | None:
    address = ruling.head.get("repository_uri")
    if not address:
        return None
    told = {"repositoryUri": address, "revisionId": ruling.head.get("commit"), "branch": ruling.head.get("branch")}
    return {key: json_ready(value) for key, value in told.items() if value}
