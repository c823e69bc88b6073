"""Measure the judge that is in use now: its active prompt on one engine, on items that it has not seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from agent_agency.clock import Clock
from agent_agency.identity import random_id
from agent_agency.inference.calls import Metered
from agent_agency.judging.cards.measuring import Effort, Labelled, Tell
from agent_agency.judging.fence import fence_for
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.pairwise import Comparer
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.evaluation_records import SealedUses, StoredCalls
from agent_agency.workflows.judge_card import Items, measure_card

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.judging.cards.card import JudgeCard
    from agent_agency.store.database import Database

WHO = "agency judge card"
_SECRET_BYTES = 32
_ORDERS = 2

Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class CardRequest:
    """What to measure: the judge, with which items and how many of them, and how much is asked."""

    judge: str
    split: Split
    most_items: int | None
    effort: Effort


@dataclass(frozen=True, slots=True)
class CardServices:
    """What measuring needs from outside; ``secret`` is the source of the fences' secret."""

    engine: Engine
    parameters: Parameters
    database: Database
    clock: Clock
    secret: Callable[[int], bytes]
    tell: Tell


def run_card(request: CardRequest, services: CardServices) -> JudgeCard:
    """Measure the judge's present version; every call is recorded as a model run.

    The sealed test counts one use for each card that is measured on it.

    Raises:
        JudgeError: there is no such judge, or its prompt shows what it would be measured on.
        DatasetError: the shipped items are damaged.
        StoreError: the use of the sealed test could not be counted, or the active prompt cannot be read.
        MissingExtraError: numpy is not installed.
    """
    prompt = active_prompt(services.database, request.judge)
    layout = Layout(shipped_rubric(request.judge), fence_for(services.secret(_SECRET_BYTES), prompt.digest))
    with StoredCalls(services.database, f"card-{random_id()}") as calls:
        engine = Metered(services.engine, calls, services.clock)
        judge = Judge(prompt, engine, layout, parameters=services.parameters)
        comparer = partial(_first_chosen, Comparer(prompt, engine, layout, parameters=services.parameters))
        items = Items(_items(request, services), request.split)
        return measure_card(judge, items, request.effort, services.clock, comparer, services.tell)


def _first_chosen(comparer: Comparer, one: Subject, other: Subject) -> tuple[bool, ...]:
    """Only of a pair that was decided in both orders: one order alone would lean by which piece is the better one."""
    chosen = comparer.compare(one, other).first_chosen
    return chosen if len(chosen) == _ORDERS else ()


def _items(request: CardRequest, services: CardServices) -> tuple[Labelled, ...]:
    from agent_agency.learning.dataset import load
    from agent_agency.learning.dataset.sealed import open_sealed

    if request.split == "test":
        counter = SealedUses(services.database, services.clock)
        found = open_sealed(request.judge, counter, who=WHO, why="a judge card")
    else:
        found = load(request.judge, request.split)
    labelled = [Labelled(one.subject, one.verdict) for one in found]
    if request.most_items is not None and request.most_items < len(labelled):
        chance = random.Random(request.effort.seed)  # noqa: S311 - which items are asked about, not a secret
        labelled = [labelled[at] for at in sorted(chance.sample(range(len(labelled)), request.most_items))]
    return tuple(labelled)
