from __future__ import annotations

import dataclasses
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.config import Config, LawLimits, read_config
from agent_agency.errors import UsageError
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.model import Profile
from agent_agency.spec.policy import default_policy, read_policy
from agent_agency.spec.schema import load_schema, schema_text
from agent_agency.spec.schema_check import breaches, matches
from agent_agency.spec.validate import ValidationOptions, validate_spec
from agent_agency.spec.waiver import read_waiver
from support.conformance import CAWS, needs_caws
from support.old_specs import SEED, V10, VNEXT

_ALL = [
    ("spec", "caws-vnext"),
    ("spec", "caws-2025.10"),
    ("spec", "caws-10"),
    ("policy", "caws-vnext"),
    ("policy", "caws-2025.10"),
    ("waiver", "caws-vnext"),
    ("config", "caws-vnext"),
]
_LOOSE_DATES = {
    "specs/derived/v12__created_at_offset_compact.yaml",
    "specs/derived/v12__created_at_offset_hour.yaml",
    "specs/derived/v12__created_at_space.yaml",
}
"""Dates that the reference's schema library takes and RFC 3339, which editors hold to, does not."""


def _accepts(kind: str, profile: str, value: Any) -> bool:
    validator = jsonschema_rs.Draft202012Validator(dict(load_schema(kind, profile)), validate_formats=True)
    return validator.is_valid(value)


def _value(text: str | bytes) -> Any:
    document = load_document(text if isinstance(text, bytes) else text.encode(), "x")
    assert isinstance(document, Document)
    return document.value


@pytest.mark.parametrize(("kind", "profile"), _ALL)
def test_each_schema_is_a_valid_schema_with_a_description_for_every_field(kind: str, profile: str) -> None:
    schema = json.loads(schema_text(kind, profile))
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(
        "description" in field or "$ref" in field or "$ref" in field.get("additionalProperties", {})
        for field in schema["properties"].values()
    )


@pytest.mark.parametrize(("kind", "profile"), [("waiver", "caws-10"), ("config", "caws-10"), ("policy", "caws-10")])
def test_a_schema_that_does_not_exist_is_refused_with_those_that_do(kind: str, profile: str) -> None:
    with pytest.raises(UsageError) as caught:
        schema_text(kind, profile)
    assert "caws-vnext" in caught.value.fix


@pytest.mark.parametrize(("profile", "text"), [("caws-vnext", VNEXT), ("caws-2025.10", SEED), ("caws-10", V10)])
def test_a_complete_spec_is_accepted_by_its_schema(profile: str, text: str) -> None:
    assert _accepts("spec", profile, _value(text))


def test_the_policy_and_waiver_that_we_write_are_accepted() -> None:
    assert _accepts("policy", "caws-vnext", dict(default_policy().document))
    assert _accepts(
        "config",
        "caws-vnext",
        {
            "law": {"waiver_max_days": 30, "quorum": {"1": 2}},
            "gate": [{"name": "a", "kind": "lint", "argv": ["lint"]}],
        },
    )


@needs_caws
def test_the_schema_agrees_with_the_checker_and_the_reference_on_shape() -> None:
    cases = json.loads((CAWS / "manifest.json").read_text())["cases"]
    options = ValidationOptions(profile=Profile.VNEXT, parity=True)
    compared, disagreeing, ours = 0, set(), set()
    for case in cases:
        document = load_document((CAWS / case["file"]).read_bytes(), case["file"])
        if not isinstance(document, Document):
            continue
        compared += 1
        accepted = _accepts("spec", "caws-vnext", document.value)
        findings = validate_spec(document.source, case["file"], options).findings
        if accepted != case["verdicts"]["shape_v12_2026_08_07"]:
            disagreeing.add(case["file"])
        if accepted == any(finding.rule.startswith("spec.schema.") for finding in findings):
            ours.add(case["file"])
    assert compared > 560
    assert disagreeing == _LOOSE_DATES
    assert ours == _LOOSE_DATES


