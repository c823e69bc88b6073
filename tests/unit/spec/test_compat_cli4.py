"""CLI 4.0.0 decided in JavaScript: each row is a corner of its loose comparisons."""

from __future__ import annotations

import pytest

from agent_agency.facts import Severity
from agent_agency.spec.model import Profile
from agent_agency.spec.validate import ValidationOptions, validate_spec
from support.old_specs import SEED, changed

_OPTIONS = ValidationOptions(profile=Profile.SEED, compat="cli-4.0.0", parity=True)


def _judge(fragment: str, *without: str) -> tuple[bool, list[str]]:
    result = validate_spec(changed(SEED, fragment, without=without), "working-spec.yaml", _OPTIONS)
    return result.valid, [item.rule for item in result.findings if item.severity is not Severity.ADVICE]


def test_the_base_passes() -> None:
    assert _judge("") == (True, [])


@pytest.mark.parametrize(
    "fragment",
    [
        "risk_tier: high",
        "risk_tier: T2",
        "risk_tier: 2.5",
        "risk_tier: '2'",
        "risk_tier: ' 2 '",
        "risk_tier: '0x3'",
        "risk_tier: true",
        "risk_tier: [2]",
        "risk_tier: {tier: 9}",
        "risk_tier: [1, 9]",
        "risk_tier: '2025-10-10'",
        "risk_tier: .inf5",
        "mode: banana",
        "mode: 7",
        "invariants: 'yes'",
        "invariants: []",
        "invariants: {}",
        "acceptance: []",
        "acceptance: none",
        "non_functional: []",
        "non_functional: x",
        "blast_radius: []",
        "operational_rollback_slo: 5",
        "title: [x]",
        "contracts: {}",
        "contracts: anything",
        "contracts: {length: '0'}",
        "scope: {in: src}",
        "scope: {in: 7}",
        "scope: {in: {a: b}}",
        "scope: {in: [null]}",
        "id: [FEAT-1]",
        "id: [[FEAT-1]]",
        "waiver_ids: []",
        "waiver_ids: ''",
        "waiver_ids: 0",
        "waiver_ids: false",
        "waiver_ids: [[WV-0001]]",
        "waiver_ids: [WV-0001, WV-9999]",
        "change_budget: {max_files: 1}",
        "rollback: {any: thing}",
        "lifecycle_state: active",
        "whatever: 1",
    ],
)
def test_what_the_command_line_let_through_passes(fragment: str) -> None:
    assert _judge(fragment) == (True, [])


@pytest.mark.parametrize(
    ("fragment", "rules"),
    [
        ("risk_tier: 0", ["cli4.required_field", "cli4.risk_tier.out_of_range"]),
        ("risk_tier: .nan", ["cli4.required_field"]),
        ("risk_tier: null", ["cli4.required_field", "cli4.risk_tier.out_of_range"]),
        ("risk_tier: ''", ["cli4.required_field", "cli4.risk_tier.out_of_range"]),
        ("risk_tier: ' '", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: []", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: '4'", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: 3.1", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: -1", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: .inf", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: Infinity", ["cli4.risk_tier.out_of_range"]),
        ("risk_tier: 2025-10-10", ["cli4.risk_tier.out_of_range"]),
        ("title: ''", ["cli4.required_field"]),
        ("mode: false", ["cli4.required_field"]),
        ("scope: src", ["cli4.scope.in_empty"]),
        ("scope: []", ["cli4.scope.in_empty"]),
        ("scope: {in: ''}", ["cli4.scope.in_empty"]),
        ("scope: {in: {length: 0}}", ["cli4.scope.in_empty"]),
        ("scope: null", ["cli4.required_field", "cli4.scope.in_empty"]),
        ("contracts: []", ["cli4.contracts.required"]),
        ("contracts: {length: 0}", ["cli4.contracts.required"]),
        ("contracts: null", ["cli4.required_field", "cli4.contracts.required"]),
        ("id: feat-1", ["cli4.id.format"]),
        ("id: APC-01a", ["cli4.id.format"]),
        ('id: "FEAT-1\\n"', ["cli4.id.format"]),
        ("id: FEAT-\u0661", ["cli4.id.format"]),
        ("id: [FEAT-1, FEAT-2]", ["cli4.id.format"]),
        ("id: {a: b}", ["cli4.id.format"]),
        ("id: 7", ["cli4.id.format"]),
        ("waiver_ids: WV-0001", ["cli4.waiver_ids.not_a_list"]),
        ("waiver_ids: {}", ["cli4.waiver_ids.not_a_list"]),
        ("waiver_ids: [WV-1]", ["cli4.waiver_ids.format"]),
        ("waiver_ids: [null]", ["cli4.waiver_ids.format"]),
    ],
)
def test_what_the_command_line_refused_is_refused(fragment: str, rules: list[str]) -> None:
    assert _judge(fragment) == (False, rules)


