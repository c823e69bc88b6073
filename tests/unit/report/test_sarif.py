from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.ruling import Ruling
from agent_agency.facts import GateStatus, Severity
from agent_agency.report import sarif, sarif_log
from agent_agency.spec.explain import explain_rule
from support import rulings
from support.conformance import SARIF_SCHEMA

needs_schema = pytest.mark.skipif(
    not SARIF_SCHEMA.is_file(),
    reason="NOT RUN: the official SARIF 2.1.0 schema is absent (../shared/conformance); validity is unproven here",
)


def _run(ruling: Ruling) -> dict[str, Any]:
    log = json.loads(sarif.render(ruling).encode("utf-8"))
    run: dict[str, Any] = log["runs"][0]
    return run


@needs_schema
@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_every_log_keeps_to_the_official_schema(name: str) -> None:
    schema = json.loads(SARIF_SCHEMA.read_text("utf-8"))
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    ruling = rulings.every_ruling()[name]
    ruling = replace(ruling, head={**ruling.head, "repository_uri": "https://example.org/a%20b.git"})
    errors = validator.iter_errors(json.loads(sarif.render(ruling)))
    assert [f"{error.instance_path}: {error.message}" for error in errors] == []


def test_each_severity_has_its_level() -> None:
    levels = {severity: sarif_log.level(severity) for severity in Severity}
    assert list(levels.values()) == ["note", "note", "warning", "error", "error"]


def test_results_refer_to_rules_with_a_description_and_help() -> None:
    run = _run(rulings.rejected())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["budget.loc", "scope.outside", "todo.in_code"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["help"]["text"]
        assert rule["shortDescription"]["text"]


def test_a_known_rule_is_described_by_the_catalogue_of_rules() -> None:
    finding = replace(rulings.SCOPE, rule="scope.reject.scope_in_miss")
    gates = (rulings.a_gate("scope_boundary", GateStatus.FAIL, finding),)
    (rule,) = _run(replace(rulings.rejected(), gates=gates, outcomes=()))["tool"]["driver"]["rules"]
    known = explain_rule("scope.reject.scope_in_miss")
    assert rule["shortDescription"]["text"] == known.means
    assert known.why in rule["fullDescription"]["text"]
    assert known.mends in rule["help"]["text"]
    assert known.mends in rule["help"]["markdown"]


def test_a_waived_finding_is_suppressed_with_the_waiver_as_its_reason_and_no_other_is() -> None:
    (waived,) = _run(rulings.waived())["results"]
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "WV-0007: Move the key tool before the release",
        }
    ]
    assert all(result["suppressions"] == [] for result in _run(rulings.rejected())["results"])


def test_a_place_has_a_region_only_when_its_line_is_known() -> None:
    places = {
        result["ruleId"]: result["locations"][0]["physicalLocation"] for result in _run(rulings.rejected())["results"]
    }
    assert places["todo.in_code"]["region"] == {"startLine": 17, "startColumn": 5}
    assert "region" not in places["scope.outside"]


def test_a_finding_without_a_file_stands_at_the_governing_spec_and_says_so() -> None:
    result = next(result for result in _run(rulings.rejected())["results"] if result["ruleId"] == "budget.loc")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == ".caws/specs/FEAT-001.yaml"
    assert result["properties"]["placed"] == "governing document"


@given(st.binary(min_size=1).filter(lambda raw: b"\0" not in raw))
def test_an_address_gives_back_the_very_bytes_of_the_name(raw: bytes) -> None:
    address = sarif_log.address(raw.decode("utf-8", "surrogateescape"))
    assert unquote_to_bytes(address) == raw
    assert address.isascii()
    assert not set(address) & set(' :?#[]<>"\\{}|^`\n')


def test_fingerprints_stay_when_lines_move_and_differ_between_findings() -> None:
    before = _run(rulings.rejected())["results"]
    moved = replace(rulings.MARKER, place=replace(rulings.MARKER.place, line=99))
    gates = tuple(
        replace(gate, findings=(moved,)) if gate.name == "todo_detection" else gate for gate in rulings.rejected().gates
    )
    after = _run(replace(rulings.rejected(), gates=gates))["results"]
    key = "agencyFinding/v1"
    prints = [result["partialFingerprints"][key] for result in before]
    assert prints == [result["partialFingerprints"][key] for result in after]
    assert len(set(prints)) == len(prints)


def test_repeated_fingerprints_are_told_apart() -> None:
    assert sarif_log.numbered(["a", "b", "a", "a"]) == ["a", "b", "a:2", "a:3"]


def test_a_gate_without_a_result_is_told_and_the_run_is_no_success() -> None:
    invocation = _run(rulings.conditional())["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    gate, rule = invocation["toolExecutionNotifications"]
    assert gate["message"]["text"].startswith("Gate mutation: not run.")
    assert rule["message"]["text"].startswith("Rule law.in_force: unknown. The base must hold law")


def test_a_rule_that_no_gate_stands_for_is_a_result_at_the_governing_spec() -> None:
    run = _run(rulings.argued())
    told = {result["ruleId"]: result for result in run["results"]}
    assert set(told) == {"migrations.rollback", "migrations.declared", "provenance.author_address"}
    broken = told["migrations.rollback"]
    assert broken["level"] == "error"
    assert broken["properties"]["standing"] == "decides"
    assert broken["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == ".caws/specs/FEAT-001.yaml"
    assert told["migrations.declared"]["level"] == "note"
    [suppression] = told["provenance.author_address"]["suppressions"]
    assert suppression["justification"] == "WV-0011: Import the history of the old repository"
    rule = run["tool"]["driver"]["rules"][broken["ruleIndex"]]
    assert rule["shortDescription"]["text"] == "A change that migrates data says how it is rolled back"


def test_an_unknown_rule_makes_the_run_no_success() -> None:
    invocation = _run(rulings.argued())["invocations"][0]
    assert invocation["executionSuccessful"] is False
    [notification] = invocation["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "claims.verdict"
    assert "(missing: claims[RUL-7].holds)" in notification["message"]["text"]


def test_what_a_repository_weakened_is_told() -> None:
    assert _run(rulings.argued())["properties"]["weakenedRules"] == ["quality.deferred_work"]


def test_every_waiver_is_named() -> None:
    assert _run(rulings.argued())["properties"]["waivers"] == ["WV-0011"]
    assert _run(rulings.approved())["properties"]["waivers"] == []


def test_a_gate_that_the_policy_leaves_out_is_not_told_as_missing() -> None:
    invocation = _run(rulings.approved())["invocations"][0]
    assert (invocation["executionSuccessful"], invocation["toolExecutionNotifications"]) == (True, [])


def test_the_run_names_its_ruling() -> None:
    assert _run(rulings.approved())["automationDetails"]["id"] == "agency/review/RUL-5e1d5e1d5e1d5e1d"


def test_the_run_says_where_the_code_comes_from_as_far_as_known() -> None:
    ruling = rulings.approved()
    assert "versionControlProvenance" not in _run(ruling)
    known = replace(ruling, head={**ruling.head, "repository_uri": "https://example.org/a"})
    (told,) = _run(known)["versionControlProvenance"]
    assert told == {
        "repositoryUri": "https://example.org/a",
        "revisionId": ruling.head["commit"],
        "branch": "feat/FEAT-001-rate-limit",
    }


def test_a_message_cannot_hold_a_placeholder_or_a_link() -> None:
    assert sarif_log.message("{0} of [x](1)")["text"] == "{{0}} of \\[x\\](1)"
    assert sarif_log.message("src/[id]/{a,b}.py")["text"] == "src/[id]/{a,b}.py"
