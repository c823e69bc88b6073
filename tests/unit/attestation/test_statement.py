"""Statements: one act, one byte sequence, which other tools read too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.statement import MAX_BYTES, make_statement, read_statement
from agent_agency.canonical_json import canonical_json

SUBJECTS = [("waiver:1", {"sha256": "ab" * 32}), ("commit", {"gitCommit": "cd" * 20})]


def test_a_statement_is_read_as_it_was_made() -> None:
    statement = read_statement(make_statement("waiver_approval", SUBJECTS, {"subject": "waiver:1"}))
    assert statement.kind == "waiver_approval"
    assert list(statement.subjects) == SUBJECTS
    assert statement.predicate == {"subject": "waiver:1"}


def test_in_totos_own_library_reads_it() -> None:
    from google.protobuf.json_format import Parse
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    data = make_statement("ruling", SUBJECTS, {"verdict": "approved", "nested": {"a": [1, None]}})
    read = Statement.copy_from_pb(Parse(data, Message()))
    read.validate()
    assert read.pb.predicate_type == "urn:agent-agency:ruling:v1"
    assert {subject.name: dict(subject.digest) for subject in read.pb.subject} == dict(SUBJECTS)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), plain, max_size=4))
def test_any_plain_predicate_survives(predicate: dict[str, Any]) -> None:
    data = make_statement("act", SUBJECTS, predicate)
    assert read_statement(data).predicate == predicate
    again = read_statement(data)
    assert make_statement(again.kind, again.subjects, again.predicate) == data


@pytest.mark.parametrize("kind", ["", "Ruling", "ru ling", "ruling:v1", "ruling\n", "1ruling", "é", "a" * 65])
def test_a_kind_that_is_no_name_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        make_statement(kind, SUBJECTS, {})


@pytest.mark.parametrize(
    "subjects",
    [
        [],
        [("", {"sha256": "ab" * 32})],
        [("a", {})],
        [("a", {"sha256": "sha256:" + "ab" * 32})],
        [("a", {"sha256": "AB" * 32})],
        [("a", {"sha256": "abc"})],
        [("a", {"sha 256": "ab" * 32})],
        [("a", {"sha256": "ab" * 32}), ("a", {"sha256": "cd" * 32})],
    ],
)
def test_a_subject_without_a_plain_digest_is_refused(subjects: Any) -> None:
    with pytest.raises(ValueError, match=r"subject|digest"):
        make_statement("act", subjects, {})


def test_a_statement_that_is_too_large_is_neither_made_nor_read() -> None:
    with pytest.raises(ValueError, match="bytes"):
        make_statement("act", SUBJECTS, {"text": "x" * MAX_BYTES})
    with pytest.raises(ValueError, match="bytes"):
        read_statement(b" " * (MAX_BYTES + 1))


def document(**members: Any) -> bytes:
    whole = json.loads(make_statement("act", SUBJECTS, {"a": 1}))
    return canonical_json({name: value for name, value in {**whole, **members}.items() if value != "left out"})


@pytest.mark.parametrize(
    "members",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"_type": None},
        {"predicateType": "https://slsa.dev/provenance/v1"},
        {"predicateType": "urn:agent-agency:act:v2"},
        {"predicateType": "urn:agent-agency:act:v1 "},
        {"predicateType": 1},
        {"predicate": []},
        {"predicate": "left out"},
        {"subject": {}},
        {"subject": [1]},
        {"subject": [{"name": "a", "digest": {"sha256": "ab" * 32}, "uri": "x"}]},
        {"extra": 1},
    ],
)
def test_what_was_not_made_here_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"statement|predicate|subject|payload"):
        read_statement(document(**members))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b'"a":1', b'"a": 1'),
        lambda data: data.replace(b'"a":1', b'"a":1.0'),
        lambda data: data.replace(b'"a":1', b'"a":1,"a":1'),
        lambda data: data.replace(b"act", b"\\u0061ct"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data[:-1],
        lambda data: b"",  # noqa: ARG005 - takes what the others take
    ],
)
def test_another_spelling_of_the_same_statement_is_refused(change: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_statement(change(make_statement("act", SUBJECTS, {"a": 1})))
