"""One ``[[gate]]`` of ``agency.toml``: what is read, and what is refused rather than believed."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gate_reader import GATE_KEYS, LONGEST_TIMEOUT_S, SET_BY_THE_ARBITER, read_gate
from agent_agency.gate_settings import DEFAULT_TIMEOUT_S, FORMATS_OF_KIND, TIERS, ConfiguredGate, GateKind
from agent_agency.gates.reports.read import FORMATS
from agent_agency.gates.gate_command import UNCHANGING
from agent_agency.spec.schema import schema_text

LEAST = {"kind": "lint", "argv": ["lint"]}
REPORTED = {**LEAST, "report": "lint.json", "format": "ruff"}


def read(**settings: Any) -> tuple[ConfiguredGate | None, list[tuple[str, str, str]]]:
    refused: list[tuple[str, str, str]] = []
    gate = read_gate("mine", settings, 7, lambda *told: refused.append(told))
    return gate, refused


def accepted(**settings: Any) -> ConfiguredGate:
    gate, refused = read(**settings)
    assert (gate is None, refused) == (False, [])
    assert gate is not None
    return gate


def refused_keys(**settings: Any) -> list[str]:
    gate, refused = read(**settings)
    assert gate is None
    assert all(problem and remedy for _, problem, remedy in refused)
    return [key for key, _, _ in refused]


def test_name_kind_and_argv_are_enough() -> None:
    gate = accepted(**LEAST)

    assert (gate.name, gate.kind, gate.argv, gate.line) == ("mine", GateKind.LINT, ("lint",), 7)
    assert (gate.report, gate.format) == (None, None)
    assert (gate.blocking, gate.timeout_s, gate.network) == (TIERS, DEFAULT_TIMEOUT_S, False)
    assert (gate.environment, gate.when) == ((), ())


@pytest.mark.parametrize(
    ("kind", "form", "expected"),
    [
        ("coverage", "cobertura", {1: 90, 2: 80, 3: 70}),
        ("mutation", "mutmut", {1: 70, 2: 50, 3: 30}),
        ("lint", "ruff", {1: 0, 2: 0, 3: 0}),
        ("types", "mypy", {1: 0, 2: 0, 3: 0}),
        ("security", "bandit", {1: 0, 2: 0, 3: 0}),
        ("tests", "junit", {}),
    ],
)
def test_without_a_threshold_the_standard_holds(kind: str, form: str, expected: dict[int, float]) -> None:
    assert dict(accepted(kind=kind, argv=["x"], report="r", format=form).threshold) == expected


def test_a_threshold_for_one_tier_leaves_the_standard_for_the_others() -> None:
    gate = accepted(kind="coverage", argv=["x"], report="c.xml", format="cobertura", threshold={"2": 85.5})

    assert dict(gate.threshold) == {1: 90, 2: 85.5, 3: 70}


def test_every_format_that_a_kind_is_judged_by_has_a_reader() -> None:
    assert {form for forms in FORMATS_OF_KIND.values() for form in forms} <= FORMATS.keys()
    assert set(FORMATS_OF_KIND) == set(GateKind)


def test_what_the_arbiter_sets_cannot_be_passed_on() -> None:
    assert UNCHANGING.keys() | {"PATH", "HOME", "TMPDIR"} == SET_BY_THE_ARBITER
    for name in SET_BY_THE_ARBITER:
        assert refused_keys(**LEAST, environment=[name]) == ["environment"]


@pytest.mark.parametrize("value", [None, "", "Tests", "contracts", "performance", "accessibility", 1, ["tests"], {}])
def test_a_kind_that_is_not_known_is_refused(value: object) -> None:
    assert refused_keys(kind=value, argv=["x"]) == ["kind"]


@pytest.mark.parametrize("value", [None, [], "pytest -q", [""], [" "], [1], ["a", 1], ["a\0b"], {"0": "a"}, [["a"]]])
def test_what_is_no_list_of_a_program_and_its_arguments_is_refused(value: object) -> None:
    assert refused_keys(kind="tests", argv=value) == ["argv"]


def test_arguments_are_taken_as_they_stand() -> None:
    argv = ["tool", "", "a b", "$HOME; rm -rf *", "--x=\n", "é"]
    assert accepted(kind="custom", argv=argv).argv == tuple(argv)


@pytest.mark.parametrize(
    "path",
    [
        "",
        " ",
        ".",
        "./",
        "/out/report.xml",
        "../report.xml",
        "a/../../report.xml",
        "a/..",
        "a//b",
        "out/",
        ".git/report.xml",
        "a/.GIT/x",
        "a\nb",
        "a\0b",
        "\x1b[2Jx",
        "\u202ex",
        "x" * 256,
        "é" * 128,
        "/".join(["x" * 200] * 6),
        1,
        ["report.xml"],
    ],
)
def test_a_report_that_is_no_plain_path_inside_the_checkout_is_refused(path: object) -> None:
    assert refused_keys(**LEAST, report=path, format="sarif") == ["report"]


@pytest.mark.parametrize("path", ["report.xml", "./report.xml", "out/r.xml", "~/r", "a b.xml", ".r", "..r", "x" * 255])
def test_a_plain_path_is_taken(path: str) -> None:
    assert accepted(**LEAST, report=path, format="sarif").report == path


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"report": "r"}, "format"),
        ({"format": "sarif"}, "report"),
        ({"report": "r", "format": "junit"}, "format"),
        ({"report": "r", "format": "axe"}, "format"),
        ({"report": "r", "format": "SARIF"}, "format"),
        ({"report": "r", "format": ["sarif"]}, "format"),
    ],
)
def test_report_and_format_go_together_and_suit_the_kind(settings: dict[str, Any], key: str) -> None:
    assert refused_keys(**LEAST, **settings) == [key]


@pytest.mark.parametrize(
    "value",
    [
        5,
        [0, 0, 0],
        {"4": 0},
        {"one": 0},
        {"1": True},
        {"1": "0"},
        {"1": -1},
        {"1": 0.5},
        {"1": float("nan")},
        {"1": float("inf")},
        {"1": 10**400},
    ],
)
def test_a_threshold_that_is_no_number_of_issues_by_tier_is_refused(value: object) -> None:
    assert refused_keys(**REPORTED, threshold=value) == ["threshold"]


@pytest.mark.parametrize("value", [100.1, -0.1, float("nan"), float("inf"), 10**400, True, "90"])
def test_a_share_that_is_no_percentage_is_refused(value: object) -> None:
    settings = {"kind": "coverage", "argv": ["x"], "report": "r", "format": "lcov"}
    assert refused_keys(**settings, threshold={"1": value}) == ["threshold"]


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "tests", "report": "r", "format": "junit"},
        {"kind": "custom", "report": "r", "format": "sarif"},
        {"kind": "types", "report": "r", "format": "junit"},
        {"kind": "lint"},
    ],
)
def test_a_threshold_that_nothing_would_be_held_to_is_refused(settings: dict[str, Any]) -> None:
    assert refused_keys(argv=["x"], threshold={"1": 0}, **settings) == ["threshold"]


@pytest.mark.parametrize("value", [1, [0], [4], [True], [1.0], ["1"], [[1]], None, {}, "123"])
def test_what_is_no_list_of_tiers_is_refused(value: object) -> None:
    assert refused_keys(**LEAST, blocking=value) == ["blocking"]


def test_a_gate_may_block_nowhere() -> None:
    assert accepted(**LEAST, blocking=[]).blocking == ()
    assert accepted(**LEAST, blocking=[3, 1, 3]).blocking == (1, 3)


@pytest.mark.parametrize(
    "value", [0, -1, 0.5, True, "60", float("nan"), float("inf"), LONGEST_TIMEOUT_S + 1, 10**400, [60], None]
)
def test_a_time_limit_out_of_range_is_refused(value: object) -> None:
    assert refused_keys(**LEAST, timeout_s=value) == ["timeout_s"]


@pytest.mark.parametrize("value", [1, 1.5, LONGEST_TIMEOUT_S])
def test_a_time_limit_in_range_is_taken(value: float) -> None:
    assert accepted(**LEAST, timeout_s=value).timeout_s == value


@pytest.mark.parametrize("value", [0, 1, "false", "", None, []])
def test_network_is_true_or_false_and_nothing_like_it(value: object) -> None:
    assert refused_keys(**LEAST, network=value) == ["network"]


@pytest.mark.parametrize("value", ["TZ", [""], ["A=B"], ["1A"], ["A B"], ["A\n"], ["É"], [1], ["A" * 129], {"TZ": "x"}])
def test_what_are_no_names_of_variables_is_refused(value: object) -> None:
    assert refused_keys(**LEAST, environment=value) == ["environment"]


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "github_token",
        "AWS_SECRET_ACCESS_KEY",
        "NPM_TOKEN",
        "DB_PASSWORD",
        "OPENAI_API_KEY",
        "MY_APIKEY",
        "SSH_AUTH_SOCK",
        "GPG_AGENT_INFO",
        "LD_PRELOAD",
        "PYTHONPATH",
        "PYTEST_ADDOPTS",
        "NODE_OPTIONS",
        "GIT_DIR",
        "BASH_ENV",
    ],
)
def test_credentials_and_what_chooses_the_code_never_reach_a_tool(name: str) -> None:
    assert refused_keys(**LEAST, environment=["TZ", name]) == ["environment"]


@pytest.mark.parametrize(
    "name", ["TZ", "JAVA_HOME", "GOPATH", "TOKENIZERS_PARALLELISM", "PYTHONWARNINGS", "DJANGO_ENV"]
)
def test_ordinary_variables_may_be_named(name: str) -> None:
    assert accepted(**LEAST, environment=[name, name]).environment == (name,)


@pytest.mark.parametrize("value", ["src/**", [""], [" "], ["/src/**"], ["../x"], ["a/../b"], [1], None])
def test_globs_that_can_match_no_path_are_refused(value: object) -> None:
    """A gate with such a glob would never apply, and nobody would notice."""
    assert refused_keys(**LEAST, when=value) == ["when"]


def test_all_that_is_wrong_with_a_gate_is_told_at_once() -> None:
    keys = refused_keys(kind="odd", argv=[], blocking=4, timeout_s=0, network=1, environment=1, when=1)

    assert sorted(keys) == ["argv", "blocking", "environment", "kind", "network", "timeout_s", "when"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(GATE_KEYS), VALUES))
def test_any_table_is_answered_with_a_gate_or_a_refusal(table: dict[str, Any]) -> None:
    gate, refused = read(**{key: value for key, value in table.items() if key != "name"})

    assert (gate is None) is bool(refused)


LIKELY = st.fixed_dictionaries(
    {"kind": st.sampled_from([*GateKind, "odd"]), "argv": st.sampled_from([["x"], ["x", "y"], [], [" "], "x", [1]])},
    optional={
        "report": st.sampled_from(["r.xml", "out/r.xml", "/r", "../r", "a/..", "out/", "", 1]),
        "format": st.sampled_from(sorted({form for forms in FORMATS_OF_KIND.values() for form in forms} | {"axe"})),
        "threshold": st.sampled_from([{}, {"1": 0}, {"1": 50.5}, {"3": 101}, {"4": 1}, {"1": -1}, {"1": True}, 5]),
        "blocking": st.sampled_from([[], [1], [3, 3], [4], [True], 1]),
        "timeout_s": st.sampled_from([1, 1.5, 0, LONGEST_TIMEOUT_S, LONGEST_TIMEOUT_S + 1, True, "1"]),
        "network": st.sampled_from([True, False, 1]),
        "environment": st.sampled_from([[], ["TZ"], ["PATH"], ["A=B"], "TZ"]),
        "when": st.sampled_from([[], ["src/**"], ["/src"], ["a/../b"], [""], "x"]),
    },
)
SCHEMA = jsonschema_rs.Draft202012Validator(json.loads(schema_text("config", "caws-vnext")))


@given(LIKELY)
def test_the_schema_for_editors_agrees_with_the_reader(table: dict[str, Any]) -> None:
    gate, refused = read(**table)
    document = {"gate": [{"name": "mine", **json.loads(json.dumps(table))}]}

    assert SCHEMA.is_valid(document) is (gate is not None), refused


def test_every_key_stands_in_the_schema() -> None:
    schema = json.loads(schema_text("config", "caws-vnext"))
    assert set(schema["properties"]["gate"]["items"]["properties"]) == set(GATE_KEYS)


def test_a_table_with_every_usual_setting_is_read() -> None:
    text = """
argv = ["python", "-m", "pytest", "-q", "--junitxml=report.xml"]
kind = "tests"
report = "report.xml"
format = "junit"
blocking = [1, 2, 3]
timeout_s = 120
network = false
"""
    gate = accepted(**tomllib.loads(text))
    assert (gate.report, gate.format, gate.timeout_s) == ("report.xml", "junit", 120)
