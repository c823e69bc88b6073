"""Our reading of 27,718 recorded answers against the reading of their authors."""

from __future__ import annotations

from collections import Counter

import pytest

from agent_agency.judging.panels.completion import label_of, winner_of
from agent_agency.judging.panels.recorded import RecordedJudgment, read_judgments
from support.llmbar import JUDGMENTS, needs_llmbar

pytestmark = needs_llmbar

OTHERWISE_READ = {
    "PaLM2/CoT": 99,
    "ChatGPT/Swap_CoT": 16,
    "LLaMA2/Vanilla_2shot": 16,
    "LLaMA2/Vanilla_1shot": 14,
    "LLaMA2/Swap_CoT": 6,
    "Falcon/CoT": 3,
    "Falcon/Metrics": 3,
    "Falcon/Swap_CoT": 2,
    "GPT-4/Swap_CoT": 1,
    "LLaMA2/CoT": 1,
}
"""How many of the 478 answers of each judge are read otherwise; every one was looked at."""


@pytest.fixture(scope="module")
def answers() -> list[RecordedJudgment]:
    return [row for row in read_judgments(JUDGMENTS) if row.completion is not None]


def test_all_but_a_few_answers_are_read_as_their_authors_read_them(answers: list[RecordedJudgment]) -> None:
    differing = Counter(row.judge for row in answers if row.verdict(winner_of) != row.winner)
    assert dict(differing) == OTHERWISE_READ
    assert len(answers) == 27_724


def test_what_is_read_the_other_way_round_is_a_verdict_for_b_that_the_authors_took_for_a(
    answers: list[RecordedJudgment],
) -> None:
    for row in answers:
        ours = row.verdict(winner_of)
        if ours is not None and row.winner is not None and ours != row.winner:
            assert row.completion is not None
            assert label_of(row.completion) == "b"
            assert "utput (b) is better" in row.completion or row.completion.startswith("Output (b)\n")
