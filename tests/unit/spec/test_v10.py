from __future__ import annotations

import pytest

from agent_agency.facts import Severity
from agent_agency.spec.model import Profile
from agent_agency.spec.validate import ValidationOptions, validate_spec
from support.old_specs import V10, changed

_OPTIONS = ValidationOptions(profile=Profile.V10, parity=True)


def _judge(fragment: str, *without: str) -> tuple[bool, list[str]]:
    result = validate_spec(changed(V10, fragment, without=without), "spec.yaml", _OPTIONS)
    return result.valid, [item.rule for item in result.findings if item.severity is not Severity.ADVICE]


def test_the_base_passes_without_a_word() -> None:
    assert validate_spec(changed(V10), "spec.yaml", _OPTIONS).findings == ()


@pytest.mark.parametrize(
    "fragment",
    [
        "id: P03-IMPL-01a",
        "id: A1B2-9",
        "risk_tier: T1",
        "risk_tier: T9",
        "status: whatever",
        "mode: development",
        "mode: banana",
        "title: x",
        "scope: {in: src}",
        "scope: {in: [{a: b}]}",
        "scope: {in: [src], out: src/*}",
        "scope: {in: [src], out: [[a]]}",
        "rollback: []",
        "rollback: [a, a]",
        "change_budget: {max_files: 1}",
        "invariants: {}",
        "acceptance: []",
        "created_at: 2026-04-01",
        "contracts: [{}]",
    ],
)
def test_what_the_command_line_let_through_passes(fragment: str) -> None:
    assert _judge(fragment) == (True, [])


@pytest.mark.parametrize(
    ("fragment", "rules"),
    [
        ("id: feat-1", ["caws10.id.format"]),
        ("id: 1A-1", ["caws10.id.format"]),
        ("id: FEAT--1", ["caws10.id.format"]),
        ("id: FEAT-1A", ["caws10.id.format"]),
        ("risk_tier: '7'", ["caws10.risk_tier.out_of_range"]),
        ("scope: {in: [src], out: ['a*']}", ["caws10.scope.out_glob"]),
        ("scope: {in: [src], out: [a?]}", ["caws10.scope.out_glob"]),
        ("scope: {in: [src], out: [['*']]}", ["caws10.scope.out_glob"]),
        ("scope: {in: [src], out: [7]}", ["caws10.scope.out_not_text"]),
        ("scope: {in: [src], out: [null]}", ["caws10.scope.out_not_text"]),
        ("scope: {in: [src], out: [2025-01-01]}", ["caws10.scope.out_not_text"]),
        ("rollback: null", ["caws10.rollback.not_a_list"]),
        ("rollback: text", ["caws10.rollback.not_a_list"]),
        ("rollback: {a: b}", ["caws10.rollback.not_a_list"]),
        ("rollback: [7]", ["caws10.rollback.not_text"]),
        ("rollback: [2026-01-01]", ["caws10.rollback.not_text"]),
        ("contracts: []", ["caws10.contracts.required"]),
        ("mode: chore\ncontracts: []", ["caws10.contracts.required"]),
        ("waiver_ids: [WV-1]", ["caws10.waiver_ids.format"]),
    ],
)
def test_what_the_command_line_refused_is_refused(fragment: str, rules: list[str]) -> None:
    assert _judge(fragment) == (False, rules)


@pytest.mark.parametrize(
    ("criteria", "valid"),
    [("[{id: AC-1, description: x}]", True), ("[x]", True), ("[]", False), ("text", False), ("{a: b}", False)],
)
def test_criteria_under_the_other_name_count_where_they_list_something(criteria: str, valid: bool) -> None:
    assert _judge(f"acceptance_criteria: {criteria}", "acceptance")[0] is valid


def test_what_the_schema_says_is_advice() -> None:
    result = validate_spec(
        changed(V10, "title: x\nstatus: running\nai_assessment: {confidence_level: 80}\nchange_budget: {}"),
        "spec.yaml",
        _OPTIONS,
    )
    assert result.valid
    assert {item.rule for item in result.findings} == {
        "caws10.schema.min_length",
        "caws10.schema.enum",
        "caws10.schema.maximum",
        "caws10.schema.forbidden",
    }


@pytest.mark.parametrize(
    ("status", "lifecycle"),
    [
        ("draft", "draft"),
        ("active", "active"),
        ("in_progress", "active"),
        ("completed", "closed"),
        ("closed", "closed"),
        ("archived", "archived"),
        ("invented", "draft"),
    ],
)
def test_a_status_becomes_a_lifecycle_and_an_unknown_one_governs_nothing(status: str, lifecycle: str) -> None:
    spec = validate_spec(changed(V10, f"status: {status}"), "spec.yaml", _OPTIONS).spec
    assert spec is not None
    assert spec.lifecycle == lifecycle


def test_the_profile_told_by_its_fields_is_read_with_its_own_types() -> None:
    result = validate_spec(
        changed(V10, "created_at: 2026-04-01T00:00:00Z\n<<: {title: Merged title}", without=("title",)),
        "x",
        ValidationOptions(),
    )
    assert result.profile is Profile.V10
    assert result.spec is not None
    assert result.spec.title == "Merged title"


def test_an_unquoted_date_is_told_to_be_no_text() -> None:
    result = validate_spec(changed(V10, "created_at: 2026-04-01"), "spec.yaml", _OPTIONS)
    (finding,) = result.findings
    assert (finding.rule, finding.severity) == ("caws10.schema.type", Severity.ADVICE)
    assert "no quotes" in finding.message
