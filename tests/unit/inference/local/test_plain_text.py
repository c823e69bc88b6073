"""A mark in a message is cut in two, and nothing else is changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.local.plain_text import PlainText, parts
from agent_agency.inference.protocol import Message

MARKS = ("<|im_end|>", "<|im_start|>", "</s>", "aa", "aba", "||")


def _parts(text: str) -> list[str]:
    (kept,) = PlainText(MARKS).kept((Message("user", text),))
    return parts(kept.content)


@given(st.lists(st.sampled_from([*MARKS, "a", "b", "<", "|", "\n", "é"]), max_size=12).map("".join))
def test_the_text_stays_and_no_part_holds_a_mark(text: str) -> None:
    assert "".join(_parts(text)) == text
    assert not [part for part in _parts(text) if any(mark in part for mark in MARKS)]


@given(st.text())
def test_any_text_stays_but_for_the_character_that_no_text_has(text: str) -> None:
    assert "".join(_parts(text)) == text.replace("\ufdd0", "\ufffd")


def test_what_holds_no_mark_is_one_part() -> None:
    assert _parts("Is it <right>? [Yes]") == ["Is it <right>? [Yes]"]


def test_a_cut_that_somebody_wrote_is_none() -> None:
    assert _parts("a\ufdd0b") == ["a\ufffdb"]
