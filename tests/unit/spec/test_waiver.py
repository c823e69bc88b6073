from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.config import LawLimits
from agent_agency.facts import Severity
from agent_agency.spec.model import Budget, Policy, Waiver, WaiverResult
from agent_agency.spec.policy import default_policy, read_policy
from agent_agency.spec.waiver import read_waiver, read_waivers, write_waiver
from agent_agency.spec.waiver_shapes import accepted_by_cli4
from agent_agency.spec.waiver_vnext import effectiveness

PATH = ".caws/waivers/WV-0001.yaml"


def vnext(**changes: Any) -> dict[str, Any]:
    document = {
        "id": "WV-0001",
        "title": "Legacy import waiver",
        "status": "active",
        "gates": ["budget_limit"],
        "reason": "The importer is generated and lands in one piece.",
        "approved_by": "lead@example.org",
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-02-01T00:00:00Z",
        "scope": {"spec_id": "FEAT-001"},
        "delta": {"max_files": 10, "max_loc": 500},
        **changes,
    }
    return {key: value for key, value in document.items() if value is not ...}


def schema_shape(**changes: Any) -> dict[str, Any]:
    return {
        "id": "WV-0001",
        "applies_to": "FEAT-0001",
        "gates": ["budget_limit"],
        "delta": {"max_files": 50, "max_loc": 5000},
        "reason_code": "architectural_refactor",
        "description": "The separation of the policy touches every command and cannot be cut smaller than this.",
        "mitigation": "Each command keeps its tests; the old policy stays readable until the next release is out.",
        "expires_at": "2026-03-01T00:00:00Z",
        "risk_owner": "owner",
        "approvers": [{"handle": "lead", "approved_at": "2026-01-07T00:00:00Z"}],
        "status": "active",
        "metadata": {"urgency": "high"},
        **changes,
    }


def loader_shape(**changes: Any) -> dict[str, Any]:
    return {
        "id": "WV-0001",
        "title": "Provenance work",
        "reason": "architectural_refactor",
        "status": "active",
        "gates": ["budget_limit"],
        "expires_at": "2026-01-31",
        "approvers": ["a@example.org", "b@example.org"],
        "delta": {"max_files": 10, "max_loc": 100},
        **changes,
    }


MAP_SHAPE: dict[str, Any] = {
    "waivers": [
        {
            "gate": "mutation",
            "reason": "No mutation tool yet for this language.",
            "owner": "dev",
            "expiry": "2026-01-14",
            "approved_by": "lead",
            "compensating_control": "review",
            "ticket_url": "https://example.org/1",
        },
        {
            "id": "WV-7",
            "gate": "coverage",
            "reason": "short",
            "owner": "dev",
            "expiry": "2026-01-14",
            "approved_by": "lead",
        },
    ]
}


def read(document: Any, **options: Any) -> WaiverResult:
    return read_waiver(yaml.safe_dump(document, sort_keys=False).encode(), PATH, **options)


def refusals(result: WaiverResult) -> list[str]:
    return [finding.rule for finding in result.findings if finding.severity is not Severity.ADVICE]


