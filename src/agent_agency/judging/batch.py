"""Judge many records so that each is accounted for, whatever the records, the engine or the clock do.

Records are asked by a few workers. A record that cannot be read, that times out or whose answer cannot be used has an
outcome of its own and stops nobody. When the engine fails again and again, it is left alone: what was not asked is
``not_run``, and the same command later goes on with just that.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from agent_agency.errors import AllowanceUsedUpError
from agent_agency.inference.protocol import Cancel
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.batch_outcome import Outcome, Work, work_of
from agent_agency.judging.batch_record import BatchRecord
from agent_agency.judging.subject import Subject

WORKERS = 4
PATIENCE = 10
"""Strikes until an engine is left alone: a failure is `FAILURE` of them, a time-out one; an answer forgives all."""
FAILURE = 2
GRACE_S = 5.0
"""Seconds for calls in flight to end once the run is cancelled; then they are left behind as not run."""
_POLL_S = 0.05


class Assessor(Protocol):
    """What judges one subject; a `judge.Judge` is one."""

    @property
    def version(self) -> str:
        """Names the judge."""
        ...

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        """Judge one subject."""
        ...


class Keeper(Protocol):
    """What keeps settled work; a `batch_journal.Journal` is one."""

    @property
    def settled(self) -> dict[tuple[str, str], Work]:
        """What is kept, by subject and judge."""
        ...

    def append(self, work: Work) -> None:
        """Keep one more."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many are asked at a time, and for how long (seconds) records are begun; ``None`` sets no limit.

    Where no number of workers is given, it is `WORKERS`; who knows how many an engine serves best says so.
    """

    workers: int | None = None
    limit_s: float | None = None


class MemoryKeeper:
    """Keeps settled work for as long as the process lives."""

    def __init__(self) -> None:
        self.settled: dict[tuple[str, str], Work] = {}

    def append(self, work: Work) -> None:
        """Keep one more."""
        self.settled[work.subject, work.judge] = work


def judge_batch(
    judge: Assessor,
    records: Sequence[BatchRecord],
    keeper: Keeper,
    bounds: Bounds,
    clock: Callable[[], float],
    told: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Outcome, ...]:
    """Judge records; equal subjects are asked once.

    Args:
        judge: what judges.
        records: what to judge.
        keeper: what was settled before, and where more is kept.
        bounds: workers and time.
        clock: seconds of a clock that only goes forward.
        told: called with how many subjects are done and how many there are.

    Returns:
        One outcome per record, in their order.

    Raises:
        FileUnwritableError: the keeper failed; nothing that it kept is lost.
    """
    wanted = _subjects(records, judge.version)
    left = {key: subject for key, subject in wanted.items() if key not in keeper.settled}
    done = _Run(judge, left, keeper, bounds, clock, lambda n: told(len(wanted) - len(left) + n, len(wanted))).run()
    found = {**done, **{key: keeper.settled[key] for key in wanted if key in keeper.settled}}
    return tuple(_outcome(one, judge.version, found) for one in records)


def _subjects(records: Iterable[BatchRecord], version: str) -> dict[tuple[str, str], Subject]:
    return {(one.subject.digest, version): one.subject for one in records if one.subject is not None}


def _outcome(record: BatchRecord, version: str, found: dict[tuple[str, str], Work]) -> Outcome:
    if record.subject is None:
        return Outcome(record.line, record.id, Work("", version, "error", "record", record.problem))
    return Outcome(record.line, record.id, found[record.subject.digest, version])


class _Run:
    """One run over what is left: threads take subjects, this thread keeps what they bring."""

    def __init__(
        self,
        judge: Assessor,
        left: dict[tuple[str, str], Subject],
        keeper: Keeper,
        bounds: Bounds,
        clock: Callable[[], float],
        told: Callable[[int], None],
    ) -> None:
        self._judge = judge
        self._left = left
        self._keeper = keeper
        self._bounds = bounds
        self._clock = clock
        self._told = told
        self._todo = iter(left.items())
        self._lock = threading.Lock()
        self._count = max(1, min(bounds.workers or WORKERS, len(left)))
        self._brought: queue.Queue[Work | None] = queue.Queue(self._count)
        self._cancel = Cancel()
        self._stopped = ""
        self._strikes = 0
        self._used_up = ""

    def run(self) -> dict[tuple[str, str], Work]:
        started = self._clock()
        count = self._count if self._left else 0
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            done = self._collect(len(threads), started)
        except BaseException:
            self._stop("interrupted")
            raise
        finally:
            for thread in threads:
                thread.join(timeout=_POLL_S)
        return {key: done.get(key) or self._not_run(key) for key in self._left}

    def _collect(self, working: int, started: float) -> dict[tuple[str, str], Work]:
        done: dict[tuple[str, str], Work] = {}
        ended: float | None = None
        while working:
            now = self._clock()
            if ended is None and self._bounds.limit_s is not None and now - started >= self._bounds.limit_s:
                self._stop("deadline")
                ended = now
            try:
                work = self._brought.get(timeout=_POLL_S)
            except queue.Empty:
                if ended is not None and now - ended >= GRACE_S:
                    break
                continue
            if work is None:
                working -= 1
                continue
            work = self._as_stopped(work)
            if work.settled:
                self._keeper.append(work)
            done[work.subject, work.judge] = work
            self._told(len(done))
        return done

    def _work(self) -> None:
        """A worker: take, ask, bring; it ends when nothing is left or the run is stopped."""
        while not self._stopped:
            with self._lock:
                taken = next(self._todo, None)
            if taken is None:
                break
            work = self._asked(*taken)
            self._strike(work)
            self._brought.put(work)
        self._brought.put(None)

    def _asked(self, key: tuple[str, str], subject: Subject) -> Work:
        try:
            return work_of(self._judge.assess(subject, cancel=self._cancel))
        except AllowanceUsedUpError as error:
            self._used_up = self._used_up or error.message
            self._stop("allowance")
            return Work(*key, "not_run", "allowance", error.message)
        except Exception as error:  # noqa: BLE001 - one record's defect may not take the others' outcomes along
            return Work(*key, "error", "defect", f"{type(error).__name__}: {error}"[:500])

    def _strike(self, work: Work) -> None:
        """Leave a dead engine alone; told by the worker, so that no other one takes more meanwhile."""
        with self._lock:
            if work.reason in {"engine", "timeout"}:
                self._strikes += FAILURE if work.reason == "engine" else 1
            elif work.status in {"judged", "abstained"}:
                self._strikes = 0
            if self._strikes >= PATIENCE:
                self._stop("circuit")

    def _stop(self, reason: str) -> None:
        self._stopped = self._stopped or reason
        if self._stopped not in {"circuit", "allowance"}:  # what is under way is paid for
            self._cancel.cancel()

    def _as_stopped(self, work: Work) -> Work:
        """What was cancelled because the run ended was not run, for the reason that it ended."""
        if work.reason == "cancelled" and self._stopped:
            return replace(work, status="not_run", reason=self._stopped)
        return work

    def _not_run(self, key: tuple[str, str]) -> Work:
        why = {
            "circuit": "the engine failed again and again and was left alone",
            "deadline": "the time for the batch was used up",
            "allowance": self._used_up,
        }
        return Work(*key, "not_run", self._stopped or "interrupted", why.get(self._stopped, "the run was interrupted"))
