import json
from typing import Any

import pytest

from agent_agency.spec.budget import derive_budget
from support.conformance import CAWS, needs_caws


def cases() -> list[Any]:
    file = CAWS / "vectors" / "derive_budget.json"
    return json.loads(file.read_text())["cases"] if file.exists() else []


@needs_caws
def test_the_vectors_are_all_here() -> None:
    assert len(cases()) == 37


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["expected"])[:90])
def test_a_budget_is_derived_as_the_reference_derives_it(case: dict[str, Any]) -> None:
    policy, spec, waivers, options = case["args"]
    expected = case["expected"]
    if expected.get("throws"):
        with pytest.raises(ValueError, match="no date"):
            derive_budget(policy, spec["risk_tier"], waivers, options.get("now"))
        return

    derived = derive_budget(policy, spec["risk_tier"], waivers, options["now"])

    if not expected["ok"]:
        assert expected["rules"] == ["policy.budget.tier_not_found"]
        assert derived.budget is None
        return
    assert derived.budget is not None
    assert {"max_files": derived.budget.max_files, "max_loc": derived.budget.max_loc} == expected["budget"]
    assert list(derived.applied) == expected["applied"]
    assert [list(pair) for pair in derived.skipped] == expected["skipped"]
