from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema_rs
import pytest

from agent_agency.facts import display_path
from agent_agency.report import json_document
from support import rulings


def _schema(name: str) -> dict[str, Any]:
    text = resources.files("agent_agency.report").joinpath("schemas", name).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_every_document_keeps_to_its_schema(name: str) -> None:
    document = json_document.to_document(rulings.every_ruling()[name])
    validator = jsonschema_rs.Draft202012Validator(_schema("ruling.v1.json"), validate_formats=True)
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize("name", ["ruling.v1.json", "validation.v1.json"])
def test_a_schema_is_valid_and_closed(name: str) -> None:
    schema = _schema(name)
    jsonschema_rs.meta.validate(schema)
    objects = [part for part in _parts(schema) if "properties" in part and part.get("type") == "object"]
    assert len(objects) > 3
    assert all(part["additionalProperties"] is False for part in objects)
    optional = {key for part in objects for key in part["properties"] if key not in part["required"]}
    assert optional == ({"errors"} if name.startswith("validation") else set())


def test_a_member_that_nobody_described_is_refused_by_the_schema() -> None:
    document = json_document.to_document(rulings.approved())
    assert not jsonschema_rs.is_valid(_schema("ruling.v1.json"), {**document, "surprise": 1})


def test_the_text_is_utf8_json_without_lone_surrogates() -> None:
    text = json_document.render(rulings.hostile())
    assert json.loads(text.encode("utf-8"))["verdict"] == "rejected"
    assert "\\ud" not in text


def test_paths_stand_in_their_quoted_form() -> None:
    document = json_document.to_document(rulings.hostile())
    shown = display_path(rulings.HOSTILE_PATH)
    assert document["findings"][0]["path"] == shown
    assert document["change"]["files_changed"][0]["path"] == shown
    assert document["law"]["policy_path"] == shown
    assert document["law"]["waivers"] == [shown]
    assert document["spec"]["path"] == shown


def test_what_is_not_known_is_null_and_never_left_out() -> None:
    document = json_document.to_document(rulings.conditional())
    assert [document[key] for key in ("spec", "budget", "ledger")] == [None, None, None]
    assert document["head"]["commit"] is None
    assert document["head"]["repository_uri"] is None


def test_findings_name_their_gate_and_their_waiver() -> None:
    (finding,) = json_document.to_document(rulings.waived())["findings"]
    assert (finding["gate"], finding["waived_by"], finding["rule"]) == ("scope_boundary", "WV-0007", "scope.outside")


def test_gates_count_their_findings_and_tell_how_they_came_out() -> None:
    gates = {gate["name"]: gate for gate in json_document.to_document(rulings.rejected())["gates"]}
    assert (gates["todo_detection"]["findings"], gates["todo_detection"]["outcome"]) == (1, "warn")
    assert (gates["god_object"]["status"], gates["god_object"]["outcome"]) == ("not_run", "left_out")


def test_nothing_that_was_measured_is_dropped() -> None:
    ruling = rulings.crowded(300)
    document = json_document.to_document(ruling)
    assert len(document["findings"]) == len(document["change"]["files_changed"]) == 300


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)


def test_each_gate_tells_its_evidence_and_whether_its_result_was_reused() -> None:
    kept: dict[str, Any] = {
        "kind": "report",
        "part": "head",
        "digest": None,
        "of": "sha256:" + "ab" * 32,
        "problem": "no room",
    }
    kept |= {"bytes": 3, "stored_bytes": 0, "redacted": 0, "capped": False}
    facts = {"evidence": [kept], "reused": True, "figures": {"total": 1}, "isolation": "namespaces"}
    ruling = replace(rulings.approved(), gates=(rulings.a_gate("tests", facts=facts), rulings.a_gate("scope_boundary")))
    document = json_document.to_document(ruling)
    assert jsonschema_rs.is_valid(_schema("ruling.v1.json"), document)
    tests, scope = document["gates"]
    assert (tests["reused"], tests["evidence"], tests["facts"].keys()) == (True, [kept], {"figures", "isolation"})
    assert (scope["reused"], scope["evidence"]) == (False, [])


def test_each_rule_stands_with_its_facts_and_evidence() -> None:
    document = json_document.to_document(rulings.argued())
    rules = {(rule["id"], rule["subject"]): rule for rule in document["rules"]}
    broken = rules["migrations.rollback", None]
    assert broken["status"] == "violated"
    assert broken["facts"]["spec.rollback"] is False
    assert (broken["missing"], broken["by"], broken["waived_by"]) == (None, None, [])
    unknown = rules["claims.verdict", "RUL-7"]
    assert (unknown["missing"], unknown["by"]) == ("claims[RUL-7].holds", "author")
    covered = rules["provenance.author_address", None]
    assert covered["waived_by"] == ["WV-0011"]
    assert covered["evidence"] == ["sha256:" + "5e1d" * 16]
    kept = rules["secrets.credentials", "secrets"]
    assert (kept["status"], kept["message"], kept["remedy"]) == ("satisfied", None, None)


def test_a_violated_rule_names_the_findings_that_it_rests_on() -> None:
    document = json_document.to_document(rulings.rejected())
    [scope] = [rule for rule in document["rules"] if rule["id"] == "scope.boundary"]
    assert scope["findings"] == [rulings.SCOPE.fingerprint]
    assert scope["gate"] == "scope_boundary"


def test_what_a_ruling_does_not_have_is_null() -> None:
    bare = replace(rulings.approved(), constitution={}, outcomes=())
    document = json_document.to_document(bare)
    members = ("constitution", "confidence", "case", "signed_by", "appeal_of", "on_appeal")
    assert [document[member] for member in members] == [None] * 6
    assert document["rules"] == document["precedents"] == []


def test_a_condition_names_the_rule_that_must_become_satisfied() -> None:
    document = json_document.to_document(rulings.conditional())
    assert [(one["rule"], one["subject"]) for one in document["conditions"]] == [
        ("law.in_force", None),
        ("gates.other", "mutation"),
    ]
