"""Corners of the old command lines' JavaScript; expected verdicts observed from js-yaml 4.1.0 and ECMAScript."""

from __future__ import annotations

import pytest

from agent_agency.facts import Severity
from agent_agency.spec.model import Profile
from agent_agency.spec.policy_seed import accepted_by_cli4 as accepted_policy
from agent_agency.spec.validate import ValidationOptions, validate_spec
from agent_agency.spec.waiver_shapes import accepted_by_cli4 as accepted_waiver
from support.old_specs import SEED, changed

_OPTIONS = (
    ValidationOptions(profile=Profile.SEED, compat="cli-4.0.0", parity=True),
    ValidationOptions(profile=Profile.V10, parity=True),
)


def rules(fragment: str, options: ValidationOptions) -> set[str]:
    result = validate_spec(changed(SEED, fragment, without=()), "working-spec.yaml", options)
    found = {item.rule.partition(".")[2] for item in result.findings if item.severity is not Severity.ADVICE}
    assert (result.spec is not None) is not bool(found)
    return found


@pytest.mark.parametrize("options", _OPTIONS)
@pytest.mark.parametrize(
    "fragment",
    [
        "id: {toString: FEAT-1}",
        "risk_tier: {toString: 2}",
        "risk_tier: [{toString: 2}]",
        "waiver_ids: [{toString: WV-0001}]",
    ],
)
def test_a_value_that_cannot_be_compared_stops_the_command_line(fragment: str, options: ValidationOptions) -> None:
    assert rules(fragment, options) == {"document.uncomparable"}


@pytest.mark.parametrize("options", _OPTIONS)
@pytest.mark.parametrize(
    "fragment",
    [
        "title: {toString: x}",
        "mode: {toString: x}",
        "status: {toString: x}",
        "risk_tier: {valueOf: 9}",
        "risk_tier: !!binary ''",
    ],
)
def test_elsewhere_such_a_value_passes(fragment: str, options: ValidationOptions) -> None:
    assert rules(fragment, options) == set()


def test_an_old_waiver_whose_id_cannot_be_compared_is_refused() -> None:
    waiver = {"id": "WV-0001", "title": "t", "reason": "r", "status": "active", "gates": ["g"], "approvers": ["a"]}
    dated = {**waiver, "expires_at": "2026-12-31"}
    assert accepted_waiver(dated)
    assert not accepted_waiver({**dated, "id": {"toString": 1}})
    assert not accepted_waiver({**dated, "expires_at": [{"toString": 1}]})


def test_the_tiers_of_an_old_policy_may_be_a_list() -> None:
    tier = {"max_files": 1, "max_loc": 1}
    assert accepted_policy({"version": 1, "risk_tiers": [None, tier, tier, tier]})
    assert not accepted_policy({"version": 1, "risk_tiers": [tier, tier, tier]})
