"""Demonstrations that were worked for: balanced draws, groups kept apart, never worse on the probe."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.exchange import Effort, balanced_draw, exchange, split_groups
from support.number_judge import number_example

NUMBERS = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def examples(numbers: list[float]) -> list[Example]:
    return [number_example(str(at), one, f"g{at % 5}") for at, one in enumerate(numbers)]


def right(shown: Sequence[Example], asked: Example) -> bool:
    number = float(asked.subject.output)
    nearest = min(shown, key=lambda one: abs(float(one.subject.output) - number))
    return nearest.truth.verdict == asked.truth.verdict


@given(numbers=NUMBERS, n=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_draw_is_as_balanced_as_the_examples_allow(numbers: list[float], n: int, seed: int) -> None:
    given_examples = examples(numbers)
    drawn = balanced_draw(given_examples, n, random.Random(seed))
    assert len(drawn) == min(n, len(given_examples))
    assert len({one.id for one in drawn}) == len(drawn)
    counts, there = (Counter(one.truth.verdict for one in some) for some in (drawn, given_examples))
    if len(there) == 2 and min(there.values()) >= n:
        assert abs(counts["pass"] - counts["fail"]) <= 1


@given(numbers=NUMBERS, seed=st.integers(0, 99))
def test_halves_share_no_group(numbers: list[float], seed: int) -> None:
    left, rest = split_groups(examples(numbers), random.Random(seed))
    groups = {one.group for one in examples(numbers)}
    if len(groups) > 1:
        assert not {one.group for one in left} & {one.group for one in rest}
    assert {one.id for one in left} | {one.id for one in rest} == {one.id for one in examples(numbers)}


def test_exchanges_make_fewer_errors_on_what_was_not_looked_at() -> None:
    before = after = 0
    for seed in range(12):
        chance = random.Random(seed)
        there, unseen = (examples([chance.random() for _ in range(80)]) for _ in range(2))
        worked = exchange(there[:6], there, right, Effort(exchanges=40, probe=40), random.Random(seed))
        assert len(worked) == 6
        before += sum(right(there[:6], one) for one in unseen)
        after += sum(right(worked, one) for one in unseen)
    assert after > before


def test_the_same_chance_makes_the_same_set() -> None:
    there = examples([at / 37 % 1 for at in range(60)])
    made = [exchange(there[:4], there, right, Effort(exchanges=10, probe=40), random.Random(7)) for _ in range(2)]
    assert made[0] == made[1]