@needs_caws
def test_the_policy_schema_agrees_with_the_checker_on_shape() -> None:
    vectors = json.loads((CAWS / "vectors" / "policy.json").read_text())
    rows = vectors["cases"] if isinstance(vectors, dict) else vectors
    compared = 0
    for row in rows:
        document = load_document(_policy_bytes(row), "policy.yaml", kind="policy")
        if not isinstance(document, Document):
            continue
        compared += 1
        findings = read_policy(document.source, "policy.yaml", parity=True).findings
        assert _accepts("policy", "caws-vnext", document.value) is not any(
            finding.rule.startswith("policy.schema.") for finding in findings
        ), row
    assert compared > 15


def _policy_bytes(row: dict[str, Any]) -> bytes:
    source = next(row[key] for key in ("yaml", "input", "text", "policy", "source") if key in row)
    return source.encode() if isinstance(source, str) else json.dumps(source).encode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "feature", "FEAT-1", "A1", "src/*", "WV-0001", "x" * 201]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["in", "out", "id", "given", "when", "then", "type", "path"]), inner, max_size=4),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.parametrize("profile", ["caws-2025.10", "caws-10"])
@given(data=st.data())
def test_our_small_reader_agrees_with_a_full_schema_library(profile: str, data: st.DataObject) -> None:
    schema = load_schema("spec", profile)
    base = _value(SEED if profile == "caws-2025.10" else V10)
    fields = st.sampled_from(sorted(schema["properties"]))
    value = {**base, **data.draw(st.dictionaries(fields, _VALUES, max_size=3))}
    validator = jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True)
    assert (not list(breaches(schema, value))) is validator.is_valid(value)


def test_a_pattern_ends_where_the_text_ends() -> None:
    assert matches("^A[0-9]+$", "A1")
    assert not matches("^A[0-9]+$", "A1\n")


def test_the_config_schema_knows_every_limit_of_the_law_and_no_other() -> None:
    known = load_schema("config", "caws-vnext")["properties"]["law"]["properties"]
    assert set(known) == {field.name for field in dataclasses.fields(LawLimits)}


@pytest.mark.parametrize(
    "text",
    [
        "[law]\nwaiver_max_days = 30\n",
        '[[gate]]\nname = "unit"\n',
        "[law]\nwaiver_max_days = 0\n",
        "[law]\nodd = 1\n",
        "[law]\ncondition_days = 7\ncase_days = 60\nappeal_days = 21\n",
        "[law]\ncondition_days = 0\n",
        "[law]\ncase_days = true\n",
        '[law]\nappeal_days = "14"\n',
        "[law]\nappeal_reviewers = [1, 3, 5]\n",
        "[law]\nappeal_reviewers = [1, 3]\n",
        "[law]\nappeal_reviewers = [0, 3, 5]\n",
        '[law]\nweaken = ["scope.boundary"]\n',
        '[law]\nweaken = ["Scope"]\n',
        '[law]\nweaken = "scope.boundary"\n',
    ],
)
def test_the_config_schema_agrees_with_its_reader(text: str) -> None:
    import tomllib

    assert _accepts("config", "caws-vnext", tomllib.loads(text)) is isinstance(read_config(text.encode(), "x"), Config)


@pytest.mark.parametrize(
    "fragment",
    ["delta: {max_files: 3}", "delta: {max_files: -3}", "gates: []", "status: expired", "title: x", "created_at: soon"],
)
def test_the_waiver_schema_agrees_with_its_reader(fragment: str) -> None:
    from support.old_specs import changed

    base = (
        "id: WV-0001\ntitle: Room for the generated client\nstatus: active\ngates: [budget_limit]\n"
        "reason: The client is generated\napproved_by: lead@example.org\ncreated_at: '2026-01-01T08:00:00Z'\n"
        "expires_at: '2026-02-01T08:00:00Z'\n"
    )
    data = changed(base, fragment)
    assert _accepts("waiver", "caws-vnext", _value(data)) is read_waiver(data, "waiver.yaml").valid
