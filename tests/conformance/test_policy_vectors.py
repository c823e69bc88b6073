import json
from typing import Any

import pytest

from agent_agency.facts import Severity
from agent_agency.spec.policy import read_policy
from agent_agency.spec.policy_seed import accepted_by_cli4
from support.conformance import CAWS, needs_caws


def cases() -> list[Any]:
    file = CAWS / "vectors" / "policy.json"
    return json.loads(file.read_text())["cases"] if file.exists() else []


@needs_caws
def test_the_vectors_are_all_here() -> None:
    assert len(cases()) == 29


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_parity_gives_the_verdict_and_rules_of_the_reference(case: dict[str, Any]) -> None:
    result = read_policy(json.dumps(case["policy"]).encode(), ".caws/policy.yaml", parity=True)

    expected = case["expected_v12"]
    assert result.valid is expected["ok"]
    assert {finding.rule for finding in result.findings} == set(
        expected["warnings"] if expected["ok"] else expected["rules"]
    )
    assert all((finding.severity is Severity.ADVICE) == expected["ok"] for finding in result.findings)
    assert (result.policy is not None) is expected["ok"]


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_the_4_0_0_verdict_is_reproduced(case: dict[str, Any]) -> None:
    assert accepted_by_cli4(case["policy"]) is case["expected_v4_0_0"]["ok"]
