"""Which part of several judges' prompts goes first, so that the least is computed: what stands first is shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Order = Literal["rubric_first", "item_first"]


@dataclass(frozen=True, slots=True)
class PromptSizes:
    """Tokens of one judge's prompt for one item, laid out both ways.

    Args:
        rubric_first: of the whole prompt with the rubric first.
        item_first: of the whole prompt with the item first.
        shared: of the latter, what the prompts of all judges begin with.
    """

    rubric_first: int
    item_first: int
    shared: int

    def __post_init__(self) -> None:
        if min(self.rubric_first, self.shared, self.item_first - self.shared) < 0:
            raise ValueError("sizes are counts, and what is shared is a part of the prompt")


def cheaper_order(judges: Sequence[PromptSizes], *, there: bool = False) -> Order:
    """The layout in which some judges compute fewer tokens of one item's prompts, none of which was computed before.

    With the rubric first each prompt is computed whole. With the item first, what is shared is computed once, or not
    at all where it is there already; but such prompts are longer, as they say where the rubric is. So it pays where
    there are several judges and the item is not very short. At a tie the rubric stays first.

    Args:
        judges: that are free to take either order.
        there: whether somebody else computes the shared part anyway.
    """
    rubric_first = sum(one.rubric_first for one in judges)
    shared = max((one.shared for one in judges), default=0)
    item_first = sum(one.item_first - one.shared for one in judges) + (0 if there else shared)
    return "item_first" if item_first < rubric_first else "rubric_first"
