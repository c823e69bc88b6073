"""Where libyaml and the reference's YAML reader part ways; every expected answer was observed from js-yaml 4.1.1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_agency.spec.yaml_javascript import JavaScriptComposer
from agent_agency.spec.yaml_reader import Refusal, read_yaml


def value_of(text: str) -> Any:
    read = read_yaml(text.encode())
    assert not isinstance(read, Refusal), read
    return read[0]


def mark_of(text: str, key: str) -> tuple[int, int]:
    read = read_yaml(text.encode())
    assert not isinstance(read, Refusal), read
    mark = read[1][1][key][0]
    return mark.line, mark.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id: |\n  FOO-1", {"id": "FOO-1\n"}),
        ("id: >-\n  FOO-1", {"id": "FOO-1"}),
        ("id: >+\n  ", {"id": "\n"}),
        ('a: "b \n  c"', {"a": "b  c"}),
        ("a: 'b\t \n\n  c'", {"a": "b\t \nc"}),
        ("a: ' \n'", {"a": "  "}),
        ('a: "b\\\n  c"', {"a": "bc"}),
        ("a: &x 'b \n  c'\nd: *x", {"a": "b  c", "d": "b  c"}),
        ("--- a: 1", {"a": 1}),
        ("# note\n\n--- a: 1\n", {"a": 1}),
        ("---{a: 1}", {"a": 1}),
        ("--- # note\na: 1", {"a": 1}),
        ("x: | # note\n  a\n", {"x": "a\n"}),
        ("? k\n: |\n  t\n", {"k": "t\n"}),
        ("a:\n- |\n  t\n", {"a": ["t\n"]}),
        ("x: &anchor\n a: |\n   t\n", {"x": {"a": "t\n"}}),
        ("b: 1\n&a k: v\n", {"b": 1, "k": "v"}),
        ("b: 1\n!!str 2: v\n", {"b": 1, "2": "v"}),
        ("&a\nk: v\n", {"k": "v"}),
        ("{&a k: v}", {"k": "v"}),
        ("a: &b 1\nc: *b\n", {"a": 1, "c": 1}),
        ("a: &b 1\n*b : 2\n", {"a": 1, "1": 2}),
    ],
)
def test_what_the_reference_reads_is_read_alike(text: str, value: Any) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "x: |# note\n  a\n",
        "x: ># note\n  a\n",
        "a:\n|\n  t\n",
        "&a k: v\n",
        "!!str k: v\n",
        "- &a k: v\n",
        "x:\n  !!str k: v\n",
        "&a : v\n",
        "!!str : v\n",
        "a: 1\n&b: s\n",
        "a: &b 1\n*b: 2\n",
        "--- a: 1\nb: 2\n",
        "--- a\nb: 2\n",
        "----\na: 1\n",
    ],
)
def test_what_the_reference_refuses_is_refused(text: str) -> None:
    read = read_yaml(text.encode())
    assert isinstance(read, Refusal)
    assert read.rule == "parse_failed"


@pytest.mark.parametrize("length", [1024, 1025, 20_000])
def test_a_key_may_be_of_any_length(length: int) -> None:
    key = "k" * length
    assert value_of(json.dumps({key: 1, "b": {key: [2]}})) == {key: 1, "b": {key: [2]}}
    assert value_of(f"{key}: 1\nb:\n- {key}: 2\n") == {key: 1, "b": [{key: 2}]}
    assert mark_of(f"{key}: 1\nb: 2\n", "b") == (1, 0)


def test_a_long_line_without_a_key_stays_refused_where_it_is_wrong() -> None:
    read = read_yaml(f'a: "{"k" * 3000}" b'.encode())
    assert isinstance(read, Refusal)
    assert (read.rule, read.line) == ("parse_failed", 1)


def test_a_key_of_several_lines_stays_refused() -> None:
    assert isinstance(read_yaml(f'"{"k" * 3000}\n k": 1'.encode()), Refusal)


def test_an_absent_value_fits_only_some_of_the_old_tags() -> None:
    assert isinstance(read_yaml(b"a: !!binary", JavaScriptComposer), Refusal)
    assert isinstance(read_yaml(b"a: !!timestamp", JavaScriptComposer), Refusal)
    assert read_yaml(b"a: !!merge", JavaScriptComposer)[0] == {"a": None}  # type: ignore[index]
