"""Keeps what a batch settles twice: in its journal, line by line, and in the store as evaluations, some at a time.

The journal is first and says when a record was settled and by which run, so that an evaluation is the same bytes
whenever it is made of a line: a run that was killed in between records what is missing when it goes on, and nothing
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import EvaluationError
from agent_agency.judging.batch import Keeper
from agent_agency.judging.batch_outcome import Work
from agent_agency.judging.modes.mode_judge import ModeJudge
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import Recorded, recorded
from agent_agency.workflows.evaluation_records import Of, evaluation_of_work, save_recorded

BUFFERED = 64


@dataclass(slots=True)
class RecordingKeeper:
    """Hands each settled result on to a keeper, and keeps it in the store; use it in a ``with`` statement.

    Args:
        inner: keeps it first.
        judge: whose work it is.
        database: the store.
        clock: says when.
        run: names the run, unless what ``inner`` holds of this judge was begun by another, which then goes on.
    """

    inner: Keeper
    judge: ModeJudge
    database: Database
    clock: Clock
    run: str
    recorded: int = 0
    refused: list[str] = field(default_factory=list)
    _held: list[Recorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Go on with the run that was begun."""
        self.run = next((one.run for one in self._own() if one.run), self.run)

    @property
    def settled(self) -> dict[tuple[str, str], Work]:
        """What the inner keeper holds."""
        return self.inner.settled

    def append(self, work: Work) -> None:
        """Keep one more.

        Raises:
            FileUnwritableError: the inner keeper refused.
            StoreError: the store refused; the inner keeper has it, so that the next run can record it.
        """
        stamped = replace(work, at=rfc3339(self.clock.now()), run=self.run)
        self.inner.append(stamped)
        self._hold(stamped)
        if len(self._held) >= BUFFERED:
            self._write()

    def __enter__(self) -> Self:
        """Record what an earlier run settled and could not record any more."""
        for one in self._own():
            self._hold(one)
        self._write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write()

    def _own(self) -> Sequence[Work]:
        return [one for one in self.inner.settled.values() if one.judge == self.judge.version]

    def _hold(self, work: Work) -> None:
        """Take one for the store; what no record can be made of stays with the inner keeper alone, and is told."""
        if not work.at:
            return
        made = evaluation_of_work(self.judge, work, datetime.fromisoformat(work.at), Of(run=work.run))
        if made is None:
            return
        try:
            self._held.append(recorded(made))
        except EvaluationError as error:
            self.refused.append(error.message)

    def _write(self) -> None:
        if self._held:
            self.recorded += save_recorded(self.database, self._held)
            self._held.clear()
