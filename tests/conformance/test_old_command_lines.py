"""The verdicts of CLI 4.0.0 and 10.2.0 on every file of the conformance data, whatever profile it was written for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_agency.spec.model import Profile
from agent_agency.spec.validate import ValidationOptions, validate_spec
from support.conformance import CAWS, needs_caws

pytestmark = needs_caws

_OPTIONS = {
    "v4_cli": ValidationOptions(profile=Profile.SEED, compat="cli-4.0.0", parity=True),
    "v10_cli": ValidationOptions(profile=Profile.V10, parity=True),
}


def _cases() -> list[dict[str, Any]]:
    if not CAWS.is_dir():
        return []
    cases: list[dict[str, Any]] = json.loads((CAWS / "manifest.json").read_text())["cases"]
    return cases


@pytest.mark.parametrize("key", sorted(_OPTIONS))
def test_the_old_command_lines_would_have_said_the_same(key: str) -> None:
    wrong = []
    for case in _cases():
        result = validate_spec((CAWS / case["file"]).read_bytes(), case["file"], _OPTIONS[key])
        if result.valid != case["verdicts"][key]:
            wrong.append((case["file"], [finding.rule for finding in result.findings]))
        assert (result.spec is not None) == result.valid
    assert len(_cases()) == 596
    assert wrong == []


def test_the_strict_profile_never_passes_what_the_command_line_of_its_time_refused() -> None:
    strict = ValidationOptions(profile=Profile.SEED, parity=True)
    passed = [
        case for case in _cases() if validate_spec((CAWS / case["file"]).read_bytes(), case["file"], strict).valid
    ]
    assert passed
    assert [case["file"] for case in passed if not case["verdicts"]["v4_cli"]] == []


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("v4__ok", True),
        ("v4__sep2025_ok", True),
        ("v4__with_threats", True),
        ("v4__title_short", True),
        ("v4__mode_banana", False),
        ("v4__tier_T2", False),
        ("v4__acceptance_no_gwt", False),
        ("v4__acceptance_empty", False),
        ("v4__experimental_tier2", False),
        ("v4__perf_zero", False),
    ],
)
def test_the_strict_profile_refuses_what_the_command_line_was_sloppy_about(name: str, valid: bool) -> None:
    data = (CAWS / "specs" / "derived" / f"{name}.yaml").read_bytes()
    assert validate_spec(data, name, ValidationOptions(profile=Profile.SEED, parity=True)).valid is valid
