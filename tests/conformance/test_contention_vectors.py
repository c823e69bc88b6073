import json
from typing import Any

import pytest

from agent_agency.spec.contention import ClaimingSpec, Worktree, find_contention
from support.conformance import CAWS, needs_caws


def cases() -> list[Any]:
    file = CAWS / "vectors" / "scope_contention.json"
    return json.loads(file.read_text())["cases"] if file.exists() else []


@needs_caws
def test_the_vectors_are_all_here() -> None:
    assert len(cases()) == 7


@needs_caws
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["expected"].get("reason", case["expected"]["status"]))
def test_contention_is_told_as_the_reference_tells_it(case: dict[str, Any]) -> None:
    (given,) = case["args"]
    worktrees = [
        Worktree(name, record.get("baseBranch"), record.get("specId"), record.get("path"))
        for name, record in given["worktrees"].items()
    ]
    specs = [ClaimingSpec(spec["id"], spec["lifecycle_state"], tuple(spec["scope"]["in"])) for spec in given["specs"]]

    contention = find_contention(given["path"], worktrees, specs, given["currentBranch"])

    expected = case["expected"]
    assert contention.status == expected["status"]
    assert (contention.reason, contention.worktree) == (expected.get("reason"), expected.get("worktreeName"))
    assert [(claim.worktree, claim.spec_id, claim.matched) for claim in contention.claims] == [
        (claim["worktreeName"], claim["specId"], claim["matchedPattern"]) for claim in expected.get("claimants", [])
    ]
