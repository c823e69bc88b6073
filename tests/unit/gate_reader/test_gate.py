"""One ``[[gate]]`` of ``agency.toml``: what is read, and what is refused rather than believed."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent_agency.gate_reader import GATE_KEYS, LIMIT_RANGES, LONGEST_TIMEOUT_S, SET_BY_THE_ARBITER, read_gate
from agent_agency.gate_settings import (
    DEFAULT_TIMEOUT_S,
    FORMATS_OF_KIND,
    SETUP_VARIABLE,
    STANDARD_THRESHOLDS,
    TIERS,
    ConfiguredGate,
    GateKind,
    GateLimits,
)
from agent_agency.gates.gate_command import UNCHANGING
from agent_agency.gates.reports.read import FORMATS
from agent_agency.spec.schema import schema_text

LEAST = {"kind": "lint", "argv": ["lint"]}
CONTRACT_FORMS = {"openapi", "graphql", "protobuf", "json-schema"}
COVERED = {"kind": "coverage", "argv": ["x"], "report": "r", "format": "lcov"}
TIMED = {"kind": "performance", "argv": ["x"], "report": "r", "format": "hyperfine"}
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
    assert (gate.environment, gate.needs, gate.when) == ((), (), ())
    assert (gate.shell, gate.command, gate.limits, gate.ratchet) == (None, ("lint",), GateLimits(), False)
    assert (dict(gate.changed_threshold), dict(gate.budget)) == ({}, {})


@pytest.mark.parametrize(
    ("kind", "form", "expected"),
    [
        ("coverage", "cobertura", {1: 90, 2: 80, 3: 70}),
        ("mutation", "mutmut", {1: 70, 2: 50, 3: 30}),
        ("lint", "ruff", {1: 0, 2: 0, 3: 0}),
        ("types", "mypy", {1: 0, 2: 0, 3: 0}),
        ("security", "bandit", {1: 0, 2: 0, 3: 0}),
        ("contracts", "openapi", {1: 0, 2: 0, 3: 0}),
        ("accessibility", "axe", {1: 0, 2: 0, 3: 0}),
        ("tests", "junit", {}),
        ("performance", "k6", {}),
    ],
)
def test_without_a_threshold_the_standard_holds(kind: str, form: str, expected: dict[int, float]) -> None:
    assert dict(accepted(kind=kind, argv=["x"], report="r", format=form).threshold) == expected


def test_a_threshold_for_one_tier_leaves_the_standard_for_the_others() -> None:
    gate = accepted(kind="coverage", argv=["x"], report="c.xml", format="cobertura", threshold={"2": 85.5})

    assert dict(gate.threshold) == {1: 90, 2: 85.5, 3: 70}


def test_every_format_that_a_kind_is_judged_by_has_a_reader() -> None:
    """What a gate of contracts names may be a contract itself, which is compared with the base's and is no report."""
    reports = {form for forms in FORMATS_OF_KIND.values() for form in forms} - CONTRACT_FORMS
    assert reports <= FORMATS.keys()
    assert set(FORMATS_OF_KIND) == set(GateKind)


def test_what_the_arbiter_sets_cannot_be_passed_on() -> None:
    assert UNCHANGING.keys() | {"PATH", "HOME", "TMPDIR", SETUP_VARIABLE} == SET_BY_THE_ARBITER
    for name in SET_BY_THE_ARBITER:
        assert refused_keys(**LEAST, environment=[name]) == ["environment"]


@pytest.mark.parametrize("value", [None, "", "Tests", "contract", 1, ["tests"], {}])
def test_a_kind_that_is_not_known_is_refused(value: object) -> None:
    assert refused_keys(kind=value, argv=["x"]) == ["kind"]


