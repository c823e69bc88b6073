"""Judge the records of a file with the prompt that is in use now, and write what became of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.clock import Clock
from agent_agency.errors import FileUnreadableError, FileUnwritableError
from agent_agency.identity import random_id
from agent_agency.inference.calls import Metered
from agent_agency.judging.batch import Bounds, Keeper, MemoryKeeper, judge_batch
from agent_agency.judging.batch_journal import Journal
from agent_agency.judging.batch_outcome import Outcome, Work
from agent_agency.judging.batch_record import BatchRecord, lines_of, read_records
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.evaluation_records import StoredCalls
from agent_agency.workflows.judge_run_keeper import RecordingKeeper
from agent_agency.workflows.judge_serving import Served, best_width, served
from agent_agency.workflows.judge_ways import SECRET_BYTES, USUAL, Opening, Way, check_labels_scored
from agent_agency.workflows.mode_asking import NO_TOKENS, Tokens, tokens_of
from agent_agency.workflows.mode_notes import mode_notes
from agent_agency.workflows.mode_shelf import NO_SHELF, ModeShelf
from agent_agency.workflows.whole_file import spare, write_whole

if TYPE_CHECKING:
    from agent_agency.inference.call_cache import CallCache
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.store.database import Database

JOURNAL = ".journal"
"""What the journal's name adds to that of the output file."""


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What to judge.

    Args:
        judge: whose question is asked.
        source: the file of records, JSON lines.
        out: where the outcomes go; the journal stands beside it. ``None`` keeps nothing.
        bounds: workers and time; where no number of workers is given, it is the engine's own width.
        names: of authors and agents, to be blinded.
        call_s: seconds that one call may take.
        way: in which mode, and with what first in the prompt.
    """

    judge: str
    source: Path
    out: Path | None
    bounds: Bounds
    names: tuple[str, ...] = ()
    call_s: float = 120.0
    way: Way = USUAL


@dataclass(frozen=True, slots=True)
class BatchServices:
    """What judging needs from outside.

    Args:
        engine: what answers, and ``parameters`` how its answers are drawn.
        database: where evaluations and calls are recorded.
        clock: seconds that only go forward, for limits.
        now: says when something was settled.
        secret: random bytes.
        told: called with how many subjects are done and how many there are.
        shelf: calibrations, and what is known of how far modes agree.
        cache: kept answers; ``None`` asks the engine anew.
    """

    engine: Engine
    parameters: Parameters
    database: Database
    clock: Callable[[], float]
    now: Clock
    secret: Callable[[int], bytes]
    told: Callable[[int, int], None]
    shelf: ModeShelf = NO_SHELF
    cache: CallCache | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of a batch.

    Args:
        judge: whose question was asked, and ``version`` which judge answered.
        engine: its name; ``language_model`` whether it is one.
        outcomes: one per record, in their order.
        resumed: subjects that an earlier run had settled.
        seconds: that the batch took.
        run: names the run in the store.
        recorded: evaluations that are new in the store.
        refused: why some could not be recorded, a sentence each.
        way: how the judge was asked, and ``notes`` what must be known of it, a sentence each.
        tokens: of this run's calls; those of an earlier run that was gone on with are not among them.
    """

    judge: str
    version: str
    engine: str
    language_model: bool
    outcomes: tuple[Outcome, ...]
    resumed: int
    seconds: float
    run: str
    recorded: int
    refused: tuple[str, ...]
    way: Way = USUAL
    notes: tuple[str, ...] = ()
    tokens: Tokens = NO_TOKENS

    @property
    def works(self) -> Sequence[Work]:
        """What became of each subject, equal ones once."""
        return tuple({(one.work.subject, one.work.judge): one.work for one in self.outcomes}.values())

    @property
    def problem(self) -> str:
        """What was wrong with the first that has no verdict; empty where all have one."""
        return next((one.problem for one in self.works if one.reason and one.problem), "")

    @property
    def by_mode(self) -> Mapping[str, int]:
        """How many subjects were decided in which mode; more than one for a cascade."""
        found = (one.assessment for one in self.works if one.status in {"judged", "abstained"})
        return Counter(str(assessment["mode"]) for assessment in found if assessment and "mode" in assessment)

    @property
    def saved_by_labels(self) -> int:
        """Tokens of answers that a cascade did not have written: as many for each as whole answers took on average."""
        told = [(one.assessment or {}) for one in self.works]
        whole = [one["calls"][-1]["usage"]["completion"] or 0 for one in told if one.get("mode") == "full"]
        return round(sum(whole) / len(whole) * self.by_mode.get("label", 0)) if whole else 0

    @property
    def by_status(self) -> Mapping[str, int]:
        """How many records ended how."""
        return Counter(one.work.status for one in self.outcomes)

    @property
    def by_reason(self) -> Mapping[str, int]:
        """How many records have no verdict, by reason."""
        return Counter(one.work.reason for one in self.outcomes if one.work.reason)

    @property
    def by_verdict(self) -> Mapping[str, int]:
        """How many records have which verdict, counting included."""
        found = (one.work.assessment for one in self.outcomes if one.work.status == "judged")
        return Counter(str(assessment["verdict"]) for assessment in found if assessment)


