from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import Severity
from agent_agency.spec.model import Budget, PolicyResult
from agent_agency.spec.policy import GATES, default_policy, is_seed_policy, max_waiver_days, read_policy
from agent_agency.spec.policy_seed import accepted_by_cli4

PATH = ".caws/policy.yaml"


def vnext(**changes: Any) -> dict[str, Any]:
    gate = {"enabled": True, "mode": "block"}
    return {
        "version": 1,
        "risk_tiers": {
            "1": {"max_files": 5, "max_loc": 200},
            "2": {"max_files": 15, "max_loc": 600},
            "3": {"max_files": 30, "max_loc": 1500},
        },
        "gates": {"budget_limit": dict(gate), "spec_completeness": dict(gate), "scope_boundary": dict(gate)},
        **changes,
    }


def seed(**changes: Any) -> dict[str, Any]:
    tiers = {
        "1": {"max_files": 25, "max_loc": 1000, "coverage_threshold": 90},
        "2": {"max_files": 50, "max_loc": 2000},
        "3": {"max_files": 100, "max_loc": 5000, "allowed_modes": ["feature", "doc"]},
    }
    approval = {"required_approvers": 2, "max_duration_days": 30, "auto_revoke_expired": True}
    return {"version": 1, "risk_tiers": tiers, "waiver_approval": approval, **changes}


def read(document: Any, *, parity: bool = False) -> PolicyResult:
    return read_policy(yaml.safe_dump(document, sort_keys=False).encode(), PATH, parity=parity)


def refusals(result: PolicyResult) -> list[str]:
    return [finding.rule for finding in result.findings if finding.severity is not Severity.ADVICE]


def advice(result: PolicyResult) -> list[str]:
    return [finding.rule for finding in result.findings if finding.severity is Severity.ADVICE]


def test_a_policy_is_read_into_budgets_gates_and_zones() -> None:
    document = vnext(
        non_governed_zones=["research/**"],
        root_passthrough=["README.md"],
        waivers={"min_approvers_for_budget_raise": 2},
    )
    document["gates"]["god_object"] = {"enabled": False, "mode": "warn", "thresholds": {"critical": 900}}

    policy = read(document).policy

    assert policy is not None
    assert dict(policy.tiers) == {1: Budget(5, 200), 2: Budget(15, 600), 3: Budget(30, 1500)}
    assert policy.gates["scope_boundary"].mode == "block"
    assert policy.gates["god_object"].mode == "skip"
    assert policy.gates["god_object"].thresholds == {"critical": 900}
    assert (policy.non_governed_zones, policy.root_passthrough) == (("research/**",), ("README.md",))
    assert policy.min_budget_approvers == 2
    assert policy.path == PATH
    assert policy.digest.startswith("sha256:")


def test_integer_tier_keys_as_people_write_them_are_read() -> None:
    text = b"""version: 1
risk_tiers:
  1: {max_files: 5, max_loc: 200}
  2: {max_files: 15, max_loc: 600}
  3: {max_files: 30, max_loc: 1500}
gates:
  budget_limit: {enabled: true, mode: block}
  spec_completeness: {enabled: true, mode: block}
  scope_boundary: {enabled: true, mode: block}
"""
    policy = read_policy(text, PATH).policy

    assert policy is not None
    assert policy.tiers[3] == Budget(30, 1500)


def test_a_finding_says_where_and_what_to_do() -> None:
    text = yaml.safe_dump(vnext(), sort_keys=False).replace("mode: block", "mode: blok", 1).encode()

    (finding,) = read_policy(text, PATH).findings

    assert finding.rule == "policy.schema.gates.unknown_mode"
    assert finding.place.path == PATH
    assert finding.place.line is not None
    assert text.decode().splitlines()[finding.place.line - 1].strip() == "mode: blok"
    assert finding.remedy == "Did you mean 'block'?"


