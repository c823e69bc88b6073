from __future__ import annotations

from typing import Any

import pytest

from agent_agency.facts import Finding
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.vnext_shape import check_shape
from support.specs import REMOVED, as_bytes, vnext_spec

VIOLATION = "spec.schema.violation"
GLOB = "spec.schema.scope.out_glob_forbidden"
TYPE = "spec.schema.risk_tier.type_rejected"
RANGE = "spec.schema.risk_tier.out_of_range"
ID = "spec.schema.id.pattern_violation"


def findings(**changes: Any) -> tuple[Finding, ...]:
    document = load_document(as_bytes(vnext_spec(**changes)), "spec.yaml")
    assert isinstance(document, Document)
    return check_shape(document)


def rules(**changes: Any) -> list[str]:
    return sorted(finding.rule for finding in findings(**changes))


def test_a_right_spec_has_no_finding() -> None:
    assert findings() == ()


FULL = {
    "resolution": "completed",
    "blockers": [{"reason": "waits", "waiting_on": "x", "since": "2026-01-01T00:00:00Z"}],
    "supersedes": "PAY-1",
    "superseded_by": "PAY-2b",
    "successors": [{"target_spec_id": "PAY-3", "disposition": "absorbed", "rationale": "r", "absorbed_by": "PAY-4"}],
    "worktree": "wt_1-a",
    "operational_rollback_slo": "",
    "blast_radius": {"modules": ["m"], "data_migration": False},
    "scope": {"in": ["**"], "out": [], "support": ["README.md"]},
    "acceptance": [
        {"id": "A0", "given": " ", "when": "w", "then": "t", "test_command": "", "test_nodeids": [""],
         "evidence": "", "narrative": ""}
    ],
    "non_functional": {"performance": [""], "security": [], "accessibility": [], "reliability": []},
    "contracts": [{"name": "n", "type": "contract-test", "path": "", "description": ""}],
    "observability": [],
    "rollback": [""],
    "experimental_mode": {"enabled": True, "rationale": "r", "expires_at": "2026-01-01T00:00:00Z"},
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01 00:00:00+0100",
    "owner": "",
    "closure_notes": "",
    "evidence": [
        {"criterion_id": "A1", "status": "pass", "recorded_at": "2026-01-01T00:00:00Z", "evidence_ref": "x",
         "waiver_reason": "r", "test_nodeid": "", "command": "", "exit_code": 2.0, "artifact_path": "",
         "commit_sha": "0123abc"}
    ],
}  # fmt: skip


def test_every_field_of_the_profile_is_known() -> None:
    assert findings(**FULL) == ()


@pytest.mark.parametrize(
    "field",
    ["id", "title", "risk_tier", "mode", "lifecycle_state", "blast_radius", "scope", "invariants", "acceptance",
     "non_functional", "contracts", "blast_radius__modules", "scope__in"],
)  # fmt: skip
def test_a_missing_field_is_told_once(field: str) -> None:
    assert rules(**{field: REMOVED}) == [VIOLATION]


