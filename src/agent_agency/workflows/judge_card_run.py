"""Measure the judge that is in use now: its active prompt on one engine, on items that it has not seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from agent_agency.clock import Clock
from agent_agency.identity import random_id
from agent_agency.inference.calls import Metered
from agent_agency.judging.cards.measuring import Effort, FirstChosen, Labelled, Tell
from agent_agency.judging.fence import fence_for
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.pairwise import Comparer
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.evaluation_records import SealedUses, StoredCalls
from agent_agency.workflows.judge_card import Items, measure_card
from agent_agency.workflows.judge_serving import Served, best_width, served
from agent_agency.workflows.judge_ways import SECRET_BYTES, USUAL, Opening, Way, check_labels_scored
from agent_agency.workflows.mode_shelf import NO_SHELF, ModeShelf

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.judging.cards.card import JudgeCard
    from agent_agency.store.database import Database

WHO = "agency judge card"
_ORDERS = 2

Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class CardRequest:
    """What to measure: the judge, with which items and how many of them, how much is asked, and in which mode."""

    judge: str
    split: Split
    most_items: int | None
    effort: Effort
    way: Way = USUAL


@dataclass(frozen=True, slots=True)
class CardServices:
    """What measuring needs from outside; ``secret`` is the source of the fences' secret."""

    engine: Engine
    parameters: Parameters
    database: Database
    clock: Clock
    secret: Callable[[int], bytes]
    tell: Tell
    shelf: ModeShelf = NO_SHELF


def run_card(request: CardRequest, services: CardServices) -> JudgeCard:
    """Measure the judge's present version; every call is recorded as a model run.

    The sealed test counts one use for each card that is measured on it.

    Raises:
        JudgeError: there is no such judge, or its prompt shows what it would be measured on; a cascade has no
            calibration.
        EngineError: ``engine.no_labels``.
        DatasetError: the shipped items are damaged.
        StoreError: the use of the sealed test could not be counted, or the active prompt cannot be read.
        MissingExtraError: numpy is not installed.
    """
    check_labels_scored(services.engine, request.way.mode)
    prompt = active_prompt(services.database, request.judge)
    with (
        StoredCalls(services.database, f"card-{random_id()}") as calls,
        served(services.engine, request.judge, measuring=True) as asked,
    ):
        engine = Metered(asked.engine, calls, services.clock)
        secret = services.secret(SECRET_BYTES)
        opening = Opening(prompt, engine, services.parameters, secret, services.shelf.calibration)
        opening.check_room(request.way)
        judge = opening.judge(request.way)
        items = Items(_items(request, services), request.split)
        chosen = _comparing(opening, asked) if request.way.mode == "full" else None
        workers = request.effort.workers or best_width(services.engine)
        effort = replace(request.effort, workers=workers, in_turn=asked.in_turn)
        told = (services.clock, chosen, services.tell)
        return measure_card(judge, items, effort, *told, request.way.as_dict())


def _comparing(opening: Opening, asked: Served) -> FirstChosen:
    """Compares two subjects with whole answers; a mode without them has no figure for where something is shown."""
    prompt = opening.prompt
    layout = Layout(shipped_rubric(prompt.judge), fence_for(opening.secret, prompt.digest))
    return partial(_first_chosen, asked, Comparer(prompt, opening.engine, layout, parameters=opening.parameters))


def _first_chosen(asked: Served, comparer: Comparer, one: Subject, other: Subject) -> tuple[bool, ...]:
    """Only of a pair that was decided in both orders: one order alone would lean by which piece is the better one."""
    with asked.room():
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
