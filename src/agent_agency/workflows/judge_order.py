"""What stands first in the prompts of a review: the rubric, or the change that several judges look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from agent_agency.inference.scheduling.prompt_order import PromptSizes, cheaper_order
from agent_agency.judging.fence import fence_for
from agent_agency.judging.item_first import SAME_FENCE, ItemFirstLayout
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.shipped import shipped_rubric

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Message, Parameters
    from agent_agency.judging.prompt import JudgePrompt
    from agent_agency.judging.subject import Subject

CHARACTERS_PER_TOKEN = 4
"""Where an engine counts no tokens they are estimated so: about what common vocabularies make of English and code."""


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
        shares: whether other judges look at the same change, and the engine keeps what it computed of it.

    Raises:
        EngineError: the engine cannot be asked what it is.
        JudgeError: a demonstration is too long.
    """
    rubric, blinded = shipped_rubric(prompt.judge), tuple(names)
    layouts = [Layout(rubric, fence_for(secret, prompt.digest), blinded)]
    if shares:
        layouts.append(ItemFirstLayout(rubric, fence_for(secret, SAME_FENCE), blinded))
    return tuple(Judge(prompt, engine, layout, parameters=parameters) for layout in layouts)


def choose_orders(
    judges: Mapping[str, tuple[Judge, ...]], subject: Subject, vouched: Callable[[Judge], bool]
) -> dict[str, Judge]:
    """The ones to ask: those with a passing card, of which their right to block depends, else the cheaper order.

    Args:
        judges: by name, each as of `in_orders`.
        subject: the change.
        vouched: whether a judge's version has a passing card.

    Raises:
        EngineError: the engine cannot be asked to count.
        JudgeError: ``judge.too_long``.
    """
    if all(len(orders) == 1 for orders in judges.values()):
        return {name: orders[0] for name, orders in judges.items()}
    with_card = {name: next((one for one in orders if vouched(one)), None) for name, orders in judges.items()}
    free = [name for name, one in with_card.items() if one is None]
    shared_anyway = any(one is not None and one is judges[name][-1] for name, one in with_card.items())
    sizes = [sizes_of(judges[name], subject) for name in free]
    place = -1 if cheaper_order(sizes, there=shared_anyway) == "item_first" else 0
    return {name: one or judges[name][place] for name, one in with_card.items()}


def sizes_of(orders: tuple[Judge, ...], subject: Subject) -> PromptSizes:
    """The sizes of a judge's prompts, by the engine's own count where it has one, else estimated.

    Args:
        orders: the judge with the rubric first, and with the subject first.
        subject: what is judged.

    Raises:
        EngineError: the engine cannot be asked to count.
        JudgeError: ``judge.too_long``.
    """
    usual, other = (one.asked(subject) for one in orders)
    whole, shared = other.messages, other.messages[: other.shared]
    counted = [_tokens(orders[0].engine, one) for one in (usual.messages, whole, shared)]
    return PromptSizes(counted[0], counted[1], min(counted[1], counted[2]))


def _tokens(engine: Engine, messages: tuple[Message, ...]) -> int:
    counted = engine.count_tokens(messages)
    return sum(len(one.content) for one in messages) // CHARACTERS_PER_TOKEN if counted is None else counted
