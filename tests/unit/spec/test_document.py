from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.facts import Finding, Place
from agent_agency.spec import yaml_reader
from agent_agency.spec.document import MAX_BYTES, Document, load_document
from agent_agency.spec.yaml_parser import make_pure_parser
from support.conformance import CAWS, needs_caws


def read(text: str | bytes) -> Document:
    document = load_document(text.encode() if isinstance(text, str) else text, "spec.yaml")
    assert isinstance(document, Document), document
    return document


def refusal(text: str | bytes) -> Finding:
    findings = load_document(text.encode() if isinstance(text, str) else text, "spec.yaml")
    assert isinstance(findings, tuple)
    assert len(findings) == 1
    return findings[0]


SOURCE = """\
id: PAY-42
scope:
  in:
    - src/billing
    - {path: tests}
  out: []
"""


@pytest.mark.parametrize(
    ("pointer", "key", "line", "column"),
    [
        ((), False, 1, 1),
        (("id",), False, 1, 5),
        (("id",), True, 1, 1),
        (("scope",), True, 2, 1),
        (("scope", "in"), True, 3, 3),
        (("scope", "in", 0), False, 4, 7),
        (("scope", "in", 1, "path"), False, 5, 14),
        (("scope", "in", 1, "path"), True, 5, 8),
        (("scope", "out"), False, 6, 8),
        (("scope", "support"), False, 2, 1),
        (("scope", "in", 7), False, 3, 3),
        (("scope", "in", 0, "deeper"), False, 4, 7),
        (("nothing",), False, 1, 1),
    ],
)
def test_every_node_has_a_place_and_a_missing_one_that_of_its_parent(
    pointer: tuple[str | int, ...], key: bool, line: int, column: int
) -> None:
    assert read(SOURCE).place(pointer, key=key) == Place("spec.yaml", line, column)


def test_an_alias_stands_where_it_is_used_and_its_parts_where_they_are_written() -> None:
    document = read("a: &x {b: 1}\nc: *x\n")
    assert document.place(("c",)).line == 2
    assert document.place(("c", "b")).line == 1
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}


def test_json_is_read_as_yaml() -> None:
    value = {"a": [1, 2.5, True, None, "\U0001f600", "tab\there", 'quote " \\ /'], "b": {"c": {}}, "": ""}
    for text in (json.dumps(value), json.dumps(value, indent="\t"), json.dumps(value, ensure_ascii=False)):
        assert read(text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("%YAML 1.2\n---\na: 1\n...\n# end\n", {"a": 1}),
        ("<<: {a: 1}\n", {"<<": {"a": 1}}),
        ("__proto__: {a: 1}\n", {"__proto__": {"a": 1}}),
        ("1: a\ntrue: b\n~: c\n1e3: d\n", {"1": "a", "true": "b", "null": "c", "1000": "d"}),
        ("? [1, x]\n: a\n", {"1,x": "a"}),
        (
            "a: !!str 12\nb: !!int 0x1F\nc: !!float 1\nd: ! 12\ne: !!null\nf: !!str\n",
            {"a": "12", "b": 31, "c": 1.0, "d": "12", "e": None, "f": ""},
        ),
        ("a: !!map {b: !!seq [1]}\n", {"a": {"b": [1]}}),
        ("a:\nb: 1\n", {"a": None, "b": 1}),
        ("a: x\u2028y\n", {"a": "x\u2028y"}),
        ("a: x\x85y\n", {"a": "x\x85y"}),
        ('a: "x\x7fy"\n', {"a": "x\x7fy"}),
        ("# \x07 bell\na: 1\n", {"a": 1}),
        ('a: "\\ud83d\\ude00 \\/"\n', {"a": "\U0001f600 /"}),
        ('a: "\\ud83d"\n', {"a": "\ufffd"}),
        (
            "a: '\\ud83D \\uDE00'\nb: \"\\\\ud83d \\ud83d\\ude00\"\n",
            {"a": "\\ud83D \\uDE00", "b": "\\ud83d \U0001f600"},
        ),
        ("a: 1\n \t\n\t# note\nb: 2\n\t\n", {"a": 1, "b": 2}),
        ("a:\n  -\tx\n  - \ty\n", {"a": ["x", "y"]}),
        ("a: [\n\t1,\n\t2\n\t]\n", {"a": [1, 2]}),
        ("a: |\n  x\n\t\nb: 1\n", {"a": "x\n", "b": 1}),
    ],
)
def test_the_reference_dialect_is_read(text: str, value: Any) -> None:
    assert read(text).value == value


