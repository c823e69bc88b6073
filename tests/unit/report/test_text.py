from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.report.text import clean, clean_lines, json_ready, no_command, sentences, without_surrogates


@given(st.text(st.characters(exclude_categories=())))
def test_cleaned_text_is_one_printable_line_that_utf8_can_hold(text: str) -> None:
    assert clean(text).isprintable()
    clean(text).encode("utf-8")


@given(st.text())
def test_printable_text_stays_as_it_is(text: str) -> None:
    printable = "".join(char for char in text if char.isprintable())
    assert clean(printable) == printable


def test_what_could_deceive_a_reader_is_spelt_out() -> None:
    assert clean("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m"
    assert clean("a\u202egpj.exe") == "a\\u202egpj.exe"
    assert clean(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf\\351"
    assert clean("two\nlines\tand a tab") == "two lines and a tab"


def test_the_lines_of_a_remedy_stay_apart() -> None:
    assert clean_lines("\ngit add .\r\ngit commit\x07\n") == ["git add .", "git commit\\x07"]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_valid_utf8_and_valid_text_stays(text: str) -> None:
    safe = without_surrogates(text)
    safe.encode("utf-8")
    assert without_surrogates(safe) == safe


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.frozensets(st.text())
        | st.dictionaries(st.text(st.characters(exclude_categories=())), inner)
    ),
    max_leaves=20,
)


@given(anything)
def test_anything_becomes_strict_json(value: object) -> None:
    text = json.dumps(json_ready(value), allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode("utf-8")) == json_ready(value)


@pytest.mark.parametrize(
    "line", ["::error::x", "  ::set-output name=a::b", "\t::warning::", "a ##[error]b", "##vso[task]x"]
)
def test_no_line_of_output_is_an_order_to_a_ci_runner(line: str) -> None:
    told = no_command(line)
    assert not told.lstrip().startswith("::")
    assert "##[" not in told
    assert "##vso[" not in told


def test_an_ordinary_line_is_no_order() -> None:
    assert no_command("  use std::fmt; # [x]") == "  use std::fmt; # [x]"


def test_sentences_are_joined_with_one_full_stop() -> None:
    assert sentences("It is wrong", "Mend it.", "") == "It is wrong. Mend it."
