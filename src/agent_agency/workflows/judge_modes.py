"""Measure the modes of one judge on the same model and items: how far they agree, and what each costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import EngineError, JudgeError
from agent_agency.identity import random_id
from agent_agency.inference.calls import Metered
from agent_agency.judging.modes.agreement import AgainstTruth, Agreement, against_truth, agreements
from agent_agency.judging.modes.label_judge import LabelJudge
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.evaluation_records import StoredCalls
from agent_agency.workflows.judge_items import ItemSet, items_for
from agent_agency.workflows.judge_serving import Served, best_width, served
from agent_agency.workflows.judge_ways import SECRET_BYTES, USUAL, AskMode, Opening, Way, check_labels_scored
from agent_agency.workflows.mode_asking import AskedAll, ask_all

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.store.database import Database
    from agent_agency.workflows.mode_shelf import ModeShelf

SCHEMA_VERSION = 1
_CANNOT = frozenset({"engine.no_labels", "engine.context_too_short", "judge.not_calibrated"})
"""Codes of what keeps one mode from being asked."""


@dataclass(frozen=True, slots=True)
class ModesRequest:
    """What to measure.

    Args:
        judge: whose question is asked.
        modes: which modes; ``full`` is always among them, as the others are held against it.
        way: order and wording; its mode counts for nothing.
        source: a file of records; ``None`` for the dev split of the shipped training set.
        most_items: how many are asked about at most.
        workers: calls at once; ``None`` for the engine's own width.
        call_s: seconds that one call may take.
    """

    judge: str
    modes: tuple[AskMode, ...] = ("label", "short", "full")
    way: Way = USUAL
    source: Path | None = None
    most_items: int | None = None
    workers: int | None = None
    call_s: float = 120.0


@dataclass(frozen=True, slots=True)
class ModesServices:
    """What measuring needs from outside; ``tell`` is told the mode, how many are done, and of how many."""

    engine: Engine
    parameters: Parameters
    database: Database
    clock: Callable[[], float]
    now: Clock
    secret: Callable[[int], bytes]
    shelf: ModeShelf
    tell: Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ModeRow:
    """One mode.

    Args:
        mode: its name.
        version: of the judge in this mode; empty where it could not be asked.
        calibrated: whether its labels are; ``None`` where it has none.
        asked: what came of it; ``None`` where it could not be asked.
        why_not: why it could not be.
        truth: how it does against labels, where there are any.
    """

    mode: AskMode
    version: str
    calibrated: bool | None
    asked: AskedAll | None
    why_not: str = ""
    truth: AgainstTruth | None = None

    @property
    def answered(self) -> int:
        """Items that the engine answered."""
        return 0 if self.asked is None else sum(one is not None for one in self.asked.verdicts)

    @property
    def abstained(self) -> int:
        """Items that it answered without a verdict."""
        return 0 if self.asked is None else sum(one == "abstain" for one in self.asked.verdicts)

    @property
    def requests_per_s(self) -> float | None:
        """Calls per second."""
        if self.asked is None or not self.asked.seconds:
            return None
        return self.asked.tokens.calls / self.asked.seconds


@dataclass(frozen=True, slots=True)
class Modes:
    """The modes of one judge, measured."""

    judge: str
    engine: str
    identity: Mapping[str, str]
    language_model: bool
    way: Way
    items: ItemSet
    workers: int
    measured_at: str
    rows: tuple[ModeRow, ...]
    pairs: tuple[Agreement, ...]

    def row(self, mode: str) -> ModeRow:
        """The row of a mode."""
        return next(one for one in self.rows if one.mode == mode)

    def against_full(self, mode: str) -> Agreement | None:
        """A mode against whole answers; ``None`` where they have no verdict between them."""
        return next((one for one in self.pairs if {one.first, one.second} == {mode, "full"}), None)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as it is kept."""
        return {
            "schema_version": SCHEMA_VERSION,
            "judge": self.judge,
            "engine": self.engine,
            "identity": dict(self.identity),
            "language_model": self.language_model,
            "order": self.way.order,
            "labels": self.way.wording,
            "items": {"source": self.items.source, "n": len(self.items.items), "digest": self.items.digest},
            "workers": self.workers,
            "measured_at": self.measured_at,
            "modes": [self._row(one) for one in self.rows],
            "pairs": [{"first": one.first, "second": one.second, **_pair(one)} for one in self.pairs],
        }

    def _row(self, row: ModeRow) -> dict[str, Any]:
        tokens = None if row.asked is None else row.asked.tokens
        against = self.against_full(row.mode) if row.mode != "full" else None
        return {
            "mode": row.mode,
            "version": row.version,
            "calibrated": row.calibrated,
            "why_not": row.why_not,
            "answered": row.answered,
            "abstained": row.abstained,
            "seconds": None if row.asked is None else round(row.asked.seconds, 3),
            "requests": 0 if tokens is None else tokens.calls,
            "requests_per_s": None if row.requests_per_s is None else round(row.requests_per_s, 3),
            "prompt_tokens": 0 if tokens is None else tokens.prompt,
            "cached_tokens": 0 if tokens is None else tokens.cached,
            "computed_tokens": 0 if tokens is None else tokens.computed,
            "completion_tokens": 0 if tokens is None else tokens.completion,
            "against_full": None if against is None else _pair(against),
            "accuracy": None if row.truth is None else _truth(row.truth),
        }


