from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.document import Document, load_document
from agent_agency.spec.yaml_writer import Gap, write_yaml

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_TRICKY = st.sampled_from(
    [
        "", " ", "~", "null", "true", "yes", "NO", "1e3", "0o7", "0b1", "1_0", "12:30:45", "2026-01-01", ".5", ".",
        "- a", "a: b", "a #b", "#a", "a:", "@a", "`a", "%a", "!a", "&a", "*a", "?a", "|", ">", "'a'", '"a"', "a\nb",
        "a\n", "a\n\nb", "\na", "a \nb", " a", "a ", "\ta", "a\tb", "a\u2028b", "\ufeffa", "a\x7fb", "\U0001f600", "<<",
        "..", "=", "{a}", "[a]", "a,b", "---", "...", "--- a",
    ]
)  # fmt: skip
_LEAF = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | _TEXT | _TRICKY
_VALUE = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT | _TRICKY, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_TEXT | _TRICKY, _VALUE, min_size=1, max_size=4))
def test_what_is_written_reads_back_the_same(value: dict[str, Any]) -> None:
    document = load_document(write_yaml(value).encode(), "x.yaml")
    assert isinstance(document, Document), document
    assert document.value == value


@given(st.lists(_TEXT | _TRICKY, max_size=4))
def test_older_readers_see_the_same_texts(texts: list[str]) -> None:
    kept = [text for text in texts if text not in {"<<", "="}]
    assert yaml.safe_load(write_yaml({"texts": kept})) == {"texts": kept}


def test_text_stays_readable() -> None:
    value = {
        "title": "Retry failed card charges",
        "steps": ["turn off the flag", {"why": "a: b"}],
        "note": "one\ntwo\n",
    }
    assert write_yaml(value) == (
        'title: Retry failed card charges\nsteps:\n  - turn off the flag\n  - why: "a: b"\nnote: |\n  one\n  two\n'
    )


@pytest.mark.parametrize("value", [{"id": Gap("an id")}, {"ids": [Gap("an id")]}])
def test_a_gap_is_null_with_a_comment_that_says_what_is_wanted(value: dict[str, Any]) -> None:
    text = write_yaml(value)
    assert "null  # FILL IN: an id\n" in text
    assert yaml.safe_load(text) in ({"id": None}, {"ids": [None]})