def test_a_waiver_is_read_whole() -> None:
    result = read(vnext(constraints={"max_uses": 2}, requested_by="dev@example.org"))

    waiver = result.waiver
    assert result.findings == ()
    assert waiver is not None
    assert (waiver.id, waiver.status, waiver.gates) == ("WV-0001", "active", ("budget_limit",))
    assert (waiver.approvers, waiver.requester) == (("lead@example.org",), "dev@example.org")
    assert waiver.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert waiver.expires_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert (waiver.spec_id, waiver.max_uses, waiver.delta) == ("FEAT-001", 2, Budget(10, 500))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"gates": ["nonsense"]}, "waiver.strict.unknown_gate"),
        ({"gates": ["budget_limits"]}, "waiver.strict.unknown_gate"),
        ({"gates": ["coverage"]}, "waiver.strict.unknown_gate"),
        ({"requested_by": "Lead@Example.ORG"}, "waiver.strict.self_approval"),
        ({"owner": "Lead <lead@example.org>"}, "waiver.strict.self_approval"),
        ({"risk_owner": "lead"}, "waiver.strict.self_approval"),
        ({"expires_at": "2026-13-45T99:00:00Z"}, "waiver.strict.impossible_date"),
        ({"expires_at": "2026-02-30T00:00:00Z"}, "waiver.strict.impossible_date"),
        ({"created_at": "2025-02-29T00:00:00Z"}, "waiver.strict.impossible_date"),
        ({"expires_at": "2025-12-01T00:00:00Z"}, "waiver.strict.expires_before_created"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "waiver.strict.lasts_too_long"),
        ({"expires_at": "2026-04-01T00:00:01Z"}, "waiver.strict.lasts_too_long"),
        ({"reason": "abc"}, "waiver.strict.reason_too_short"),
        ({"reason": "a        b"}, "waiver.strict.reason_too_short"),
        ({"reason": "placeholder."}, "waiver.strict.reason_too_short"),
        ({"delta": {"max_files": -1}}, "waiver.strict.delta"),
        ({"delta": {"max_files": True}}, "waiver.strict.delta"),
        ({"delta": {"max_lines": 5}}, "waiver.strict.delta"),
        ({"delta": 5}, "waiver.strict.delta"),
        ({"scope": {"paths": ["src"]}}, "waiver.strict.unknown_field"),
        ({"scope": {"specid": "FEAT-001"}}, "waiver.strict.unknown_field"),
        ({"scop": {"spec_id": "FEAT-001"}, "scope": ...}, "waiver.strict.unknown_field"),
        ({"status": "revoked"}, "waiver.schema.revoked_without_revocation_record"),
        (
            {"revocation": {"revoked_at": "2026-01-02T00:00:00Z"}},
            "waiver.schema.active_status_carries_revocation_record",
        ),
        ({"approved_by": " "}, "waiver.schema.invalid_approved_by"),
        ({"constraints": {"max_uses": -1}}, "waiver.schema.invalid_gates"),
        ({"id": "wv-1"}, "waiver.schema.invalid_id"),
        ({"id": "WV-0001\n"}, "waiver.schema.invalid_id"),
        ({"created_at": "2026-01-01T00:00:00+0200"}, "waiver.schema.invalid_created_at"),
    ],
)
def test_what_may_not_be_is_refused_with_a_remedy(changes: dict[str, Any], rule: str) -> None:
    result = read(vnext(**changes))

    assert not result.valid
    assert result.waiver is None
    found = [finding for finding in result.findings if finding.rule == rule]
    assert found, result.findings
    assert all(finding.remedy and finding.place.line for finding in found)


def test_ninety_days_are_allowed_and_the_limits_decide() -> None:
    whole = vnext(expires_at="2026-04-01T00:00:00Z")

    assert read(whole).valid
    assert refusals(read(whole, limits=LawLimits(waiver_max_days=30))) == ["waiver.strict.lasts_too_long"]


def test_the_shorter_maximum_of_policy_and_settings_holds() -> None:
    tiers = {str(tier): {"max_files": 5, "max_loc": 200} for tier in (1, 2, 3)}
    text = yaml.safe_dump({"version": 1, "risk_tiers": tiers, "waiver_approval": {"max_duration_days": 14}})
    policy = read_policy(text.encode(), "policy.yaml").policy
    assert policy is not None

    assert refusals(read(vnext(), policy=policy)) == ["waiver.strict.lasts_too_long"]


def test_gates_of_the_policy_and_of_the_project_may_be_waived() -> None:
    base = default_policy()
    policy = Policy(
        base.tiers, {**base.gates, "naming": base.gates["god_object"]}, (), (), 1, base.path, base.digest, base.document
    )

    assert read(vnext(gates=["naming", "unit-tests"]), policy=policy, own_gates=["unit-tests"]).valid
    assert not read(vnext(gates=["naming"])).valid