@pytest.mark.parametrize(
    ("text", "rule", "line", "words"),
    [
        ("", "empty_document", 1, "empty"),
        ("# nothing\n", "empty_document", 1, "empty"),
        ("null\n", "empty_document", 1, "empty"),
        ("- a\n", "not_an_object", 1, "a list"),
        ("\nhello\n", "not_an_object", 2, "a text"),
        ("12\n", "not_an_object", 1, "a number"),
        ("id: [unclosed\n", "parse_failed", 2, "flow sequence"),
        ("id: X\n\ttitle: t\n", "parse_failed", 2, "tab"),
        ("- \t- a\n", "parse_failed", 1, "tab"),
        ("a: |\n  x\n\t\n  y\n", "parse_failed", 3, "tab"),
        ("a: 1\n---\nb: 2\n", "parse_failed", 2, "second document"),
        ("a: 1\n---\n", "parse_failed", 2, "second document"),
        ("a: 1\nb: {c: 1,\n c: 2}\n", "parse_failed", 3, "'c' was already given on line 2"),
        ('1: a\n"1": b\n', "parse_failed", 2, "'1' was already given"),
        ("a: !!python/object:os.system {}\n", "parse_failed", 1, "not allowed"),
        ("a: !!set {x}\n", "parse_failed", 1, "!!set"),
        ("a: !!timestamp 2026-01-01\n", "parse_failed", 1, "!!timestamp"),
        ("a: !!binary aGk=\n", "parse_failed", 1, "!!binary"),
        ("a: !mine x\n", "parse_failed", 1, "!mine"),
        ("a: !!seq {b: 1}\n", "parse_failed", 1, "!!seq"),
        ("a: !!int x\n", "parse_failed", 1, "no value for the tag !!int"),
        ('a: !!null ""\n', "parse_failed", 1, "!!null"),
        ("a: *b\n", "parse_failed", 1, "names no anchor"),
        ("a: &b [*b]\n", "parse_failed", 1, "inside its own value"),
        ("? [[1]]\n: a\n", "parse_failed", 1, "list inside a list"),
        ("a: b: c\n", "parse_failed", 1, "mapping values"),
        ("a: x\x00\n", "parse_failed", 1, "null byte"),
        ("a: x\x07\n", "parse_failed", 1, "control character"),
        ('b: 1\na: "x\x07"\n', "parse_failed", 2, "control character"),
        ("a: " + "[" * 200 + "]" * 200, "too_deep", 1, "100 levels"),
        ("[" * 500_000, "too_deep", 1, "100 levels"),
        ("\n".join(" " * depth + "a:" for depth in range(300)), "too_deep", 101, "100 levels"),
    ],
)
def test_what_cannot_be_read_is_one_clear_finding(text: str, rule: str, line: int, words: str) -> None:
    finding = refusal(text)
    assert finding.rule == f"spec.yaml.{rule}"
    assert finding.place.line == line
    assert words in finding.message
    assert finding.remedy


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"a: \xe9", 1, 4), (b"\xff\xfea\x00", 1, 1), (b"a: 1\nb: x\xc3", 2, 5), (b"a: \xed\xa0\xbd", 1, 4)],
)
def test_bytes_that_are_no_utf8_are_refused_where_they_stand(data: bytes, line: int, column: int) -> None:
    finding = refusal(data)
    assert finding.rule == "spec.yaml.not_utf8"
    assert (finding.place.line, finding.place.column) == (line, column)


def test_a_document_over_one_mebibyte_is_refused() -> None:
    at_most = b"a: " + b"x" * (MAX_BYTES - 3)
    assert read(at_most).value["a"]
    assert refusal(at_most + b"x").rule == "spec.yaml.too_large"


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert refusal("\n".join(["a0: &a0 x", *levels])).rule == "spec.yaml.alias_expansion"
    many = "a: &a x\nb: [" + "*a, " * 20_000 + "]"
    assert refusal(many).rule == "spec.yaml.alias_expansion"


def test_aliases_within_bounds_are_shared() -> None:
    assert read("a: &a [1]\nb: [*a, *a]\n").value == {"a": [1], "b": [[1], [1]]}


def test_a_stray_tab_on_every_line_of_a_large_file_costs_no_more_than_a_bounded_time() -> None:
    text = "a:\n" + "".join(f"  - x{n}\n\t\n" for n in range(20_000))
    assert refusal(text).rule == "spec.yaml.parse_failed"


def test_the_kind_of_document_names_the_rule() -> None:
    findings = load_document(b"", "policy.yaml", kind="policy")
    assert isinstance(findings, tuple)
    assert findings[0].rule == "policy.yaml.empty_document"


def test_without_the_c_parser_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        SOURCE,
        '{\n\t"a": [\n\t\t1,\n\t\t"x"\n\t],\n\t"b": {"c": null}\n}\n',
        "a: 1\n\t\nb: 2\n",
        "a: |\n  x\nb: >-\n  y\n",
    ]
    texts += ["a: !!set {x}\n", "a: 1\na: 2\n", "a: !mine x\n", "a: ! 12\nb: ! x\n", "? [1, 2]\n: x\n", "a: \u2028 x\n"]
    expected = [load_document(text.encode(), "x") for text in texts]
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    monkeypatch.setattr(yaml_reader, "make_parser", make_pure_parser)
    for text, document in zip(texts, expected, strict=True):
        read_again = load_document(text.encode(), "x")
        if isinstance(document, Document):
            assert isinstance(read_again, Document), read_again
            assert read_again.value == document.value
            assert read_again.place(("b",)) == document.place(("b",))
        else:
            assert [f.rule for f in document] == [f.rule for f in read_again]  # type: ignore[union-attr]


@needs_caws
def test_without_the_c_parser_the_conformance_specs_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted((CAWS / "specs" / "derived").glob("*.yaml"))[::4]
    expected = [_outcome(file) for file in files]
    monkeypatch.setattr(yaml_reader, "make_parser", make_pure_parser)
    assert [_outcome(file) for file in files] == expected


def _outcome(file: Path) -> Any:
    document = load_document(file.read_bytes(), file.name)
    return document.value if isinstance(document, Document) else [finding.rule for finding in document]


texts = st.text(st.characters(codec="utf-8"), max_size=30)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(texts, values, min_size=1, max_size=4), st.booleans())
@settings(max_examples=150)
def test_any_json_object_is_read_back(value: dict[str, Any], ascii_only: bool) -> None:
    assert read(json.dumps(value, ensure_ascii=ascii_only)).value == value


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_bytes_make_the_loader_raise(data: bytes) -> None:
    document = load_document(data, "x")
    assert isinstance(document, Document) or all(finding.rule.startswith("spec.yaml.") for finding in document)