def broken(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    document = vnext()
    node = document
    for part in path[:-1]:
        node = node.setdefault(part, {})
    node[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "rules"),
    [
        (broken(("gates", "budget_limit", "mode"), 5), {"policy.schema.violation", "policy.schema.gates.unknown_mode"}),
        (broken(("gates", "budget_limit", "extra"), 5), {"policy.schema.violation"}),
        (broken(("gates", "budget_limit"), None), {"policy.schema.violation"}),
        (broken(("gates", "coverage"), {}), {"policy.schema.gates.unknown"}),
        (broken(("gates",), {}), {"policy.schema.gates.missing_required"}),
        (broken(("gates",), []), {"policy.schema.violation"}),
        (broken(("gates", "god_object"), {"enabled": "yes", "mode": "warn"}), {"policy.schema.violation"}),
        (broken(("risk_tiers", "1", "label"), "x"), {"policy.schema.tier.label_forbidden"}),
        (broken(("risk_tiers", "label"), "x"), {"policy.schema.violation"}),
        (broken(("risk_tiers", "1", "max_loc"), True), {"policy.schema.violation"}),
        (broken(("risk_tiers", "1", "max_loc"), 999), {"policy.semantic.risk_tiers.non_monotonic_loc"}),
        (broken(("risk_tiers", "3", "max_files"), 1), {"policy.semantic.risk_tiers.non_monotonic_files"}),
        (
            broken(("root_passthrough",), [5]),
            {"policy.schema.violation", "policy.schema.root_passthrough.contains_slash"},
        ),
        (broken(("root_passthrough",), [""]), {"policy.schema.violation"}),
        (broken(("non_governed_zones",), "x"), {"policy.schema.violation"}),
        (
            broken(("non_governed_zones",), ["."]),
            {"policy.schema.violation", "policy.schema.non_governed_zones.too_broad"},
        ),
        (broken(("non_governed_zones_force",), 1), {"policy.schema.violation"}),
        (broken(("edit_rules", "min_approvers_for_budget_raise"), 1), {"policy.schema.edit_rules.approvers_misplaced"}),
        (broken(("waivers", "default_expiry_days"), 0), {"policy.schema.violation"}),
        (broken(("agents", "last_modified_paths_ttl_seconds"), 86401), {"policy.schema.violation"}),
        (broken(("version",), True), {"policy.schema.violation"}),
        (broken(("version",), 1.0), set()),
        (broken(("risk_tiers", "1", "max_files"), 5.0), set()),
    ],
)
def test_parity_names_the_rules_of_the_reference(document: dict[str, Any], rules: set[str]) -> None:
    assert set(refusals(read(document, parity=True))) == rules


def test_forced_broad_zones_pass_in_parity_with_a_warning() -> None:
    result = read(vnext(non_governed_zones=["**"], non_governed_zones_force=True), parity=True)

    assert result.valid
    assert advice(result) == ["policy.semantic.non_governed_zones.force_used"]


@pytest.mark.parametrize("zone", ["**/**", "{**,x}", "**/*", "*/**", "!nothing", "{*,*/**}", "./**", "**/{*,x}"])
def test_a_zone_that_takes_everything_is_refused_however_it_is_written(zone: str) -> None:
    result = read(vnext(non_governed_zones=[zone]))

    assert not result.valid
    assert any(
        rule in {"policy.strict.zone_takes_everything", "policy.schema.non_governed_zones.too_broad"}
        for rule in refusals(result)
    )


@pytest.mark.parametrize("zone", ["research/**", "docs", "**/*.md", "tmp/*", "{docs,notes}/**"])
def test_an_honest_zone_is_not_refused(zone: str) -> None:
    assert read(vnext(non_governed_zones=[zone])).findings == ()


@pytest.mark.parametrize("zone", ["/docs/**", "src/../**", "docs/**/", "./docs", "a\\b"])
def test_a_zone_that_matches_nothing_is_told(zone: str) -> None:
    result = read(vnext(non_governed_zones=[zone]))

    assert result.valid
    assert advice(result) == ["policy.strict.zone_matches_nothing"]


def test_a_disabled_critical_gate_is_told_but_not_in_parity() -> None:
    document = vnext()
    document["gates"]["scope_boundary"]["enabled"] = False

    assert advice(read(document)) == ["policy.strict.critical_gate_disabled"]
    assert read(document, parity=True).findings == ()


def test_a_declared_rule_that_nothing_enforces_is_told() -> None:
    assert advice(read(vnext(edit_rules={"require_signed_commits": True}))) == ["policy.strict.edit_rule_not_enforced"]


@pytest.mark.parametrize("allowed", [True, False])
def test_law_and_code_in_one_change_are_refused_whatever_the_policy_says(allowed: bool) -> None:
    told = advice(read(vnext(edit_rules={"policy_and_code_same_pr": allowed})))

    assert told == (["policy.strict.edit_rule_not_enforced"] if allowed else [])


