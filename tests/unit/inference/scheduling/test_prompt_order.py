from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.scheduling.prompt_order import cheaper_order

_TOKENS = st.integers(0, 10_000)
_SOME = st.integers(1, 50)


def _computed(first: str, rubric: int, item: int, judges: int, items: int) -> int:
    """Prompt by prompt: what stands first is computed once for all that share it."""
    seen: set[object] = set()
    tokens = 0
    for judge in range(judges):
        for number in range(items):
            head, head_tokens, rest = (("r", judge), rubric, item)
            if first == "item_first":
                head, head_tokens, rest = (("i", number), item, rubric)
            tokens += rest + (head_tokens if head not in seen else 0)
            seen.add(head)
    return tokens


@given(_TOKENS, _TOKENS, st.integers(1, 8), st.integers(1, 8))
def test_it_is_the_order_that_computes_fewer_tokens(rubric: int, item: int, judges: int, items: int) -> None:
    order = cheaper_order(rubric, item, judges, items)
    other = "item_first" if order == "rubric_first" else "rubric_first"
    assert _computed(order, rubric, item, judges, items) <= _computed(other, rubric, item, judges, items)


@given(_TOKENS, _TOKENS, _SOME)
def test_one_judge_keeps_the_rubric_first(rubric: int, item: int, items: int) -> None:
    assert cheaper_order(rubric, item, 1, items) == "rubric_first"


def test_several_judges_of_one_item_share_the_item() -> None:
    assert cheaper_order(600, 150, 4, 1) == "item_first"
    assert cheaper_order(600, 150, 4, 64) == "rubric_first"


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="counts"):
        cheaper_order(-1, 1, 1, 1)
