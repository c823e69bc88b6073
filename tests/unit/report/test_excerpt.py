from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent_agency.report.excerpt import excerpt, split_lines


@given(st.text(max_size=300), st.integers(1, 3), st.none() | st.integers(0, 400), st.integers(20, 100))
def test_an_excerpt_fits_and_its_caret_stands_under_it(text: str, line: int, column: int | None, width: int) -> None:
    shown = excerpt(split_lines(text.encode()), line, column, width=width)
    if shown is None:
        return
    assert shown.source.isprintable()
    assert len(shown.caret) <= width + 1
    assert cell_len(shown.source) <= width
    assert shown.caret.strip() == "^"


def test_the_caret_stands_under_wide_characters_and_tabs() -> None:
    shown = excerpt(split_lines("in:\n\t- 日本/etc\n".encode()), 2, 6, width=70)
    assert shown is not None
    assert shown.source == "    - 日本/etc"
    assert shown.caret == " " * 10 + "^"


def test_a_long_line_is_cut_around_the_place() -> None:
    shown = excerpt(["a" * 500 + "Z" + "b" * 500], 1, 501, width=40)
    assert shown is not None
    assert shown.source[shown.caret.index("^")] == "Z"
    assert shown.source.startswith("...")
    assert shown.source.endswith("...")


def test_without_a_column_the_caret_stands_under_the_first_word() -> None:
    shown = excerpt(["    id: X"], 1, None, width=70)
    assert shown is not None
    assert shown.caret == "    ^"


def test_a_place_beyond_the_document_shows_nothing() -> None:
    assert excerpt(["one"], 2, 1, width=70) is None
    assert excerpt(["one"], None, None, width=70) is None
    assert excerpt(["one"], 0, 1, width=70) is None


def test_lines_are_counted_as_yaml_counts_them() -> None:
    assert split_lines("\ufeffa\r\nb\rc\u2028d\x85e\n".encode()) == ["a", "b", "c", "d", "e", ""]
