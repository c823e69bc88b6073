"""Which part of a prompt goes first, so that the least is computed: what stands first can be shared."""

from __future__ import annotations

from typing import Literal

Order = Literal["rubric_first", "item_first"]


def cheaper_order(rubric_tokens: int, item_tokens: int, judges: int, items: int) -> Order:
    """The layout that computes fewer prompt tokens when each judge reads each item.

    With R tokens of rubric, I of item, J judges and N items there are J x N prompts of R + I tokens. Rubric first,
    each of the J rubrics is computed once and every item anew: ``J*R + J*N*I``. Item first, each of the N items is
    computed once and every rubric anew: ``N*I + J*N*R``. Item first is the cheaper one where
    ``I * N * (J - 1) > R * J * (N - 1)``: with one judge never, with one item always (where there is more than one
    judge), and for many of both about where the item is longer than the rubric. At a tie the rubric stays first, as
    it stays warm for items to come.

    Args:
        rubric_tokens: of one judge's rubric and demonstrations, the mean where they differ.
        item_tokens: of one item, the mean where they differ.
        judges: with a rubric each.
        items: that each of them reads while the prefixes stay warm.

    Raises:
        ValueError: a count is negative.
    """
    if min(rubric_tokens, item_tokens, judges, items) < 0:
        raise ValueError("tokens, judges and items are counts")
    rubric_first = judges * rubric_tokens + judges * items * item_tokens
    item_first = items * item_tokens + judges * items * rubric_tokens
    return "item_first" if item_first < rubric_first else "rubric_first"
