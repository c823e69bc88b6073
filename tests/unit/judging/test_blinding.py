from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.blinding import blinded
from agent_agency.judging.prepare import prepared
from agent_agency.judging.subject import Subject


@pytest.mark.parametrize(
    "text",
    [
        "Co-authored-by: Ada Lovelace <ada@engine.org>",
        "+# Author: Ada Lovelace",
        "Signed-off-by: Ada Lovelace <ada@engine.org>",
        "Generated with Claude Code",
        "Reviewed by GPT-5 and found fine",
        "write to ada@engine.org",
        "ada@engine.org+ada@engine.org",
        "Written by\u00a0the\u2009GPT-5",
        "Checked with Anthropic's Claude 4",
    ],
)
def test_signs_of_who_made_it_are_left_out(text: str) -> None:
    shown = blinded(text)
    for name in ("Ada", "ada@", "Claude", "GPT"):
        assert name not in shown


def test_names_that_the_caller_knows_are_left_out_wherever_they_stand() -> None:
    assert blinded("def f():  # ADA-7 says so\n    adapt()", ["Ada-7"]) == "def f():  # [author] says so\n    adapt()"


@pytest.mark.parametrize(
    "code",
    [
        "cursor = connection.cursor()",
        "y = x@w.shape",
        "@app.route('/')",
        "author = book.author",
        "amp = gain * gemini",
        "made = written[by]",
    ],
)
def test_ordinary_code_is_left_as_it_is(code: str) -> None:
    assert blinded(code) == code


@given(st.text(alphabet="ab@. :-\nCo-authored-byAuthor", max_size=120))
def test_doing_it_again_changes_nothing(text: str) -> None:
    once = blinded(text, ["Ada", "or"])
    assert blinded(once, ["Ada", "or"]) == once


def test_a_claim_is_blinded_as_the_one_line_that_it_is_shown_as() -> None:
    shown = prepared(
        Subject("a claim", "text", "", "", claims=("\t\u00a0Author: Ada",), facts={"who": "\n\t Author: Ada"})
    )
    assert shown.claims == ("Author: [author]",)
    assert shown.facts["who"] == "Author: [author]"


@given(st.lists(st.sampled_from(["Author:", "a@b.io", "+", "\n", "\r", "\t", "\u3164", "e\u0301", "Ada"])).map("".join))
def test_preparing_it_again_changes_nothing(text: str) -> None:
    once = prepared(Subject("any", "text", text, text, claims=(text,), facts={text: text}), ("Ada",))
    assert prepared(once, ("Ada",)) == once
