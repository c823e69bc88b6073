from __future__ import annotations

from typing import Any

import pytest

from agent_agency.facts import Finding
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.vnext_semantics import check_semantics
from agent_agency.spec.vnext_shape import check_shape
from support.specs import REMOVED, as_bytes, tier1_spec, vnext_spec

EXPERIMENT = {"enabled": False, "rationale": "r", "expires_at": "2026-01-01T00:00:00Z"}
RECORDED = "2026-01-01T00:00:00Z"


def findings(spec: dict[str, Any]) -> tuple[Finding, ...]:
    document = load_document(as_bytes(spec), "spec.yaml")
    assert isinstance(document, Document)
    assert check_shape(document) == ()
    return check_semantics(document)


def rules(spec: dict[str, Any]) -> list[str]:
    return [finding.rule.removeprefix("spec.semantic.") for finding in findings(spec)]


def successor(**fields: str) -> dict[str, Any]:
    return vnext_spec(successors=[{"target_spec_id": "PAY-50", "disposition": "required", **fields}])


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (vnext_spec(), []),
        (tier1_spec(), []),
        (tier1_spec(risk_tier=1.0, contracts=[]), ["tier1.contracts_required"]),
        (vnext_spec(contracts=[]), ["tier2.contracts_required"]),
        (vnext_spec(contracts=[], mode="chore"), []),
        (tier1_spec(contracts=[], mode="chore"), []),
        (vnext_spec(contracts=[], risk_tier=3), []),
        (tier1_spec(observability=[]), ["tier1.observability_required"]),
        (tier1_spec(observability=REMOVED), ["tier1.observability_required"]),
        (tier1_spec(rollback=[]), ["tier1.rollback_required"]),
        (tier1_spec(non_functional={}), ["tier1.security_required"]),
        (tier1_spec(non_functional={"security": []}), ["tier1.security_required"]),
        (vnext_spec(experimental_mode=EXPERIMENT), ["experimental_mode.tier_restricted"]),
        (vnext_spec(experimental_mode=EXPERIMENT, risk_tier=3), []),
        (vnext_spec(resolution="completed"), ["resolution.requires_closure"]),
        (vnext_spec(resolution="completed", lifecycle_state="draft"), ["resolution.requires_closure"]),
        (vnext_spec(lifecycle_state="closed"), ["closed.resolution_required"]),
        (vnext_spec(lifecycle_state="archived"), ["closed.resolution_required"]),
        (vnext_spec(lifecycle_state="archived", resolution="abandoned"), []),
        (vnext_spec(supersedes="PAY-42"), ["supersedes.self_reference"]),
        (vnext_spec(supersedes="PAY-41", superseded_by="PAY-42"), []),
        (successor(), []),
        (successor(disposition="declined"), ["successor.declined_rationale_required"]),
        (successor(disposition="declined", rationale=" \ufeff\u3000"),
         ["successor.declined_rationale_required", "successor.rationale_empty"]),
        (successor(disposition="declined", rationale="\x85"), []),
        (successor(rationale="\n"), ["successor.rationale_empty"]),
        (successor(disposition="absorbed"), ["successor.absorbed_by_required"]),
        (successor(disposition="absorbed", absorbed_by="PAY-51"), []),
        (successor(disposition="absorbed", absorbed_by="PAY-42"), ["successor.absorbed_by_self_reference"]),
        (successor(disposition="absorbed", absorbed_by="PAY-50"), ["successor.absorbed_by_equals_target"]),
        (successor(target_spec_id="PAY-42", absorbed_by="PAY-42"),
         ["successor.absorbed_by_self_reference", "successor.absorbed_by_equals_target", "successor.self_reference"]),
        (vnext_spec(successors=[{"target_spec_id": "PAY-50", "disposition": "required"}] * 3),
         ["successor.duplicate_target"] * 2),
        (vnext_spec(scope={"in": ["src/a/b.py"], "out": ["src/a"]}), ["scope.overbroad_out"]),
        (vnext_spec(scope={"in": ["src/a/b.py"], "out": ["src/a/"]}), ["scope.overbroad_out"]),
        (vnext_spec(scope={"in": ["src/ab"], "out": ["src/a"]}), []),
        (vnext_spec(scope={"in": ["src/a"], "out": ["src/a"]}), []),
        (vnext_spec(scope={"in": ["src/a/"], "out": ["src/a"]}), []),
        (vnext_spec(scope={"in": ["src/a"], "out": ["src/a/b"]}), []),
        (vnext_spec(scope={"in": ["src/**"], "out": ["src"]}), ["scope.overbroad_out"]),
        (vnext_spec(scope={"in": ["./src/a"], "out": ["src"]}), []),
        (vnext_spec(scope={"in": ["/a"], "out": ["/"]}), []),
        (vnext_spec(scope={"in": ["//a"], "out": ["/"]}), ["scope.overbroad_out"]),
        (vnext_spec(scope={"in": ["x"], "support": ["docs/a"], "out": ["docs"]}), ["scope.overbroad_out"]),
        (vnext_spec(scope={"in": ["a/b/c", "a/d"], "out": ["a", "a/b"]}), ["scope.overbroad_out"] * 3),
        (vnext_spec(evidence=[{"criterion_id": "A1", "status": "pass", "recorded_at": RECORDED}]), []),
        (vnext_spec(evidence=[{"criterion_id": "A01", "status": "fail", "recorded_at": RECORDED}]),
         ["evidence.criterion_id_unknown"]),
        (vnext_spec(evidence=[{"criterion_id": "A1", "status": "waived", "recorded_at": RECORDED}]),
         ["evidence.waiver_reason_required"]),
        (vnext_spec(evidence=[{"criterion_id": "A1", "status": "waived", "recorded_at": RECORDED,
                               "waiver_reason": " "}]),
         ["evidence.waiver_reason_required"]),
        (vnext_spec(evidence=[{"criterion_id": "A1", "status": "waived", "recorded_at": RECORDED,
                               "waiver_reason": "r"}]),
         []),
    ],
)  # fmt: skip
def test_each_contradiction_has_the_rule_of_the_reference(spec: dict[str, Any], expected: list[str]) -> None:
    assert rules(spec) == expected


def test_the_finding_on_an_exclusion_stands_at_the_exclusion() -> None:
    [finding] = findings(vnext_spec(scope={"in": ["src/a/b"], "out": ["lib", "src/a"]}))
    assert finding.subject == "scope/out/1"


def test_an_unknown_criterion_is_led_to_the_declared_ones() -> None:
    [finding] = findings(vnext_spec(evidence=[{"criterion_id": "A11", "status": "pass", "recorded_at": RECORDED}]))
    assert "A1" in finding.remedy
