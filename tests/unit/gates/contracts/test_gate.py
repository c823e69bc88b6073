from __future__ import annotations

from typing import Any

import pytest

from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from agent_agency.gates.contracts.gate import NAME, evaluate
from agent_agency.gates.contracts.model import TOLD
from agent_agency.spec.explain import find_rule
from agent_agency.spec.model import PolicyGate, Profile
from agent_agency.spec.rule_catalogue import load_catalogue
from support.contracts import GRAPHQL, JSON_SCHEMA, OPENAPI, PROTOBUF, edited
from support.gate_context import context, modified, policy, renamed, rules, spec

WORSE = edited(OPENAPI, "        chip: {type: string}\n", "")


def judged(
    contracts: list[dict[str, Any]],
    base: dict[str, str | None],
    head: dict[str, str | None],
    *files: Any,
    tier: int = 2,
    **more: Any,
) -> GateResult:
    def door(texts: dict[str, str | None]) -> Any:
        return lambda path: None if (text := texts.get(path)) is None else text.encode()

    governing = spec(risk_tier=tier, document={"contracts": contracts}, profile=more.pop("profile", Profile.VNEXT))
    changed = files or [modified(path) for path in head if base.get(path) != head[path]]
    modes = {path: "100644" for path, text in head.items() if text is not None} | more.pop("modes", {})
    built = context(*changed, spec=governing, read_base=door(base), read_head=door(head), head_modes=modes, **more)
    return evaluate(built, GateMode.BLOCK)


def declared(path: str, kind: str = "api") -> list[dict[str, Any]]:
    return [{"name": "The contract", "type": kind, "path": path}]


@pytest.mark.parametrize("contracts", [[], [{"name": "Words only", "type": "api"}], None])
def test_a_spec_without_contract_files_leaves_the_gate_out(contracts: Any) -> None:
    result = judged(contracts, {}, {})
    assert (result.applicable, result.status) == (False, GateStatus.NOT_RUN)


def test_without_a_spec_the_gate_is_left_out() -> None:
    assert not evaluate(context(spec=None), GateMode.BLOCK).applicable


@pytest.mark.parametrize(("tier", "mode"), [(1, GateMode.BLOCK), (2, GateMode.BLOCK), (3, GateMode.WARN)])
def test_a_breaking_change_blocks_at_tiers_1_and_2_and_warns_at_3(tier: int, mode: GateMode) -> None:
    result = judged(declared("api.yaml"), {"api.yaml": OPENAPI}, {"api.yaml": WORSE}, tier=tier)
    assert (result.status, result.mode, result.applicable) == (GateStatus.FAIL, mode, True)
    assert set(rules(result.findings)) == {"contracts.schema.property_removed"}
    assert all(finding.waivable and finding.place.path == "api.yaml" for finding in result.findings)


def test_a_policy_that_asks_for_it_makes_the_gate_block_at_tier_3() -> None:
    asked = policy({NAME: PolicyGate("block", enabled=True, thresholds={})})
    result = judged(declared("api.yaml"), {"api.yaml": OPENAPI}, {"api.yaml": WORSE}, tier=3, policy=asked)
    assert result.mode is GateMode.BLOCK


def test_a_contract_that_nobody_touched_passes_with_its_figures() -> None:
    result = judged(declared("api.yaml#/paths"), {"api.yaml": OPENAPI}, {"api.yaml": OPENAPI})
    assert (result.status, result.findings) == (GateStatus.PASS, ())
    assert result.facts["contracts"] == [
        {
            "path": "api.yaml",
            "form": "openapi",
            "operations": 5,
            "types": 4,
            "compared": True,
            "breaking": 0,
            "unusable": False,
        }
    ]


@pytest.mark.parametrize(
    ("kind", "path", "text", "form"),
    [
        ("openapi", "a.yaml", OPENAPI, "openapi"),
        ("graphql", "a.graphql", GRAPHQL, "graphql"),
        ("proto", "a.proto", PROTOBUF, "protobuf"),
        ("jsonschema", "a.json", JSON_SCHEMA, "json-schema"),
        ("api", "a.yml", OPENAPI, "openapi"),
        ("api", "a.graphqls", GRAPHQL, "graphql"),
        ("schema", "a.json", JSON_SCHEMA, "json-schema"),
        ("schema", "./a.proto", PROTOBUF, "protobuf"),
        ("schema", "a.yaml", OPENAPI, "openapi"),
    ],
)
def test_the_form_follows_from_the_type_or_the_file(kind: str, path: str, text: str, form: str) -> None:
    name = path.removeprefix("./")
    result = judged(declared(path, kind), {}, {name: text})
    assert result.status is GateStatus.PASS
    assert [each["form"] for each in result.facts["contracts"]] == [form]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("pact", "shop.json"),
        ("contract-test", "tests/test_api.py"),
        ("api", "src/api.rs"),
        ("api", "https://example.org/a.yaml"),
    ],
)
def test_a_form_that_nobody_compares_is_told_and_does_not_count_as_passed(kind: str, path: str) -> None:
    result = judged(declared(path, kind), {path: "{}"}, {path: "{}"})
    assert (result.applicable, rules(result.findings)) == (False, ["contracts.not_compared"])
    assert result.status is not GateStatus.PASS


