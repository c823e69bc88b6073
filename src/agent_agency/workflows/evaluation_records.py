"""What a judge did, as records for the store: the evaluation, the calls that it took, the use of a sealed test."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agent_agency.clock import Clock, rfc3339
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import Evaluation, Recorded, recorded
from agent_agency.store.model_runs import ModelRun

if TYPE_CHECKING:
    from datetime import datetime

    from agent_agency.inference.calls import CallRecord
    from agent_agency.judging.assessment import Assessment
    from agent_agency.judging.batch_outcome import Work
    from agent_agency.judging.modes.mode_judge import ModeJudge

BUFFERED_CALLS = 64


@dataclass(frozen=True, slots=True)
class Of:
    """What an evaluation belongs to: a run, a part of a data set, and which of several answers on a subject it is."""

    run: str = ""
    split: str = ""
    repeat: int = 0


def evaluation_of(judge: ModeJudge, assessment: Assessment, at: datetime, of: Of = Of()) -> Evaluation:
    """One judge's work on one subject, as it is recorded.

    The verdict is the judge's as a whole, counting included; score, confidence, reasoning and quotes are the model's.
    Latency is that of all its calls; tokens are those of the calls that an engine was asked, as an answer that was kept
    or shared costs none again. A hit of the cache is one where every call was.
    """
    from agent_agency.judging.batch_outcome import work_of

    return _evaluation(judge, work_of(assessment), at, of)


def evaluation_of_work(judge: ModeJudge, work: Work, at: datetime, of: Of = Of()) -> Evaluation | None:
    """One record of a batch as `evaluation_of`; ``None`` where nothing was asked, as there is no answer to record.

    Args:
        judge: the judge that the batch asked.
        work: what became of a record.
        at: when.
        of: what it belongs to.
    """
    return None if work.assessment is None else _evaluation(judge, work, at, of)


def _evaluation(judge: ModeJudge, work: Work, at: datetime, of: Of) -> Evaluation:
    told = work.assessment or {}
    answer, calls, verdict = told["answer"], told["calls"], told["verdict"]
    abstained = verdict == "abstain"
    identity = dict(judge.engine.identity)
    last = calls[-1] if calls else {name: identity.get(name, "") for name in ("model", "model_digest")}
    return Evaluation(
        at=rfc3339(at),
        judge=judge.prompt.judge,
        version=work.judge,
        prompt=judge.prompt_digest,
        model=last["model"],
        model_digest=last["model_digest"],
        engine=judge.engine.name,
        parameters=judge.parameters_digest,
        subject=work.subject,
        verdict=verdict,
        score=None if abstained else answer["score"],
        confidence=None if abstained else answer["confidence"],
        latency_s=sum(one["latency_s"] for one in calls),
        identity=identity,
        abstained_because=answer["abstained_because"] if abstained else "",
        reasoning=answer["reasoning"] or work.problem,
        evidence=tuple(answer["evidence"]),
        suggestions=tuple(answer["suggestions"]),
        prompt_tokens=_tokens(calls, "prompt"),
        completion_tokens=_tokens(calls, "completion"),
        cached_tokens=_tokens(calls, "cached"),
        cache_hit=bool(calls) and all(one["cache_hit"] for one in calls),
        split=of.split,
        run=of.run,
        repeat=of.repeat,
        counted=tuple(one["criterion"] for one in told["counted"] if one["met"] is False),
    )


def save_evaluations(database: Database, evaluations: Sequence[Evaluation]) -> int:
    """Record evaluations in one transaction; answer how many were not there yet.

    Raises:
        EvaluationError: one is not what it must be; then none is recorded.
        StoreError: the database refused.
    """
    return save_recorded(database, [recorded(one) for one in evaluations])


def save_recorded(database: Database, records: Sequence[Recorded]) -> int:
    """As `save_evaluations`, of what was made a record already.

    Raises:
        StoreError: the database refused.
    """
    from agent_agency.store import evaluations as table

    with database.write() as connection:
        return table.add(connection, records)


@dataclass(frozen=True, slots=True)
class SealedUses:
    """Counts the uses of a sealed test in the store."""

    database: Database
    clock: Clock

    def count_use(self, *, dataset: str, judge: str, who: str, why: str) -> int:
        """Write one use down; how many there are now of these labels for this judge.

        Raises:
            StoreError: it could not be written, so the labels are not to be opened.
        """
        from agent_agency.store import sealed_uses

        use = sealed_uses.SealedUse(dataset, judge, who, why, rfc3339(self.clock.now()))
        with self.database.write() as connection:
            return sealed_uses.add_use(connection, use)


@dataclass(slots=True)
class StoredCalls:
    """Takes records of calls from several threads and keeps them in the store, some at a time.

    Use it as a context manager: what is still held is written at its end, whatever ended it.
    """

    database: Database
    run: str
    _held: list[ModelRun] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, record: CallRecord) -> None:
        """Take one record.

        Raises:
            StoreError: the records so far could not be written.
        """
        with self._lock:
            self._held.append(_model_run(self.run, record))
            if len(self._held) >= BUFFERED_CALLS:
                self._write()

    def flush(self) -> None:
        """Write what is held."""
        with self._lock:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def _write(self) -> None:
        from agent_agency.store import model_runs

        if self._held:
            with self.database.write() as connection:
                model_runs.add_calls(connection, self._held)
            self._held.clear()


def _model_run(run: str, record: CallRecord) -> ModelRun:
    details = {
        "identity": dict(record.identity),
        "model": record.model,
        "model_digest": record.model_digest,
        "parameters": {**asdict(record.parameters), "stop": list(record.parameters.stop)},
        "prompt_digest": record.prompt_digest,
        "rollout": record.rollout,
    }
    tokens = (record.usage.prompt, record.usage.completion, record.usage.cached)
    at = rfc3339(record.at)
    return ModelRun(run, at, record.engine, record.outcome, *tokens, record.latency_s, record.cache_hit, details)


def _tokens(calls: Sequence[Mapping[str, Any]], name: str) -> int | None:
    """Those of the calls that an engine was asked; ``None`` where there were such calls and none tells."""
    asked = [one["usage"][name] for one in calls if not one["cache_hit"]]
    known = [count for count in asked if count is not None]
    return sum(known) if known or (calls and not asked) else None
