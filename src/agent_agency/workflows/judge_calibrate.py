"""Calibrate the labels of the judge that is in use now, and choose when they may decide alone.

Half of the items is fitted on; on the other half it is told how well that does, and the limits of the cascade are
chosen there against whole answers. Where the true verdicts are not known, only the prior is taken out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from agent_agency.clock import Clock
from agent_agency.errors import JudgeError
from agent_agency.identity import random_id
from agent_agency.inference.calls import Metered
from agent_agency.judging.modes.calibration import Calibration, Method
from agent_agency.judging.modes.fit_calibration import (
    Fit,
    Row,
    applied,
    fit_to_prior,
    fit_to_truth,
    held_out,
    refuse_few,
)
from agent_agency.judging.modes.label_verdict import answer_of
from agent_agency.judging.modes.label_words import SCORED
from agent_agency.judging.modes.limits import WANTED, Compared, choose_limits, least_items
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.evaluation_records import StoredCalls
from agent_agency.workflows.judge_items import Item, ItemSet, halves, items_for
from agent_agency.workflows.judge_serving import Served, best_width, served
from agent_agency.workflows.judge_ways import SECRET_BYTES, USUAL, AskMode, Opening, Way, check_labels_scored
from agent_agency.workflows.mode_asking import AskedAll, ask_all

if TYPE_CHECKING:
    from agent_agency.inference.call_cache import CallCache
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.judging.answer import Verdict
    from agent_agency.store.database import Database
    from agent_agency.workflows.mode_shelf import ModeShelf

_TINY = 1e-300
_Ask: TypeAlias = Callable[[AskMode, ItemSet], AskedAll]


@dataclass(frozen=True, slots=True)
class CalibrateRequest:
    """What to calibrate.

    Args:
        judge: whose question is asked.
        method: ``fitted`` needs true verdicts, ``prior`` none.
        way: order and wording; its mode counts for nothing.
        source: a file of records with ``verdict``; ``None`` for the dev split of the shipped training set.
        most_items: how many are asked about at most.
        agreement: with whole answers, for which the limits of the cascade are chosen; ``None`` chooses none.
        workers: calls at once; ``None`` for the engine's own width.
        call_s: seconds that one call may take.
    """

    judge: str
    method: Method = "fitted"
    way: Way = USUAL
    source: Path | None = None
    most_items: int | None = None
    agreement: float | None = WANTED
    workers: int | None = None
    call_s: float = 120.0


@dataclass(frozen=True, slots=True)
class CalibrateServices:
    """What calibrating needs from outside.

    ``tell`` is told what is asked, how many are done, and of how many. ``cache`` are the kept answers.
    """

    engine: Engine
    parameters: Parameters
    database: Database
    clock: Callable[[], float]
    now: Clock
    secret: Callable[[int], bytes]
    shelf: ModeShelf
    tell: Callable[[str, int, int], None]
    cache: CallCache | None = None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What came of it.

    Args:
        judge: whose question was asked.
        engine: its name.
        calibration: as it is kept in the file ``path``.
        path: the file.
        source: where the items are from.
        unanswered: items without scores, which count for nothing.
        compared: held-out items that were asked about in both modes; empty where no limits were chosen.
        why_no_limits: why none were chosen although they were asked for, so that no label decides alone; empty else.
    """

    judge: str
    engine: str
    calibration: Calibration
    path: Path
    source: str
    unanswered: int
    compared: tuple[Compared, ...]
    why_no_limits: str = ""

    @property
    def decided(self) -> tuple[Compared, ...]:
        """Those that the label alone decides within the limits."""
        limits = self.calibration.limits
        told = (one for one in self.compared if one.label != "abstain")
        return tuple(one for one in told if limits is not None and limits.decides(one.passing))


@dataclass(frozen=True, slots=True)
class _Scored:
    item: Item
    row: Row


