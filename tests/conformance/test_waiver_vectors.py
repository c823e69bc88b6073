import json
from datetime import datetime
from typing import Any

import pytest

from agent_agency.spec.waiver import read_waiver
from agent_agency.spec.waiver_shapes import accepted_by_cli4
from agent_agency.spec.waiver_vnext import effectiveness
from support.conformance import CAWS, needs_caws


def cases() -> list[Any]:
    file = CAWS / "vectors" / "waivers.json"
    return json.loads(file.read_text())["cases"] if file.exists() else []


@needs_caws
def test_the_vectors_are_all_here() -> None:
    assert len(cases()) == 40


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_parity_gives_the_verdict_and_rule_of_the_reference(case: dict[str, Any]) -> None:
    result = read_waiver(json.dumps(case["waiver"]).encode(), "WV-0001.yaml", parity=True)

    expected = case["expected_v12"]
    assert result.valid is expected["ok"]
    assert [finding.rule for finding in result.findings] == expected.get("rules", [])
    assert (result.waiver is not None) is expected["ok"]


@needs_caws
@pytest.mark.parametrize(
    "case", [case for case in cases() if case["expected_v12"]["ok"]], ids=lambda case: case["name"]
)
def test_effectiveness_is_that_of_the_reference(case: dict[str, Any]) -> None:
    now = datetime.fromisoformat(case["now"])

    assert effectiveness(case["waiver"], now) == case["expected_v12"]["effectiveness"]


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_the_4_0_0_verdict_is_reproduced(case: dict[str, Any]) -> None:
    assert accepted_by_cli4(case["waiver"]) is case["expected_v4_0_0"]["ok"]
