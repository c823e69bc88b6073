"""``[setup]``: what is read, and what is refused rather than believed."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gate_reader import SETUP_KEYS, read_setup
from agent_agency.gate_settings import DEFAULT_TIMEOUT_S, SetupStep
from agent_agency.spec.schema import schema_text

SCHEMA_TEXT = schema_text("config", "caws-vnext")
SCHEMA = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA_TEXT))


def read(**settings: Any) -> tuple[SetupStep | None, list[str]]:
    refused: list[str] = []
    step = read_setup(settings, 3, lambda key, _problem, _remedy: refused.append(key))
    return step, refused


def test_a_command_is_enough() -> None:
    step, refused = read(argv=["make", "tools"])

    assert refused == []
    assert step == SetupStep(("make", "tools"), timeout_s=DEFAULT_TIMEOUT_S, line=3)
    assert step.command == ("make", "tools")


def test_a_script_is_given_to_the_shell_that_is_named() -> None:
    step, _ = read(argv=["npm ci && npm ls"], shell="bash")  # noqa: S604  a setting, nothing is run

    assert step is not None
    assert step.command == ("bash", "-c", "npm ci && npm ls")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "argv"),
        ({"argv": ["a", "b"], "shell": "sh"}, "argv"),
        ({"argv": ["a"], "shell": "fish"}, "shell"),
        ({"argv": ["a"], "lock_files": "uv.lock"}, "lock_files"),
        ({"argv": ["a"], "lock_files": ["/uv.lock"]}, "lock_files"),
        ({"argv": ["a"], "keep": "node_modules"}, "keep"),
        ({"argv": ["a"], "keep": ["../x"]}, "keep"),
        ({"argv": ["a"], "keep": ["/x"]}, "keep"),
        ({"argv": ["a"], "keep": ["."]}, "keep"),
        ({"argv": ["a"], "keep": [".git/hooks"]}, "keep"),
        ({"argv": ["a"], "keep": ["a", "a/b"]}, "keep"),
        ({"argv": ["a"], "timeout_s": 0}, "timeout_s"),
        ({"argv": ["a"], "network": 1}, "network"),
        ({"argv": ["a"], "environment": ["NPM_TOKEN"]}, "environment"),
        ({"argv": ["a"], "environment": ["AGENCY_SETUP"]}, "environment"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, Any], key: str) -> None:
    assert read(**settings) == (None, [key])


def test_a_path_that_is_kept_twice_is_kept_once() -> None:
    step, _ = read(argv=["a"], keep=["vendor", "./vendor", "vendored"])

    assert step is not None
    assert step.keep == ("vendor", "vendored")


LIKELY = st.fixed_dictionaries(
    {"argv": st.sampled_from([["x"], ["x", "y"], [], "x"])},
    optional={
        "shell": st.sampled_from(["sh", "bash", "zsh"]),
        "lock_files": st.sampled_from([[], ["*.lock"], ["/x"], [""], "x"]),
        "keep": st.sampled_from([[], ["node_modules"], ["../x"], ["/x"], [1], ""]),
        "timeout_s": st.sampled_from([1, 0, 86401, True]),
        "network": st.sampled_from([True, 1]),
        "environment": st.sampled_from([[], ["TZ"], ["HOME"], ["A=B"]]),
    },
)


@given(LIKELY)
def test_the_schema_for_editors_agrees_with_the_reader(table: dict[str, Any]) -> None:
    step, refused = read(**table)

    assert SCHEMA.is_valid({"setup": table}) is (step is not None), refused


def test_every_key_stands_in_the_schema() -> None:
    assert set(json.loads(SCHEMA_TEXT)["properties"]["setup"]["properties"]) == set(SETUP_KEYS)
