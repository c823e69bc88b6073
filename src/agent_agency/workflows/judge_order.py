"""What stands first in the prompts of a review: the rubric, or the change that several judges look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from agent_agency.inference.priming import PrimingEngine
from agent_agency.inference.scheduling.prompt_order import cheaper_order
from agent_agency.judging.fence import fence_for
from agent_agency.judging.item_first import SAME_FENCE, ItemFirstLayout
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.shipped import shipped_rubric

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.judging.prompt import JudgePrompt
    from agent_agency.judging.subject import Subject

_CHARACTERS_PER_TOKEN = 4
_MORE_TOKENS = 150
"""What an order with the subject first takes more of each judge, in turns and words; measured: about 100."""


def in_orders(
    prompt: JudgePrompt, engine: Engine, parameters: Parameters, secret: bytes, names: Iterable[str], *, shares: bool
) -> tuple[Judge, ...]:
    """A judge with the rubric first, and where judges share a change that an engine keeps, one with the change first.

    Args:
        prompt: the one that is in use.
        engine: what answers.
        parameters: how answers are drawn.
        secret: for the fences.
        names: to be blinded.
        shares: whether other judges look at the same change.

    Raises:
        EngineError: the engine cannot be asked what it is.
        JudgeError: a demonstration is too long.
    """
    rubric, blinded = shipped_rubric(prompt.judge), tuple(names)
    layouts = [Layout(rubric, fence_for(secret, prompt.digest), blinded)]
    if shares and isinstance(engine, PrimingEngine):
        layouts.append(ItemFirstLayout(rubric, fence_for(secret, SAME_FENCE), blinded))
    return tuple(Judge(prompt, engine, layout, parameters=parameters) for layout in layouts)


def choose_order(judges: tuple[Judge, ...], asked: int, subject: Subject, vouched: Callable[[Judge], bool]) -> Judge:
    """The one to ask: one with a passing card, of which its right to block depends, else the cheaper one.

    Args:
        judges: as of `in_orders`.
        asked: how many judges look at the change.
        subject: the change.
        vouched: whether a judge's version has a passing card.
    """
    first = judges[0]
    if len(judges) == 1:
        return first
    with_card = next((one for one in judges if vouched(one)), None)
    if with_card is not None:
        return with_card
    item = max(0, _tokens(subject.task, subject.output, *subject.claims) - _MORE_TOKENS)
    rubric = _tokens(first.prompt.instructions, *(one.subject.output for one in first.prompt.demonstrations))
    return judges[-1] if cheaper_order(rubric, item, asked, 1) == "item_first" else first


def _tokens(*texts: str) -> int:
    return sum(map(len, texts)) // _CHARACTERS_PER_TOKEN
