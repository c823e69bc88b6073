from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.scheduling.prompt_order import PromptSizes, cheaper_order

_TOKENS = st.integers(0, 5_000)
_SIZES = st.builds(lambda rubric, own, shared: PromptSizes(rubric, own + shared, shared), _TOKENS, _TOKENS, _TOKENS)


def _computed(order: str, judges: Sequence[PromptSizes], *, there: bool) -> int:
    """Prompt by prompt: what all share is computed by the first of them."""
    tokens = 0
    for one in judges:
        if order == "rubric_first":
            tokens += one.rubric_first
        else:
            tokens += one.item_first - (one.shared if there else 0)
            there = True
    return tokens


@given(st.lists(_SIZES, max_size=6), _TOKENS, st.booleans())
def test_it_is_the_order_that_computes_fewer_tokens(judges: list[PromptSizes], shared: int, there: bool) -> None:
    judges = [PromptSizes(one.rubric_first, one.item_first - one.shared + shared, shared) for one in judges]
    order = cheaper_order(judges, there=there)
    other = "item_first" if order == "rubric_first" else "rubric_first"
    assert _computed(order, judges, there=there) <= _computed(other, judges, there=there)


@given(st.integers(0, 5_000), st.integers(0, 500))
def test_one_judge_alone_keeps_the_rubric_first(rubric_first: int, longer: int) -> None:
    assert cheaper_order([PromptSizes(rubric_first, rubric_first + longer, rubric_first)]) == "rubric_first"


def test_several_judges_share_an_item_unless_it_is_shorter_than_what_sharing_takes_more() -> None:
    long = PromptSizes(rubric_first=800, item_first=850, shared=400)
    assert cheaper_order([long] * 4) == "item_first"
    short = PromptSizes(rubric_first=600, item_first=850, shared=200)
    assert cheaper_order([short] * 4) == "rubric_first"
    assert cheaper_order([short], there=True) == "rubric_first"
    assert cheaper_order([long], there=True) == "item_first"


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="counts"):
        PromptSizes(rubric_first=-1, item_first=1, shared=1)
    with pytest.raises(ValueError, match="counts"):
        PromptSizes(rubric_first=1, item_first=1, shared=2)