@pytest.mark.parametrize("value", [None, [], "pytest -q", [""], [" "], [1], ["a", 1], ["a\0b"], {"0": "a"}, [["a"]]])
def test_what_is_no_list_of_a_program_and_its_arguments_is_refused(value: object) -> None:
    assert refused_keys(kind="tests", argv=value) == ["argv"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_that_is_asked_for_by_name_is_given_one_script(shell: str) -> None:
    gate = accepted(kind="custom", argv=["make && make check"], shell=shell)

    assert gate.command == (shell, "-c", "make && make check")


@pytest.mark.parametrize("value", ["", "/bin/sh", "zsh", "SH", "sh -e", True, ["sh"], {}])
def test_a_shell_that_is_not_known_is_refused(value: object) -> None:
    assert refused_keys(kind="custom", argv=["make"], shell=value) == ["shell"]


@pytest.mark.parametrize("argv", [["make", "check"], ["sh", "-c", "make"], [], [" "]])
def test_a_shell_takes_exactly_one_script(argv: list[str]) -> None:
    assert refused_keys(kind="custom", argv=argv, shell="sh") == ["argv"]  # noqa: S604  a setting, nothing is run


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


def test_coverage_of_the_changed_lines_is_held_to_by_the_tiers_that_are_named() -> None:
    assert dict(accepted(**COVERED, changed_threshold={"1": 100, "3": 50.5}).changed_threshold) == {1: 100, 3: 50.5}


@pytest.mark.parametrize("value", [80, {"1": 101}, {"1": -1}, {"4": 80}, {"1": True}, {"1": "80"}, [80]])
def test_a_share_of_changed_lines_that_is_no_percentage_by_tier_is_refused(value: object) -> None:
    assert refused_keys(**COVERED, changed_threshold=value) == ["changed_threshold"]


def test_a_budget_names_what_is_measured_and_the_most_that_it_may_be() -> None:
    budget = {"p95": 250, "a.b[c] d": 0, "é": 1.5}
    assert dict(accepted(**TIMED, budget=budget).budget) == budget


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (5, "budget"),
        ([], "budget"),
        ({"a": -1}, "budget.a"),
        ({"a": True}, "budget.a"),
        ({"a": "5"}, "budget.a"),
        ({"a": float("nan")}, "budget.a"),
        ({"a": 10**400}, "budget.a"),
        ({" ": 1}, "budget. "),
        ({"a\nb": 1}, "budget.a\nb"),
        ({"x" * 301: 1}, "budget." + "x" * 301),
        ({str(n): n for n in range(201)}, "budget"),
    ],
)
def test_a_budget_of_anything_else_is_refused(value: object, key: str) -> None:
    assert refused_keys(**TIMED, budget=value) == [key]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({**REPORTED, "changed_threshold": {"1": 80}}, "changed_threshold"),
        ({"kind": "coverage", "argv": ["x"], "changed_threshold": {"1": 80}}, "changed_threshold"),
        ({**COVERED, "budget": {"a": 1}}, "budget"),
        ({"kind": "performance", "argv": ["x"], "budget": {"a": 1}}, "budget"),
        ({**LEAST, "ratchet": True}, "ratchet"),
        ({"kind": "contracts", "argv": ["x"], "report": "r", "format": "openapi", "ratchet": True}, "ratchet"),
        ({**LEAST, "timeout_s": 60, "limits": {"idle_s": 60}}, "limits.idle_s"),
        ({**LEAST, "limits": {"idle_s": 601}}, "limits.idle_s"),
    ],
)
def test_a_setting_without_an_effect_is_refused(settings: dict[str, Any], key: str) -> None:
    assert refused_keys(**settings) == [key]


@pytest.mark.parametrize("kind", [kind for kind in GateKind if kind is not GateKind.CONTRACTS])
def test_every_kind_with_a_report_can_be_held_to_what_the_change_made_worse(kind: GateKind) -> None:
    for form in FORMATS_OF_KIND[kind]:
        assert accepted(kind=kind, argv=["x"], report="r", format=form, ratchet=True).ratchet


@pytest.mark.parametrize("value", [0, 1, "true", None, []])
def test_ratchet_is_true_or_false(value: object) -> None:
    assert refused_keys(**REPORTED, ratchet=value) == ["ratchet"]


def test_limits_are_read() -> None:
    most = {key: most for key, (_, most) in LIMIT_RANGES.items() if key != "idle_s"}
    assert accepted(**LEAST, limits={**most, "idle_s": 2.5}).limits == GateLimits(idle_s=2.5, **most)
    least = {key: least for key, (least, _) in LIMIT_RANGES.items()}
    assert accepted(**LEAST, limits=least).limits == GateLimits(**least)