def run_batch(request: BatchRequest, services: BatchServices) -> BatchResult:
    """Judge every record of a file, and record each answer as an evaluation and each call as a model run.

    Raises:
        JudgeError: there is no such judge, or the journal is busy or damaged; a cascade has no calibration.
        EngineError: the engine cannot be asked what it is, scores no labels where the mode needs them, or has no room
            for the judge's rubric.
        FileUnreadableError: the file of records cannot be read.
        FileUnwritableError: what is to be kept cannot be written.
        StoreError: the store refused; the journal keeps what was answered.
        UsageError: what is to be kept would be written over the records.
    """
    if request.out is not None:
        spare(request.out, request.source)
        spare(_journal_of(request.out), request.source)
    records = records_of(request.source)
    bounds = replace(request.bounds, workers=request.bounds.workers or best_width(services.engine))
    with served(services.engine, request.judge, services.cache) as asked:
        return _judged(records, replace(request, bounds=bounds), replace(services, engine=asked.engine), asked)


def _judged(
    records: Sequence[BatchRecord], request: BatchRequest, services: BatchServices, asked: Served
) -> BatchResult:
    started = services.clock()
    run = f"judge-{random_id()}"
    calls = StoredCalls(services.database, run)
    check_labels_scored(services.engine, request.way.mode)
    opening = _opening(request, services, calls)
    opening.check_room(request.way)
    judge = opening.judge(request.way)
    language_model = services.engine.capabilities().language_model  # asked now: afterwards the server may be gone
    with _keeper(request.out) as journal, calls:
        keeper = RecordingKeeper(journal, judge, services.database, services.now, run)
        calls.run = keeper.run
        wanted = {one.subject.digest for one in records if one.subject is not None}
        earlier = {digest for digest in wanted if (digest, judge.version) in keeper.settled}
        with keeper:
            outcomes = judge_batch(asked.in_turn(judge), records, keeper, request.bounds, services.clock, services.told)
        if request.out is not None:
            lines = (json.dumps(one.as_dict(), ensure_ascii=False) for one in outcomes)
            write_whole(request.out, "".join(f"{line}\n" for line in lines).encode("utf-8"))
    return BatchResult(
        judge=request.judge,
        version=judge.version,
        engine=services.engine.name,
        language_model=language_model,
        outcomes=outcomes,
        resumed=len(earlier),
        seconds=max(0.0, services.clock() - started),
        run=keeper.run,
        recorded=keeper.recorded,
        refused=tuple(keeper.refused),
        way=request.way,
        notes=mode_notes(request.way, judge, opening, services.shelf),
        tokens=tokens_of((one.work for one in outcomes if one.work.subject not in earlier), asked.prefill.primed),
    )


def _opening(request: BatchRequest, services: BatchServices, calls: StoredCalls) -> Opening:
    return Opening(
        prompt=active_prompt(services.database, request.judge),
        engine=Metered(services.engine, calls, services.now),
        parameters=services.parameters,
        secret=services.secret(SECRET_BYTES),
        calibration=services.shelf.calibration,
        names=request.names,
        call_s=request.call_s,
    )


def records_of(source: Path) -> Sequence[BatchRecord]:
    """The records of a file, bad ones included.

    Raises:
        FileUnreadableError: it cannot be read.
    """
    try:
        with source.open("rb") as stream:
            return tuple(read_records(lines_of(stream)))
    except (OSError, ValueError) as error:
        raise FileUnreadableError(
            f"The records cannot be read: {getattr(error, 'strerror', None) or error}",
            fix="Give a file with one JSON object per line.",
            path=str(source),
        ) from error


def _keeper(out: Path | None) -> AbstractContextManager[Keeper]:
    if out is None:
        return nullcontext(MemoryKeeper())
    if out.exists() and not out.is_file():
        raise FileUnwritableError(
            "The outcomes go to a file, so that a stopped run can go on", fix="Name a regular file.", path=str(out)
        )
    return Journal(_journal_of(out))


def _journal_of(out: Path) -> Path:
    return out.with_name(out.name + JOURNAL)