@pytest.mark.parametrize("name", list(FULL))
def test_a_value_of_the_wrong_type_is_refused(name: str) -> None:
    for wrong in (None, 5, {"x": 1} if not isinstance(FULL[name], dict) else ["x"], True):
        assert rules(**{name: wrong}), (name, wrong)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": "pay-42"}, [ID]),
        ({"id": "PAY"}, [ID]),
        ({"id": "PAY-"}, [ID]),
        ({"id": "PAY--1"}, [ID]),
        ({"id": "PAY-1B"}, [ID]),
        ({"id": "PAY-1\n"}, [ID]),
        ({"id": "PAY-\uff11"}, [ID]),
        ({"id": ""}, [ID, VIOLATION]),
        ({"id": 5}, [VIOLATION]),
        ({"id": "A1B-2C-33ab"}, []),
        ({"title": ""}, [VIOLATION]),
        ({"title": "\U0001f600" * 200}, []),
        ({"title": "x" * 201}, [VIOLATION]),
        ({"risk_tier": 0}, [RANGE]),
        ({"risk_tier": -1}, [RANGE]),
        ({"risk_tier": 2.0}, []),
        ({"risk_tier": 2.5}, [RANGE, TYPE]),
        ({"risk_tier": "2"}, [RANGE, TYPE]),
        ({"risk_tier": True}, [RANGE, TYPE]),
        ({"risk_tier": None}, [RANGE, TYPE]),
        ({"risk_tier": [1]}, [RANGE, TYPE]),
        ({"risk_tier": {"x": 1}}, [RANGE, TYPE]),
        ({"mode": "docs"}, ["spec.schema.mode.development_removed"]),
        ({"mode": 1}, ["spec.schema.mode.development_removed", VIOLATION]),
        ({"mode": ["fix"]}, ["spec.schema.mode.development_removed", VIOLATION]),
        ({"lifecycle_state": "Active"}, [VIOLATION]),
        ({"lifecycle_state": 1}, [VIOLATION, VIOLATION]),
        ({"scope__in": []}, ["spec.schema.scope.in_empty"]),
        ({"scope__in": "src"}, [VIOLATION]),
        ({"scope__in": ["", 5]}, [VIOLATION, VIOLATION]),
        ({"scope__out": ["a*", "b?c", "[ab]", "{a}"]}, [GLOB, GLOB]),
        ({"scope__out": [5]}, [GLOB, VIOLATION]),
        ({"scope__out": [None, {}]}, [GLOB, GLOB, VIOLATION, VIOLATION]),
        ({"scope__out": [""]}, [VIOLATION]),
        ({"scope__out": "a*"}, [VIOLATION]),
        ({"scope__support": [5, ""]}, [VIOLATION, VIOLATION]),
        ({"scope__include": ["x"]}, ["spec.schema.forbidden_field.scope_include"]),
        ({"scope__exclude": ["x"]}, ["spec.schema.forbidden_field.scope_exclude"]),
        ({"include": ["x"]}, ["spec.schema.forbidden_field.scope_include"]),
        ({"change_budget": {}}, ["spec.schema.forbidden_field.change_budget"]),
        ({"acceptance_criteria": []}, ["spec.schema.forbidden_field.acceptance_criteria"]),
        ({"status": "x"}, ["spec.schema.forbidden_field.status"]),
        ({"acceptance": [{"id": "A1", "given": "g", "when": "w", "then": "t", "status": "x"}]},
         ["spec.schema.forbidden_field.status"]),
        ({"schema_version": 1}, [VIOLATION]),
        ({"__proto__": 1}, [VIOLATION]),
        ({"invariants": []}, [VIOLATION]),
        ({"invariants": [""]}, [VIOLATION]),
        ({"blast_radius__modules": []}, [VIOLATION]),
        ({"blast_radius__data_migration": "no"}, [VIOLATION]),
        ({"blast_radius__data_migration": 0}, [VIOLATION]),
        ({"acceptance": []}, [VIOLATION]),
        ({"acceptance": [{}]}, [VIOLATION] * 4),
        ({"acceptance": ["A1"]}, [VIOLATION]),
        ({"acceptance": [{"id": "a1", "given": "", "when": "w", "then": "t"}]}, [VIOLATION, VIOLATION]),
        ({"non_functional": {"a11y": []}}, [VIOLATION]),
        ({"non_functional": {"security": "x"}}, [VIOLATION]),
        ({"contracts": [{"type": "openapi"}]}, [VIOLATION, VIOLATION]),
        ({"observability": {"logs": []}}, [VIOLATION]),
        ({"worktree": "a b"}, [VIOLATION]),
        ({"worktree": ""}, [VIOLATION]),
        ({"worktree": "a\n"}, [VIOLATION]),
        ({"supersedes": "pay-1"}, [VIOLATION]),
        ({"created_at": "2026-01-01"}, [VIOLATION]),
        ({"created_at": 5}, [VIOLATION]),
        ({"evidence": [{}]}, [VIOLATION] * 3),
        ({"evidence": [{"criterion_id": "A1", "status": "ok", "recorded_at": "2026-01-01T00:00:00Z"}]}, [VIOLATION]),
        ({"evidence": [{"criterion_id": "1", "status": "pass", "recorded_at": "x", "exit_code": 1.5,
                        "commit_sha": "ABC1234", "evidence_ref": "", "more": 1}]}, [VIOLATION] * 6),
        ({"successors": [{"target_spec_id": "x", "disposition": "dropped"}]}, [VIOLATION, VIOLATION]),
        ({"experimental_mode": {}}, [VIOLATION] * 3),
        ({"experimental_mode": {"enabled": 1, "rationale": "", "expires_at": ""}}, [VIOLATION] * 3),
        ({"blockers": [{"reason": ""}]}, [VIOLATION]),
    ],
)  # fmt: skip
def test_each_wrong_shape_has_the_rules_of_the_reference(changes: dict[str, Any], expected: list[str]) -> None:
    assert rules(**changes) == sorted(expected)


def test_numbers_that_are_none_are_no_whole_numbers() -> None:
    for text in (".nan", ".inf", "-.inf"):
        source = as_bytes(vnext_spec()).replace(b'"risk_tier": 2', b'"risk_tier": ' + text.encode())
        document = load_document(source, "x")
        assert isinstance(document, Document)
        assert sorted(finding.rule for finding in check_shape(document)) == [RANGE, TYPE]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"invarients": ["x"]}, "'invariants'"),
        ({"riskTier": 1}, "'risk_tier'"),
        ({"modules": ["x"]}, "'blast_radius'"),
        ({"mode": "feat"}, "'feature'"),
        ({"lifecycle_state": "done"}, "'closed'"),
        ({"zebra": 1}, "known here are: id, title"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(changes: dict[str, Any], hint: str) -> None:
    assert hint in findings(**changes)[0].remedy


def test_a_missing_field_that_was_misspelt_is_led_to_the_misspelling() -> None:
    first, second = findings(invariants=REMOVED, invarients=["x"])
    assert "'invarients'" in first.remedy
    assert "'invariants'" in second.remedy


def test_findings_stand_where_the_fault_is() -> None:
    document = load_document(b"title: t\nscope:\n  in: []\n  exclude:\n    - x\nmode: docs\n", "spec.yaml")
    assert isinstance(document, Document)
    places = {finding.rule: (finding.place.line, finding.place.column) for finding in check_shape(document)}
    assert places["spec.schema.scope.in_empty"] == (3, 7)
    assert places["spec.schema.forbidden_field.scope_exclude"] == (4, 3)
    assert places["spec.schema.mode.development_removed"] == (6, 7)