def _pair(one: Agreement) -> dict[str, Any]:
    kappa = one.kappa
    return {
        "share": one.share,
        "low": one.interval.low,
        "high": one.interval.high,
        "n": one.n,
        "both_abstained": one.both_abstained,
        "kappa": None if kappa is None else {"value": kappa.value, **kappa.interval.as_dict()},
        "standing": one.standing,
    }


def _truth(one: AgainstTruth) -> dict[str, Any]:
    return {"value": one.accuracy, "low": one.interval.low, "high": one.interval.high, "n": one.n}


def measure_modes(request: ModesRequest, services: ModesServices) -> Modes:
    """Ask one judge about the same items in each mode, and keep what is found.

    A mode that the engine cannot serve is listed with the reason. Every call is recorded as a model run; the answers
    are no evaluations, as they say something of modes and nothing of anybody's work.

    Raises:
        JudgeError: there is no such judge, a record cannot be read, or whole answers gave not one verdict.
        EngineError: the engine cannot be asked what it is, or its context is too short for whole answers.
        FileUnreadableError: the file of records, or a calibration, cannot be read.
        FileUnwritableError: what was measured could not be kept.
        StoreError: the store refused, or there is no home to keep it in.
    """
    prompt = active_prompt(services.database, request.judge)
    items = items_for(prompt, request.source, request.most_items)
    workers = request.workers or best_width(services.engine)
    with (
        StoredCalls(services.database, f"modes-{random_id()}") as calls,
        served(services.engine, request.judge, measuring=True) as asked,
    ):
        engine = Metered(asked.engine, calls, services.now)
        secret = services.secret(SECRET_BYTES)
        opening = Opening(
            prompt, engine, services.parameters, secret, services.shelf.calibration, call_s=request.call_s
        )
        opening.check_room(replace(request.way, mode="full"))  # without whole answers the others would be for nothing
        modes: tuple[AskMode, ...] = (*(one for one in dict.fromkeys(request.modes) if one != "full"), "full")
        bench = _Bench(opening, items, workers, services, asked)
        rows = tuple(_row(replace(request.way, mode=mode), bench) for mode in modes)
    full = rows[-1]
    if not full.answered:
        raise JudgeError(
            f"Whole answers cannot be had, so nothing can be held against them: {_why(full)}",
            fix="Check the engine: agency engine check.",
            code="judge.no_answers",
        )
    found = Modes(
        judge=request.judge,
        engine=services.engine.name,
        identity=services.engine.identity,
        language_model=services.engine.capabilities().language_model,
        way=request.way,
        items=items,
        workers=workers,
        measured_at=rfc3339(services.now.now()),
        rows=rows,
        pairs=agreements({one.mode: one.asked.verdicts for one in rows if one.asked is not None}),
    )
    services.shelf.keep_agreement(full.version, found.as_dict())
    return found


def _why(row: ModeRow) -> str:
    return row.why_not or (row.asked.problem if row.asked else "") or "the engine answered nothing"


@dataclass(frozen=True, slots=True)
class _Bench:
    """What each mode is measured with."""

    opening: Opening
    items: ItemSet
    workers: int
    services: ModesServices
    served: Served


def _row(way: Way, bench: _Bench) -> ModeRow:
    opening, items, services = bench.opening, bench.items, bench.services
    try:
        check_labels_scored(services.engine, way.mode)
        opening.check_room(way)
        judge = opening.judge(way)
    except (EngineError, JudgeError) as error:
        if error.stable_code not in _CANNOT:
            raise
        return ModeRow(way.mode, "", None, None, error.message)
    told = partial(services.tell, way.mode)
    asked = ask_all(
        bench.served.in_turn(judge), items, bench.workers, services.clock, told, lambda: bench.served.prefill.primed
    )
    calibrated = judge.calibration is not None if isinstance(judge, LabelJudge) else None
    truth = against_truth(way.mode, asked.verdicts, [one.truth for one in items.items])
    return ModeRow(way.mode, judge.version, calibrated, asked, asked.problem, truth)