def test_a_contract_cannot_leave_its_form_to_escape() -> None:
    result = judged(declared("api.yaml"), {"api.yaml": OPENAPI}, {"api.yaml": "title: nothing\n"})
    assert rules(result.findings) == ["contracts.unparseable"]
    assert result.reason.endswith("1 of which cannot be used")
    assert result.status is GateStatus.FAIL


def test_a_contract_that_the_change_deletes_fails() -> None:
    result = judged(declared("api.yaml"), {"api.yaml": OPENAPI}, {"api.yaml": None})
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["contracts.missing"])


@pytest.mark.parametrize("path", ["api.yaml", "../api.yaml", "/etc/passwd"])
def test_a_contract_that_is_not_there_yet_is_advice_as_in_the_stricter_layer(path: str) -> None:
    result = judged(declared(path), {}, {})
    assert (result.applicable, rules(result.findings)) == (False, ["contracts.not_there"])
    assert result.findings[0].severity is Severity.ADVICE


@pytest.mark.parametrize("named", ["old.yaml", "new.yaml"])
def test_a_renamed_contract_is_followed(named: str) -> None:
    file = renamed("old.yaml", "new.yaml", 1, 1)
    result = judged(declared(named), {"old.yaml": OPENAPI}, {"new.yaml": WORSE}, file)
    assert "contracts.schema.property_removed" in rules(result.findings)
    assert "contracts.moved" in rules(result.findings)
    same = judged(declared(named), {"old.yaml": OPENAPI}, {"new.yaml": OPENAPI}, file)
    assert (same.status, rules(same.findings)) == (GateStatus.PASS, ["contracts.moved"])


def test_every_contract_of_a_declared_folder_is_compared_and_one_that_goes_is_missed() -> None:
    base: dict[str, str | None] = {"proto/a.proto": PROTOBUF, "proto/b.proto": PROTOBUF, "proto/README.md": "x"}
    head: dict[str, str | None] = {**base, "proto/a.proto": edited(PROTOBUF, "int32 age", "bool age")}
    result = judged(declared("proto/", "proto"), base, head)
    assert rules(result.findings) == ["contracts.protobuf.field_type_changed"]
    assert len(result.facts["contracts"]) == 2
    gone = judged(declared("proto", "proto"), base, {**base, "proto/b.proto": None})
    assert rules(gone.findings) == ["contracts.missing"]


def test_a_link_is_followed_within_the_repository_and_never_out_of_it() -> None:
    texts: dict[str, str | None] = {"api.yaml": "docs/api.yaml", "docs/api.yaml": OPENAPI}
    worse = {**texts, "docs/api.yaml": WORSE}
    result = judged(declared("api.yaml"), texts, worse, modes={"api.yaml": "120000"})
    assert set(rules(result.findings)) == {"contracts.schema.property_removed"}
    out = judged(declared("api.yaml"), texts, {"api.yaml": "../../etc/passwd"}, modes={"api.yaml": "120000"})
    assert out.status is not GateStatus.PASS


def test_a_base_that_cannot_be_read_is_told_and_its_mending_passes() -> None:
    result = judged(declared("api.yaml", "openapi"), {"api.yaml": "<<<<<<< HEAD\n"}, {"api.yaml": OPENAPI})
    assert (result.status, rules(result.findings)) == (GateStatus.PASS, ["contracts.base_unparseable"])


def test_a_ruin_is_told_in_part_and_counted_whole() -> None:
    fields = "".join(f"  string f{number} = {number};\n" for number in range(1, 101))
    base = f'syntax = "proto3";\nmessage A {{\n{fields}}}\n'
    result = judged(declared("a.proto"), {"a.proto": base}, {"a.proto": 'syntax = "proto3";\nmessage A {}\n'})
    assert len(result.findings) == 41
    assert result.facts["breaking"] == 100
    assert "60 further problems" in next(f.message for f in result.findings if f.rule == "contracts.more")


def test_every_rule_is_explained() -> None:
    catalogue = load_catalogue()
    told = {f"contracts.{rule}" for rule in TOLD} | {"contracts.missing", "contracts.unparseable", "contracts.more"}
    assert {rule for rule in told if find_rule(catalogue, rule) is None} == set()
