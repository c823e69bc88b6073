"""Corners of the old command lines' JavaScript; expected verdicts observed from js-yaml 4.1.0 and ECMAScript."""

from __future__ import annotations

import pytest

from agent_agency.facts import Severity
from agent_agency.spec.model import Profile
from agent_agency.spec.validate import ValidationOptions, validate_spec
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
