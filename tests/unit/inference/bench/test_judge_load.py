from __future__ import annotations

import pytest

from agent_agency.errors import UsageError
from agent_agency.inference.bench.judge_load import LoadShape, judge_load
from agent_agency.inference.protocol import Message


def by_words(messages: tuple[Message, ...]) -> int:
    return 7 + sum(len(one.content.split()) for one in messages)


def test_prompts_are_of_the_wanted_size_and_share_just_the_rubric() -> None:
    load = judge_load(LoadShape(requests=5, rubric_tokens=60, item_tokens=15), by_words)
    assert len(load.prompts) == 5
    assert len({prompt[0] for prompt in load.prompts}) == 1
    assert {by_words(prompt) for prompt in load.prompts} == {7 + 60 + 15}
    assert len({prompt[1].content.split()[0] for prompt in load.prompts}) == 5


def test_each_judge_has_a_rubric_of_its_own_and_all_see_the_same_items() -> None:
    load = judge_load(LoadShape(requests=3, rubric_tokens=40, item_tokens=10, judges=2), by_words)
    assert len(load.prompts) == 6
    assert len({prompt[0] for prompt in load.prompts}) == 2
    assert len({prompt[1] for prompt in load.prompts}) == 3


def test_the_same_seed_makes_the_same_load() -> None:
    shape = LoadShape(requests=2, rubric_tokens=20, item_tokens=5, seed=4)
    assert judge_load(shape, by_words) == judge_load(shape, by_words)


def test_a_size_that_no_text_has_is_refused() -> None:
    with pytest.raises(UsageError, match="No text of 20 tokens"):
        judge_load(LoadShape(rubric_tokens=20), lambda _: 5)