def calibrate(request: CalibrateRequest, services: CalibrateServices) -> Calibrated:
    """Calibrate, and keep the calibration for the version that it was made for.

    Raises:
        EngineError: ``engine.no_labels``; it cannot be asked what it is, or its context is too short for what is asked.
        JudgeError: there is no such judge, a record cannot be read, or too few items have scores or labels.
        FileUnreadableError: the file of records cannot be read.
        FileUnwritableError: the calibration could not be kept.
        StoreError: the store refused, or there is no home to keep it in.
        MissingExtraError: numpy is not installed.
    """
    check_labels_scored(services.engine, "label")
    prompt = active_prompt(services.database, request.judge)
    items = items_for(prompt, request.source, request.most_items)
    refuse_few([one.truth for one in halves(items.items)[0]], request.method)
    modes: tuple[AskMode, ...] = ("label",) if request.agreement is None else ("label", "full")
    with (
        StoredCalls(services.database, f"calibrate-{random_id()}") as calls,
        served(services.engine, request.judge, services.cache) as asked,
    ):
        engine = Metered(asked.engine, calls, services.now)
        secret = services.secret(SECRET_BYTES)
        opening = Opening(prompt, engine, services.parameters, secret, call_s=request.call_s)
        for mode in modes:
            opening.check_room(replace(request.way, mode=mode))
        ask = partial(_asked, request, opening, services, asked)
        scored = _scores(ask, items)
        fitted, held = (_of(scored, part) for part in halves([one.item for one in scored]))
        fit = (fit_to_truth if request.method == "fitted" else fit_to_prior)([one.row for one in fitted])
        compared, why_not = _compared(ask, request.agreement, held, fit)
    limits = None if request.agreement is None else choose_limits(compared, request.agreement)
    made = Calibration(
        base=opening.label_base(request.way),
        method=request.method,
        temperature=fit.temperature,
        biases=fit.biases,
        items=len(fitted),
        data=ItemSet(tuple(one.item for one in fitted), items.source).digest,
        held=held_out([one.row for one in held], fit),
        limits=limits,
    )
    path = services.shelf.keep_calibration(made)
    missing = len(items.items) - len(scored)
    return Calibrated(request.judge, services.engine.name, made, path, items.source, missing, compared, why_not)


def _scores(ask: _Ask, items: ItemSet) -> tuple[_Scored, ...]:
    asked = ask("label", items)
    found = []
    for item, work in zip(items.items, asked.works, strict=True):
        told = (work.assessment or {}).get("scored")
        if told:
            shares = [max(told["probabilities"][verdict], _TINY) for verdict in SCORED]
            found.append(_Scored(item, Row(tuple(math.log(one) for one in shares), item.truth)))
    if not found:
        raise JudgeError(
            f"The engine scored the labels of no item: {asked.problem or 'it gave none'}",
            fix="Check the engine: agency engine check.",
            code="judge.no_answers",
        )
    return tuple(found)


def _compared(
    ask: _Ask, agreement: float | None, held: Sequence[_Scored], fit: Fit
) -> tuple[tuple[Compared, ...], str]:
    """The held-out items, each with what the label and a whole answer say of it, and why there are none."""
    if agreement is None:
        return (), ""
    least = least_items(agreement)
    if len(held) < least:
        return (), f"{len(held)} held-out items cannot show an agreement of {agreement:g}; {least} can, if all agree"
    items = ItemSet(tuple(one.item for one in held), "held out")
    whole = ask("full", items)
    both = zip(held, whole.verdicts, strict=True)
    compared = tuple(_one(one.row, fit, verdict) for one, verdict in both if verdict is not None)
    return compared, "" if compared else f"whole answers cannot be had: {whole.problem}"


def _one(row: Row, fit: Fit, full: Verdict) -> Compared:
    shares = applied(fit, row.scores)
    return Compared(shares[SCORED.index("pass")], answer_of(shares).verdict, full)


def _asked(
    request: CalibrateRequest,
    opening: Opening,
    services: CalibrateServices,
    asked: Served,
    mode: AskMode,
    items: ItemSet,
) -> AskedAll:
    judge = asked.in_turn(opening.judge(replace(request.way, mode=mode)))
    workers = request.workers or best_width(services.engine)
    return ask_all(judge, items, workers, services.clock, lambda done, of: services.tell(mode, done, of))


def _of(scored: Sequence[_Scored], part: Sequence[Item]) -> list[_Scored]:
    by_digest = {one.item.subject.digest: one for one in scored}
    return [by_digest[one.subject.digest] for one in part]