def test_a_waiver_for_every_spec_is_told_as_advice() -> None:
    result = read(vnext(scope=...))

    assert result.valid
    assert [finding.rule for finding in result.findings] == ["waiver.strict.project_wide"]


def test_a_delta_without_the_budget_gate_is_told_as_advice() -> None:
    result = read(vnext(gates=["scope_boundary"]))

    assert result.valid
    assert [finding.rule for finding in result.findings] == ["waiver.strict.delta_without_gate"]


def test_several_addresses_are_several_approvers_but_one_name_is_one() -> None:
    several = read(vnext(approved_by="a@example.org, B@example.org; a@example.org")).waiver
    one = read(vnext(approved_by="Rose, Dorian")).waiver

    assert several is not None
    assert several.approvers == ("a@example.org", "B@example.org")
    assert one is not None
    assert one.approvers == ("Rose, Dorian",)


def test_the_schema_of_october_2025_is_read() -> None:
    waiver = read(schema_shape()).waiver

    assert waiver is not None
    assert (waiver.spec_id, waiver.delta, waiver.approvers) == ("FEAT-0001", Budget(50, 5000), ("lead",))
    assert waiver.created_at == datetime(2026, 1, 7, tzinfo=UTC)


def test_a_risk_owner_who_approves_alone_is_refused() -> None:
    assert refusals(read(schema_shape(risk_owner="lead"))) == ["waiver.strict.self_approval"]


def test_what_the_4_0_0_loader_read_is_read() -> None:
    waiver = read(loader_shape()).waiver

    assert waiver is not None
    assert waiver.approvers == ("a@example.org", "b@example.org")
    assert waiver.created_at is None
    assert waiver.expires_at == datetime(2026, 1, 31, tzinfo=UTC)


def test_what_the_4_0_0_command_line_wrote_is_read() -> None:
    extras = {"description": "x" * 50, "impact_level": "low", "mitigation_plan": "y" * 50}
    result = read(vnext(delta=..., scope=..., **extras))

    assert result.valid
    assert result.waiver is not None
    assert result.waiver.delta is None


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (loader_shape(status="proposed"), "waiver.shape.status"),
        (loader_shape(approvers=[]), "waiver.strict.not_approved"),
        (loader_shape(expires_at="2026-02-30"), "waiver.strict.impossible_date"),
        (loader_shape(gates=[]), "waiver.shape.missing"),
        (schema_shape(approvers="lead"), "waiver.strict.not_approved"),
        ({"waivers": []}, "waiver.shape.no_waiver"),
        ({"waivers": ["x"]}, "waiver.shape.missing"),
        ({"waivers": 5}, "waiver.shape.missing"),
    ],
)
def test_older_shapes_are_held_to_the_rules_too(document: dict[str, Any], rule: str) -> None:
    assert rule in refusals(read(document))


def test_a_map_of_waivers_gives_one_result_each() -> None:
    first, second = read_waivers(yaml.safe_dump(MAP_SHAPE).encode(), ".caws/waivers.yml")

    assert first.valid
    assert first.waiver is not None
    assert (first.waiver.gates, first.waiver.requester) == (("mutation",), "dev")
    assert [finding.rule for finding in first.findings] == ["waiver.strict.gate_gone", "waiver.strict.project_wide"]
    assert refusals(second) == ["waiver.strict.reason_too_short"]
    assert read_waiver(yaml.safe_dump(MAP_SHAPE).encode(), ".caws/waivers.yml").findings == second.findings


def test_a_map_by_name_is_read() -> None:
    document = {
        "perf": {"gate": "perf", "reason": "Measured again after the move.", "expiry": "2026-01-14", "approved_by": "a"}
    }

    (result,) = read_waivers(yaml.safe_dump(document).encode(), ".caws/waivers.yml")

    assert result.waiver is not None
    assert result.waiver.id == "perf"