@pytest.mark.parametrize("field", ["id", "title", "risk_tier", "mode", "blast_radius", "operational_rollback_slo"])
def test_each_required_field_is_missed_by_name(field: str) -> None:
    result = validate_spec(changed(SEED, without=(field,)), "working-spec.yaml", _OPTIONS)
    assert [(item.rule, item.subject) for item in result.findings] == [("cli4.required_field", field)]


def test_only_a_number_1_owes_the_duties_of_tier_1() -> None:
    bare = "observability: null\nrollback: []\nnon_functional: {security: []}"
    assert _judge(f"risk_tier: '1'\n{bare}") == (True, [])
    assert _judge(f"risk_tier: true\n{bare}") == (True, [])
    assert _judge(f"risk_tier: 1.0\n{bare}")[1] == [
        "cli4.observability.required",
        "cli4.rollback.required",
        "cli4.security.required",
    ]


def test_a_merge_key_may_bring_a_required_field() -> None:
    assert _judge("<<: {title: From elsewhere}", "title") == (True, [])


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "[]\n", "- a\n", "text\n", "5\n"])
def test_documents_that_are_no_mapping_fail(text: str) -> None:
    assert not validate_spec(text.encode(), "working-spec.yaml", _OPTIONS).valid


@pytest.mark.parametrize(
    ("tier", "expected"), [("high", 1), ("T2", 1), ("2.5", 1), ("'2'", 2), ("3.0", 3), ("true", 1)]
)
def test_a_tier_that_means_nothing_binds_as_the_strictest(tier: str, expected: int) -> None:
    spec = validate_spec(changed(SEED, f"risk_tier: {tier}"), "working-spec.yaml", _OPTIONS).spec
    assert spec is not None
    assert spec.risk_tier == expected


def test_a_scope_that_is_no_list_admits_its_text_or_nothing() -> None:
    as_text = validate_spec(changed(SEED, "scope: {in: src, out: [a, 7]}"), "x", _OPTIONS).spec
    as_mapping = validate_spec(changed(SEED, "scope: {in: {a: b}}"), "x", _OPTIONS).spec
    assert as_text is not None
    assert as_mapping is not None
    assert (as_text.scope.inside, as_text.scope.outside) == (("src",), ("a",))
    assert as_mapping.scope.inside == ()


def test_a_spec_stays_plain_data_though_dates_were_read() -> None:
    spec = validate_spec(changed(SEED, "made: 2025-10-10\nblob: !!binary aGk="), "x", _OPTIONS).spec
    assert spec is not None
    assert (spec.document["made"], spec.document["blob"]) == ("2025-10-10", "104,105")


def test_findings_point_at_the_line() -> None:
    result = validate_spec(changed(SEED, "waiver_ids:\n  - WV-0001\n  - WV-1"), "working-spec.yaml", _OPTIONS)
    (finding,) = result.findings
    assert (
        changed(SEED, "waiver_ids:\n  - WV-0001\n  - WV-1").decode().splitlines()[(finding.place.line or 0) - 1].strip()
        == "- WV-1"
    )
