"""A load with the shape of judging: one long rubric that every request shares, and short items that all differ.

The texts are made of words by a seed; they are of the wanted number of tokens for the model that is measured, and say
nothing: how fast a model answers does not depend on what it makes of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from agent_agency.errors import UsageError
from agent_agency.inference.protocol import Message

Count = Callable[[tuple[Message, ...]], int]

_RUBRIC = (
    "the change keeps to its task and its scope every claim is shown by a test that was run before and after nothing "
    "is removed that others rely on names say what they stand for errors are told and not swallowed a verdict of pass "
    "needs evidence from the text a verdict of fail names the line that is wrong partial means that some of it holds"
)
_ITEM = (
    "def return if not value is None raise for item in items self total count += 1 result [ ] ( ) : = == path name "
    "open read with as line assert test import from class list dict key values append sorted len range print"
)
_TRIES = 24
_WORD = 6
"""Tokens that a word may have for a small vocabulary."""


@dataclass(frozen=True, slots=True)
class LoadShape:
    """How large a load is: tokens of each judge's rubric and of each item, how many items, how many judges."""

    requests: int = 64
    rubric_tokens: int = 600
    item_tokens: int = 150
    judges: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class JudgeLoad:
    """The prompts of a load, judge by judge; ``shared`` leading messages are common to one judge's requests."""

    shape: LoadShape
    prompts: tuple[tuple[Message, ...], ...]
    shared: int = 1


def judge_load(shape: LoadShape, count: Count) -> JudgeLoad:
    """Make a load.

    Args:
        shape: how large it is.
        count: tokens of a whole prompt, as the model counts them.

    Raises:
        UsageError: a rubric or item of so few tokens cannot be made.
    """
    chance = random.Random(shape.seed)  # noqa: S311 - a load, nothing secret
    rubrics = [_fitted(_RUBRIC, shape.rubric_tokens, chance, count) for _ in range(shape.judges)]
    items = [_item(number, shape.item_tokens, chance, count) for number in range(shape.requests)]
    prompts = [(Message("system", rubric), Message("user", item)) for rubric in rubrics for item in items]
    return JudgeLoad(shape, tuple(prompts))


def _item(number: int, tokens: int, chance: random.Random, count: Count) -> str:
    """An item that differs from all others in its first word already, so that no two share more than the rubric."""
    return _fitted(_ITEM, tokens, chance, count, first=f"item_{number}")


def _fitted(words: str, tokens: int, chance: random.Random, count: Count, first: str = "") -> str:
    """Words that make so many tokens, as near as words come: to within a twentieth and a word."""
    bare = count((Message("user", ""),))
    known = words.split()
    drawn = [chance.choice(known) for _ in range(tokens + 1)]
    least, most = 1, len(drawn)
    for _ in range(_TRIES):
        middle = (least + most) // 2
        text = " ".join((first, *drawn[:middle])).strip()
        size = count((Message("user", text),)) - bare
        if abs(size - tokens) <= (tokens / 20 + _WORD if least >= most else 0):
            return text
        if least >= most:
            break
        if size < tokens:
            least = middle + 1
        else:
            most = middle
    raise UsageError(f"No text of {tokens} tokens can be made", fix="Ask for more tokens.")