def test_all_that_is_wrong_is_named_but_parity_names_the_first() -> None:
    document = vnext(id="x", title="y", status="z")

    assert len(refusals(read(document))) == 3
    assert refusals(read(document, parity=True)) == ["waiver.schema.invalid_id"]


def test_parity_takes_an_impossible_date_and_calls_it_expired() -> None:
    document = vnext(expires_at="2026-13-45T99:00:00Z")

    assert read(document, parity=True).valid
    assert effectiveness(document, datetime(2020, 1, 1, tzinfo=UTC)) == "expired"


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"text", b"a: [", b"\xff", b"a: 1\na: 2"])
def test_a_file_that_holds_no_object_is_one_finding(data: bytes) -> None:
    for parity in (True, False):
        (result,) = read_waivers(data, PATH, parity=parity)
        assert not result.valid
        assert len(result.findings) == 1


def test_a_written_waiver_is_read_back_and_passes_the_reference() -> None:
    waiver = Waiver(
        id="WV-0042",
        title="Grösserer Umbau: ja",
        status="active",
        gates=("budget_limit", "god_object"),
        reason="The module is moved in one piece.\nSee the plan.",
        approvers=("a@example.org", "@lead"),
        requester="dev@example.org",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2026, 1, 20, 12, tzinfo=UTC),
        spec_id="FEAT-001",
        max_uses=3,
        delta=Budget(4, 200),
        path=PATH,
        digest="",
    )

    data = write_waiver(waiver)
    again = read_waiver(data, PATH).waiver

    assert again is not None
    assert {name: getattr(again, name) for name in Waiver.__slots__ if name != "digest"} == {
        name: getattr(waiver, name) for name in Waiver.__slots__ if name != "digest"
    }
    assert read_waiver(data, PATH, parity=True).valid


def test_a_waiver_that_the_reference_could_not_read_is_not_written() -> None:
    waiver = read(loader_shape()).waiver
    assert waiver is not None
    with pytest.raises(ValueError, match="moment of creation"):
        write_waiver(waiver)


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"id": "WV-001"}, False),
        ({"id": "WV-00001"}, False),
        ({"status": "proposed"}, False),
        ({"status": []}, False),
        ({"gates": "budget_limit"}, False),
        ({"approvers": []}, False),
        ({"expires_at": "never"}, False),
        ({"expires_at": "Dec 31, 2026"}, True),
        ({"delta": {"max_files": -1}}, False),
        ({"delta": {"max_loc": "-5"}}, False),
        ({"delta": None}, True),
        ({"delta": 7}, True),
    ],
)
def test_the_4_0_0_structure_check_is_reproduced(changes: dict[str, Any], accepted: bool) -> None:
    assert accepted_by_cli4(loader_shape(**changes)) is accepted


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = ["id", "title", "status", "gates", "reason", "approved_by", "approvers", "created_at", "expires_at", "scope"]
fields += ["constraints", "revocation", "delta", "gate", "expiry", "waivers", "applies_to", "owner"]


@given(st.dictionaries(st.sampled_from(fields), json_values, max_size=4), st.booleans())
def test_any_value_anywhere_is_answered_with_findings(changes: dict[str, Any], parity: bool) -> None:
    import json

    for result in read_waivers(json.dumps(vnext(**changes)).encode(), PATH, parity=parity):
        assert result.valid is (result.waiver is not None)
        assert result.valid is (refusals(result) == [])


@given(st.timedeltas(min_value=timedelta(days=-200), max_value=timedelta(days=200)))
def test_no_valid_waiver_lasts_longer_than_the_law_allows(length: timedelta) -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC) + length
    result = read(vnext(expires_at=end.strftime("%Y-%m-%dT%H:%M:%SZ")))

    assert result.valid is (
        timedelta(0) < end.replace(microsecond=0) - datetime(2026, 1, 1, tzinfo=UTC) <= timedelta(days=90)
    )