@pytest.mark.parametrize("key", LIMIT_RANGES)
@pytest.mark.parametrize("value", [0, -1, True, "5", None, [5], float("nan"), float("inf"), 10**400, 10**9])
def test_a_limit_out_of_range_is_refused_by_name(key: str, value: object) -> None:
    assert refused_keys(**LEAST, limits={key: value}) == [f"limits.{key}"]


def test_a_limit_that_is_not_known_is_asked_for() -> None:
    _, [(key, problem, remedy)] = read(**LEAST, limits={"memory": 5})
    assert (key, problem) == ("limits.memory", "'memory' is no limit of a gate")
    assert "memory_mb" in remedy
    assert refused_keys(**LEAST, limits=5) == ["limits"]


def test_needs_are_names_of_other_gates() -> None:
    assert accepted(**LEAST, needs=["build", "setup", "build"]).needs == ("build", "setup")
    assert refused_keys(**LEAST, needs=["build", "mine"]) == ["needs"]


@pytest.mark.parametrize("value", ["build", [1], [""], [" "], {"build": True}, True])
def test_what_are_no_names_of_gates_is_refused(value: object) -> None:
    assert refused_keys(**LEAST, needs=value) == ["needs"]


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
    keys = refused_keys(  # noqa: S604  a setting, nothing is run
        kind="odd", argv=[], blocking=4, timeout_s=0, network=1, environment=1, when=1, needs=1, limits=1, shell=1
    )

    assert sorted(keys) == [
        *("argv", "blocking", "environment", "kind", "limits", "needs", "network", "shell", "timeout_s", "when")
    ]


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
        "shell": st.sampled_from(["sh", "bash", "zsh", 1]),
        "changed_threshold": st.sampled_from([{}, {"1": 80}, {"1": 101}, {"4": 1}, {"2": True}, 80]),
        "budget": st.sampled_from([{}, {"p95": 1.5}, {"p95": -1}, {" ": 1}, {"a": True}, 1]),
        "ratchet": st.sampled_from([True, False, 1]),
        "needs": st.sampled_from([[], ["other"], [" "], [1], "other"]),
        "limits": st.sampled_from(
            [{}, {"idle_s": 1.5}, {"idle_s": 0.5}, {"memory_mb": 64}, {"memory_mb": 64.5}, {"odd": 1}, {"processes": 0}]
        ),
    },
)
SCHEMA = jsonschema_rs.Draft202012Validator(json.loads(schema_text("config", "caws-vnext")))


@given(LIKELY)
def test_the_schema_for_editors_agrees_with_the_reader(table: dict[str, Any]) -> None:
    """Apart from what one value means for another's number, which a schema cannot say."""
    gate, refused = read(**table)
    assume(not any("would have no effect: the tool may run" in problem for _, problem, _ in refused))
    document = {"gate": [{"name": "mine", **json.loads(json.dumps(table))}]}

    assert SCHEMA.is_valid(document) is (gate is not None), refused


def test_every_key_stands_in_the_schema() -> None:
    schema = json.loads(schema_text("config", "caws-vnext"))
    assert set(schema["properties"]["gate"]["items"]["properties"]) == set(GATE_KEYS)


def test_a_gate_of_every_kind_and_format_is_accepted_by_reader_and_schema() -> None:
    for kind, forms in FORMATS_OF_KIND.items():
        for form in forms:
            table: dict[str, Any] = {"kind": str(kind), "argv": ["x"], "report": "r", "format": form}
            if kind in STANDARD_THRESHOLDS and form != "junit":
                table["threshold"] = {"1": 1}
            accepted(**table)
            assert SCHEMA.is_valid({"gate": [{"name": "mine", **table}]}), table


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


def test_contracts_block_at_the_tiers_that_the_standard_asks_for_them_at() -> None:
    assert accepted(kind="contracts", argv=["true"]).blocking == (1, 2)
    assert accepted(kind="contracts", argv=["true"], blocking=[1, 2, 3]).blocking == (1, 2, 3)
    assert accepted(kind="tests", argv=["true"]).blocking == (1, 2, 3)
