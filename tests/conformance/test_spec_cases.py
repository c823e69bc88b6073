"""Every spec case of the conformance data, judged as the reference judged it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import pytest

from agent_agency.facts import Severity
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.model import Profile, ValidationResult
from agent_agency.spec.profiles import detect_profile
from agent_agency.spec.validate import ValidationOptions, validate_spec
from support.conformance import CAWS, needs_caws

pytestmark = needs_caws

OPTIONS = {
    "v12": ValidationOptions(Profile.VNEXT, parity=True),
    "v4": ValidationOptions(Profile.SEED, parity=True, compat="cli-4.0.0"),
    "v10": ValidationOptions(Profile.V10, parity=True),
}
VERDICT_KEYS = {"v12": "v12", "v4": "v4_cli", "v10": "v10_cli"}


@cache
def manifest() -> dict[str, Any]:
    path = CAWS / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {"cases": []}


def cases(version: str | None = None) -> list[Any]:
    rows = [row for row in manifest()["cases"] if version in {None, row["schema_version"]}]
    return [pytest.param(row, id=f"{row['schema_version']}-{row['file'].removeprefix('specs/')}") for row in rows]


def judge(row: dict[str, Any], version: str) -> ValidationResult:
    return validate_spec((CAWS / row["file"]).read_bytes(), row["file"], OPTIONS[version])


def test_all_cases_are_here() -> None:
    counts = manifest()["counts"]
    assert len(manifest()["cases"]) == sum(counts.values()) == 596


@pytest.mark.parametrize("row", cases())
def test_the_bytes_are_those_that_the_reference_judged(row: dict[str, Any]) -> None:
    assert hashlib.sha256((CAWS / row["file"]).read_bytes()).hexdigest() == row["sha256"]


@pytest.mark.parametrize("row", cases("v12"))
def test_a_vnext_spec_gets_the_rules_of_the_reference(row: dict[str, Any]) -> None:
    result = judge(row, "v12")
    assert result.valid is row["expected_valid"]
    assert {finding.rule for finding in result.findings} == set(row["expected_rules"])
    assert all(finding.severity is not Severity.ADVICE for finding in result.findings)
    assert all(finding.place.line and finding.place.column and finding.remedy for finding in result.findings)


@pytest.mark.parametrize("row", [*cases("v4"), *cases("v10")])
def test_an_old_spec_gets_the_verdict_of_its_command_line(row: dict[str, Any]) -> None:
    assert judge(row, row["schema_version"]).valid is row["expected_valid"]


@pytest.mark.parametrize("row", cases())
def test_every_profile_gives_the_verdict_of_its_reference_on_the_same_bytes(row: dict[str, Any]) -> None:
    verdicts = {version: judge(row, version).valid for version in OPTIONS}
    assert verdicts == {version: row["verdicts"][key] for version, key in VERDICT_KEYS.items()}


@pytest.mark.parametrize("row", [case for case in cases("v12") if case.values[0]["expected_valid"]])
def test_no_valid_vnext_spec_is_taken_for_another_profile(row: dict[str, Any]) -> None:
    document = load_document((CAWS / row["file"]).read_bytes(), row["file"])
    assert isinstance(document, Document)
    assert detect_profile(document).profile is Profile.VNEXT


@pytest.mark.parametrize("row", [case for case in cases() if "accept" in case.values[0]["why"]
                                 and "/derived/v12__" in case.values[0]["file"]
                                 and case.values[0]["expected_valid"]])  # fmt: skip
def test_a_documented_weakness_of_the_reference_is_refused_by_the_stricter_layer(row: dict[str, Any]) -> None:
    result = validate_spec((CAWS / row["file"]).read_bytes(), row["file"], ValidationOptions())
    assert not result.valid
    assert all(finding.rule.startswith("strict.") for finding in result.findings)


@pytest.mark.parametrize("row", [case for case in cases("v12") if "/upstream/real" in case.values[0]["file"]
                                 and case.values[0]["expected_valid"]])  # fmt: skip
def test_the_stricter_layer_raises_no_false_alarm_on_real_specs(row: dict[str, Any]) -> None:
    result = validate_spec((CAWS / row["file"]).read_bytes(), row["file"], ValidationOptions())
    rules = {finding.rule for finding in result.findings if finding.severity is not Severity.ADVICE}
    assert rules <= {"strict.placeholder", "strict.migration.rollback_required"}
