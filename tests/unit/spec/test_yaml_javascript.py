from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.document import Document, load_document
from agent_agency.spec.javascript_values import Moment
from agent_agency.spec.yaml_javascript import moment


def _load(text: str) -> Any:
    document = load_document(text.encode(), "spec.yaml", javascript_types=True)
    return document.value if isinstance(document, Document) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
        ("a: {q: 3, <<: {q: 4, r: 5}}\n", {"a": {"q": 3, "r": 5}}),
        ("<<: [{a: 1, b: 1}, {b: 2, c: 2}]\n", {"a": 1, "b": 1, "c": 2}),
        ("<<: {a: 1}\n<<: {b: 2}\n", {"a": 1, "b": 2}),
        ("'<<': {a: 1}\n", {"<<": {"a": 1}}),
        ("a: <<\nb: [<<]\n", {"a": "<<", "b": ["<<"]}),
        ("a: !!set {x, y}\n", {"a": {"x": None, "y": None}}),
        ("a: !!omap [p: 1, q: 2]\n", {"a": [{"p": 1}, {"q": 2}]}),
        ("a: !!pairs [p: 1, p: 2]\n", {"a": [["p", 1], ["p", 2]]}),
        ("a: !!binary aGk=\n", {"a": b"hi"}),
        ("2025-10-10: x\n", {"2025-10-10": "x"}),
    ],
)
def test_the_types_of_the_old_loader_are_read(text: str, expected: Any) -> None:
    assert _load(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<<: 4\n",
        "<<: [1]\n",
        "<<: {a: 1}\na: 1\na: 2\n",
        "a: !!set {x: 1}\n",
        "a: !!omap [p: 1, p: 2]\n",
        "a: !!omap [1]\n",
        "a: !!pairs [{p: 1, q: 2}]\n",
        "a: !!binary a\n",
        "a: !!timestamp soon\n",
        "a: !!merge x\n",
        "a: !!js/undefined ''\n",
        "a: 1\na: 2\n",
    ],
)
def test_what_the_old_loader_refused_is_refused(text: str) -> None:
    assert _load(text) is None


def test_an_unquoted_date_is_a_moment_and_a_quoted_one_is_text() -> None:
    assert _load("a: 2025-10-10\nb: '2025-10-10'\n") == {"a": Moment(1760054400000, "2025-10-10"), "b": "2025-10-10"}


def test_the_core_schema_stays_the_default() -> None:
    document = load_document(b"a: 2025-10-10\n<<: {b: 1}\n", "spec.yaml")
    assert isinstance(document, Document)
    assert document.value == {"a": "2025-10-10", "<<": {"b": 1}}


def test_merged_fields_point_to_where_they_are_written() -> None:
    document = load_document(b"a: &x\n  p: 1\nb:\n  <<: *x\n", "spec.yaml", javascript_types=True)
    assert isinstance(document, Document)
    assert document.place(("b", "p")).line == 2


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2999, 1, 1)))  # noqa: DTZ001 - naive on purpose
def test_a_moment_counts_milliseconds_since_1970(written: datetime) -> None:
    found = moment(written.strftime("%Y-%m-%d %H:%M:%S.") + f"{written.microsecond // 1000:03d}Z")
    assert found is not None
    expected = written.replace(microsecond=written.microsecond // 1000 * 1000, tzinfo=UTC)
    assert found.epoch_ms == round(expected.timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "epoch_ms"),
    [
        ("1970-01-01T00:00:00.002+00:00", 2),
        ("2001-12-14t21:59:43.10-05:00", 1008385183100),
        ("1970-13-01", 365 * 86_400_000),
        ("1970-01-01 1:00:00 +1", 0),
    ],
)
def test_moments_roll_over_and_know_offsets(text: str, epoch_ms: int) -> None:
    found = moment(text)
    assert found is not None
    assert found.epoch_ms == epoch_ms
