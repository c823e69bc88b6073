from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import Severity
from agent_agency.spec import compat_cli4, seed
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.seed import tier_of
from support.old_specs import SEED, changed


def _check(fragment: str, *without: str, has_policy: bool | None = None) -> tuple[Document, list[str], list[str]]:
    document = load_document(changed(SEED, fragment, without=without), ".caws/working-spec.yaml")
    assert isinstance(document, Document)
    findings = seed.check(document, has_policy=has_policy)
    refused = [item.rule for item in findings if item.severity is not Severity.ADVICE]
    return document, refused, [item.rule for item in findings if item.severity is Severity.ADVICE]


def test_a_complete_spec_is_valid_without_a_word() -> None:
    assert _check("")[1:] == ([], [])


@pytest.mark.parametrize(
    ("fragment", "rule"),
    [
        ("mode: banana", "seed.mode.unknown"),
        ("mode: development", "seed.mode.unknown"),
        ("mode: 7", "seed.shape.type"),
        ("risk_tier: '2'", "seed.risk_tier.not_integer"),
        ("risk_tier: high", "seed.risk_tier.not_integer"),
        ("risk_tier: 2.5", "seed.risk_tier.not_integer"),
        ("risk_tier: true", "seed.risk_tier.not_integer"),
        ("risk_tier: 4", "seed.risk_tier.out_of_range"),
        ("scope: {in: src, out: []}", "seed.scope.in_not_a_list"),
        ("scope: {in: [], out: []}", "seed.scope.in_empty"),
        ("scope: {out: []}", "seed.scope.in_empty"),
        ("scope: {in: [7], out: []}", "seed.shape.type"),
        ("scope: src", "seed.shape.type"),
        ("invariants: 'yes'", "seed.shape.type"),
        ("invariants: []", "seed.invariants.empty"),
        ("acceptance: {}", "seed.shape.type"),
        ("acceptance: []", "seed.acceptance.empty"),
        ("acceptance: [{id: A1, given: a, when: b}]", "seed.acceptance.given_when_then"),
        ("acceptance: [{given: a, when: b, then: c}]", "seed.required_field"),
        ("acceptance: [{id: A1, given: '', when: b, then: c}]", "seed.shape.blank"),
        ("blast_radius: {data_migration: true}", "seed.required_field"),
        ("blast_radius: {modules: [a], data_migration: 'no'}", "seed.shape.type"),
        ("contracts: []", "seed.contracts.required"),
        ("contracts: [{type: openapi}]", "seed.required_field"),
        ("contracts: {}", "seed.shape.type"),
        ("non_functional: {perf: {api_p95_ms: fast}}", "seed.shape.type"),
        ("waiver_ids: [WV-1]", "seed.waiver_ids.format"),
        ("waiver_ids: WV-0001", "seed.shape.type"),
        ("rollback: {a: b}", "seed.shape.type"),
        ("experimental_mode: {enabled: true, rationale: x, expires_at: '2030-01-01'}", "seed.experimental_mode.tier"),
        ("waiver_id: [WV-0001]", "seed.key.misspelt"),
    ],
)
def test_what_the_command_line_was_sloppy_about_is_refused(fragment: str, rule: str) -> None:
    assert _check(fragment)[1] == [rule]


@pytest.mark.parametrize(
    ("fragment", "rule"),
    [
        ("title: Retry", "seed.title.length"),
        ("operational_rollback_slo: soon", "seed.slo.form"),
        ("scope: {in: [src]}", "seed.scope.out_missing"),
        ("contracts: [{type: rust-api, path: src/lib.rs}]", "seed.contracts.type_unknown"),
        ("change_budget: {max_files: 1, max_loc: 2}", "seed.change_budget.informational"),
        ("priority: high", "seed.key.unknown"),
        ("acceptance: [{id: AC1, given: a, when: b, then: c}]", "seed.acceptance.id_form"),
    ],
)
def test_what_is_only_unusual_is_advice(fragment: str, rule: str) -> None:
    assert _check(fragment)[1:] == ([], [rule])


def test_a_misspelt_mode_is_led_to_the_right_one() -> None:
    document, _, _ = _check("mode: featur")
    (finding,) = seed.check(document)
    assert finding.remedy.startswith("Did you mean 'feature'?")


def test_tier_1_owes_observability_rollback_and_security() -> None:
    _, refused, _ = _check("risk_tier: 1\nobservability: {}\nrollback: []\nnon_functional: {security: []}")
    assert refused == ["seed.observability.required", "seed.rollback.required", "seed.security.required"]


def test_a_budget_without_a_policy_is_told_to_be_of_september() -> None:
    document, _, _ = _check("change_budget: {max_files: 1, max_loc: 2}")
    (told,) = seed.check(document, has_policy=False)
    (untold,) = seed.check(document, has_policy=True)
    assert "September" in told.message
    assert "September" not in untold.message


def test_every_finding_has_a_place_and_a_remedy() -> None:
    document, _, _ = _check("mode: x\nrisk_tier: x\nscope: x\nwaiver_id: x\nacceptance: [{}]\ncontracts: [{}]", "title")
    findings = seed.check(document)
    assert len(findings) > 8
    assert all(item.place.line and item.place.column and item.remedy for item in findings)


def test_a_valid_spec_is_reduced_to_what_the_arbiter_reads() -> None:
    document, _, _ = _check("risk_tier: 2.0")
    spec = seed.to_spec(document)
    assert (spec.id, spec.risk_tier, spec.mode, spec.lifecycle) == ("FEAT-0042", 2, "feature", "active")
    assert (spec.scope.inside, spec.scope.outside) == (("src/billing/",), ("node_modules/",))


def test_only_three_numbers_are_tiers() -> None:
    assert [tier_of(value) for value in (1, 2.0, 3, 0, 4, True, "1", None, 2.5)] == [1, 2, 3, *[None] * 6]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 5)
    | st.sampled_from(["", " ", "x", "T2", "2", "FEAT-1", "src", ".nan"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["in", "security", "id"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_FIELDS = st.sampled_from(
    ["id", "title", "risk_tier", "mode", "scope", "contracts", "waiver_ids", "rollback", "non_functional", "acceptance"]
)


@given(st.dictionaries(_FIELDS, _VALUES, max_size=3))
def test_the_strict_reading_never_passes_what_the_command_line_refused(replaced: dict[str, object]) -> None:
    import json

    fragment = "".join(f"{name}: {json.dumps(value)}\n" for name, value in replaced.items())
    document, refused, _ = _check(fragment)
    theirs = [item for item in compat_cli4.check(document) if item.severity is not Severity.ADVICE]
    if not refused:
        assert theirs == []
        assert seed.to_spec(document).risk_tier in {1, 2, 3}
