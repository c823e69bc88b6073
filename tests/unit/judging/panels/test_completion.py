"""A recorded answer is read as it was meant, or not at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.judging.panels.completion import LONGEST, label_of, winner_of

CLEAR = {
    "Output (a)": "a",
    "Output (b)": "b",
    "output (b).": "b",
    "**Output (a)**": "a",
    "(a)": "a",
    "Answer: Output (b)": "b",
    "Output (b) (Output (a) is inappropriate)": "b",
    "# Output (a) is better.": "a",
    "Output A is better.": "a",
    "Output (b)\n\nThe reason for my choice is that Output (b) is clearer.": "b",
    "Output (b) is better.\n\nOutput (a) does not answer the question.": "b",
    "Output (a) is long. Output (b) is short. Therefore, Output (b) is the better choice for this instruction.": "b",
    "Therefore, the better output for the given instruction is Output (a).": "a",
    "I must choose Output (b) as the better option.": "b",
    "Assistant (a) argues that Output (a) is better because it is brief, but I agree that Output (b) is better.": "b",
    "While Assistant (a) argues that Output (a) is better, I believe that Output (b) is better.": "b",
    "In terms of brevity, Output (a) is better. In terms of detail, Output (b) is better. Therefore, Output (a) is "
    "better.": "a",
    "Although it does not rhyme, Output (a) is better.": "a",
    "Both outputs are equally helpful, but overall Output (a) is better.": "a",
    "Output (a) quotes “Output (b) is better” as a joke. Thus, Output (a) is better.": "a",
    "# Which is better? Your response should be Output (a) or Output (b):\nOutput (a)": "a",
}
UNCLEAR = (
    "",
    "e5",
    "I cannot answer this.",
    "Output (a) has more detail and Output (b) is shorter.",
    "Output (a): Yes\nOutput (b): No",
    "Neither Output (a) nor Output (b) is better.",
    "Therefore, neither output is better for the given instruction.",
    "Both Output (a) and Output (b) are equally good.",
    "I cannot select either Output (a) or Output (b).",
    "I do not think Output (a) is better.",
    "Output (a) is not better than Output (b).",
    "It is not clear which output is better.",
    "It is difficult to say whether Output (a) is better.",
    "If brevity counts, Output (a) is better.",
    "Is it true that Output (a) is better?",
    "Assistant (a) argues that Output (a) is better.",
    "In terms of brevity, Output (a) is better.",
    "Output (b) is better.\n\nOutput (a) is better because it is brief.",
    "Output (a) is better.\nTherefore, Output (b) is better.",
    "Therefore, Output (a) is better. Therefore, Output (b) is better.",
    "Output (a) is better. Thinking again, in conclusion, it is a tie.",
    'The text says "Output (a) is better"',
)
SENTENCES = st.sampled_from([*CLEAR, *UNCLEAR, "Therefore,", "However,", "Output (a) is verbose.", "both", "not", '"'])


def exchanged(text: str) -> str:
    """The same text about the outputs the other way round."""
    other = {"a": "b", "b": "a", "A": "B", "B": "A"}
    return re.sub(
        r"\(([ab])\)|(?<=Output )([AB])\b",
        lambda found: f"({other[found[1]]})" if found[1] else other[found[2]],
        text,
    )


@pytest.mark.parametrize(("text", "label"), CLEAR.items())
def test_a_verdict_in_the_judges_own_voice_counts(text: str, label: str) -> None:
    assert label_of(text) == label
    assert label_of(exchanged(text)) == {"a": "b", "b": "a"}[label]


@pytest.mark.parametrize("text", UNCLEAR)
def test_without_a_clear_verdict_nothing_is_guessed(text: str) -> None:
    assert label_of(text) is None
    assert label_of(exchanged(text)) is None


@given(st.lists(SENTENCES, max_size=6), st.sampled_from([" ", "\n", "\n\n", ", "]))
def test_exchanging_the_labels_exchanges_the_winner(parts: list[str], between: str) -> None:
    text = between.join(parts)
    mirror = {"1": "2", "2": "1", None: None}
    assert winner_of(exchanged(text), "12") == mirror[winner_of(text, "12")]


@given(st.lists(SENTENCES, max_size=6).map(" ".join))
def test_the_order_decides_which_output_a_label_names(text: str) -> None:
    mirror = {"1": "2", "2": "1", None: None}
    assert winner_of(text, "21") == mirror[winner_of(text, "12")]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert winner_of(text, "12") in {"1", "2", None}


def test_a_label_that_was_shown_first_names_the_output_of_that_order() -> None:
    assert (winner_of("Output (a)", "12"), winner_of("Output (a)", "21")) == ("1", "2")
    with pytest.raises(ValueError, match="order"):
        winner_of("Output (a)", "both")


def test_an_answer_without_end_is_read_by_its_two_ends() -> None:
    words = "Output (a) is better at this, " * (LONGEST // 10)
    assert label_of(f"Output (b)\n{words}") == "b"
    assert label_of(f"{words}\nTherefore, Output (b) is better.") == "b"
