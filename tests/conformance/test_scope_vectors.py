import json
from typing import Any

import pytest

from agent_agency.spec.model import Policy, Scope
from agent_agency.spec.scope import Binding, decide_path, evaluate
from support.conformance import CAWS, needs_caws


def cases() -> list[Any]:
    file = CAWS / "vectors" / "scope_evaluate.json"
    return json.loads(file.read_text())["cases"] if file.exists() else []


def policy_of(document: dict[str, Any]) -> Policy:
    zones, passthrough = document.get("non_governed_zones", ()), document.get("root_passthrough", ())
    return Policy({}, {}, tuple(zones), tuple(passthrough), 1, "policy.yaml", "sha256:0", document)


def scope_of(binding: dict[str, Any]) -> Scope | None:
    scope = binding.get("spec", {}).get("scope")
    return scope and Scope(*(tuple(scope.get(part) or ()) for part in ("in", "out", "support")))


@needs_caws
def test_the_vectors_are_all_here() -> None:
    assert len(cases()) == 256


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['path']!r}-{case['expected']['rule']}")
def test_a_path_is_decided_as_the_reference_decides_it(case: dict[str, Any]) -> None:
    binding = Binding(case["binding"]["kind"], scope_of(case["binding"]))

    decision = evaluate(case["path"], binding, policy_of(case["policy"]))

    assert (decision.kind, decision.rule) == (case["expected"]["kind"], case["expected"]["rule"])
    assert decision.normalized_path == case["expected"].get("normalizedPath")


@needs_caws
@pytest.mark.parametrize(
    "case",
    [case for case in cases() if case["binding"]["kind"] == "bound"],
    ids=lambda case: f"{case['path']!r}-{case['expected']['rule']}",
)
def test_a_review_decides_like_a_bound_worktree(case: dict[str, Any]) -> None:
    scope = scope_of(case["binding"])
    assert scope is not None

    decision = decide_path(case["path"], scope, policy_of(case["policy"]))

    assert (decision.kind, decision.rule) == (case["expected"]["kind"], case["expected"]["rule"])