def test_a_limit_that_no_review_reads_is_told_but_not_in_parity() -> None:
    document = vnext(waivers={"max_active_waivers_per_gate": 1, "min_approvers_for_budget_raise": 1})
    result = read(document)

    assert (result.valid, advice(result)) == (True, ["policy.strict.setting_not_read"])
    assert "max_active_waivers_per_gate" in result.findings[0].message
    assert read(document, parity=True).findings == ()
    assert [finding.subject for finding in read(seed()).findings if finding.rule == "policy.strict.setting_not_read"]


def test_the_shape_of_october_2025_is_read_strictly() -> None:
    result = read(seed())

    assert result.valid, result.findings
    assert result.policy is not None
    assert result.policy.tiers[1] == Budget(25, 1000)
    assert result.policy.min_budget_approvers == 2
    assert max_waiver_days(result.policy) == 30
    assert {result.policy.gates[name].mode for name in GATES[:3]} == {"block"}


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1"},
        {"version": 2},
        {"surprise": 1},
        {"risk_tiers": {"1": {"max_files": 1, "max_loc": 1}}},
        {"risk_tiers": {"1": "x", "2": "y", "3": "z"}},
        {"gates": {"coverage": {"enabled": True}}},
        {"gates": {"budget_limit": {"enabled": "yes"}}},
        {"waiver_approval": {"required_approvers": 0}},
        {"waiver_approval": {"max_duration_days": -1}},
        {"edit_rules": {"min_approvers_for_budget_raise": True}},
    ],
)
def test_what_the_code_of_october_2025_let_through_is_refused(changes: dict[str, Any]) -> None:
    assert not read(seed(**changes)).valid


def test_a_riskier_tier_with_more_room_is_refused_in_the_older_shape_too() -> None:
    tiers = {"1": {"max_files": 40, "max_loc": 1500}, "2": {"max_files": 25, "max_loc": 1000}}
    tiers["3"] = {"max_files": 15, "max_loc": 600}

    assert "policy.strict.risk_tiers_out_of_order" in refusals(read(seed(risk_tiers=tiers)))


def test_the_shapes_are_told_apart() -> None:
    assert is_seed_policy(seed())
    assert not is_seed_policy(vnext())


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"version": 0}, False),
        ({"version": "3.1"}, True),
        ({"risk_tiers": []}, False),
        ({"waiver_approval": {"required_approvers": -1}}, False),
        ({"waiver_approval": {"max_duration_days": 0}}, False),
        ({"waiver_approval": 5}, True),
        ({"waiver_approval": ""}, True),
    ],
)
def test_the_4_0_0_check_compares_loosely(changes: dict[str, Any], accepted: bool) -> None:
    assert accepted_by_cli4(seed(**changes)) is accepted


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("max_files", "7", True),
        ("max_files", "many", True),
        ("max_files", "0", False),
        ("max_files", None, False),
        ("max_files", [], False),
        ("max_files", [3], True),
        ("max_files", {}, True),
        ("max_loc", 0.5, True),
        ("coverage_threshold", 101, False),
        ("coverage_threshold", None, True),
        ("mutation_threshold", "-1", False),
        ("mutation_threshold", "x", True),
    ],
)
def test_the_4_0_0_check_reads_numbers_as_javascript_does(key: str, value: Any, accepted: bool) -> None:
    document = seed()
    document["risk_tiers"]["1"][key] = value

    assert accepted_by_cli4(document) is accepted


@pytest.mark.parametrize("value", [None, [], "text", 5])
def test_what_is_no_object_is_no_policy(value: Any) -> None:
    assert not read(value).valid
    assert not accepted_by_cli4(value)


def test_the_default_policy_is_valid_by_its_own_rules() -> None:
    policy = default_policy()

    assert read(dict(policy.document), parity=True).findings == ()
    assert read(dict(policy.document)).findings == ()
    assert {name: gate.mode for name, gate in policy.gates.items()} == {
        "budget_limit": "block",
        "spec_completeness": "block",
        "scope_boundary": "block",
        "god_object": "warn",
        "todo_detection": "warn",
    }
    assert policy.tiers[1] == Budget(5, 200)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(
        ["version", "risk_tiers", "gates", "waivers", "non_governed_zones", "root_passthrough", "edit_rules"]
    ),
    json_values,
    st.booleans(),
)
def test_any_value_anywhere_is_answered_with_findings(key: str, value: Any, parity: bool) -> None:
    import json

    document = {**vnext(), key: value}
    result = read_policy(json.dumps(document).encode(), PATH, parity=parity)

    assert result.valid is (result.policy is not None)
    assert result.valid is (refusals(result) == [])
