"""Labels: what waits is scored together, as many tokens at a time as one pass takes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.inference.local.backend import Ended, Failed, Labelled
from agent_agency.inference.local.openvino.faults import CACHE_FULL, CANCELLED, failed
from agent_agency.inference.local.openvino.label_plan import CHUNK, LabelScorer, LabelWork, LabelWorkDone, NoRoomError
from agent_agency.inference.priming import Primed

if TYPE_CHECKING:
    from collections.abc import Callable

Tokens = tuple[int, ...]


@dataclass(slots=True, eq=False)
class LabelTask:
    """A prompt whose labels are to be scored, or with no labels a prefix to be computed."""

    work: LabelWork
    ended: Ended
    cancelled: bool = False
    over: bool = False

    def end(self, result: Labelled | Primed | Failed) -> None:
        """Tell how it ended, once."""
        if not self.over:
            self.over = True
            self.ended(result)


class LabelLane:
    """The model driven by hand and what waits for it.

    Args:
        open_scorer: makes the model ready; called at the first work, for not everybody scores labels.
        width: prompts of one pass at most.
        wake: wakes the loop.
    """

    def __init__(self, open_scorer: Callable[[], LabelScorer], width: int, wake: Callable[[], None]) -> None:
        self._open = open_scorer
        self._scorer: LabelScorer | None = None
        self._width = width
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[LabelTask] = deque()
        self.used = False

    def submit(self, work: LabelWork, ended: Ended) -> Callable[[], None]:
        """Take a prompt; what is returned cancels it while it waits."""
        task = LabelTask(work, ended)
        with self._lock:
            self.used = True
            self._waiting.append(task)
        self._wake()

        def cancel() -> None:
            task.cancelled = True
            self._wake()

        return cancel

    def prime(self, ids: Tokens, ended: Ended) -> Callable[[], None]:
        """Compute a prefix and keep it."""
        return self.submit(LabelWork(ids, len(ids), ()), ended)

    def busy(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def step(self) -> None:
        """Score what fits into one pass."""
        tasks = self._next()
        if not tasks:
            return
        try:
            self._work(tasks)
        except Exception:  # noqa: BLE001 - whatever the library raises, or no room: one alone may do
            self._one_by_one([task for task in tasks if not task.over])

    def end_all(self, failed: Failed) -> None:
        """End everything that waits."""
        with self._lock:
            waiting = [*self._waiting]
            self._waiting.clear()
        for task in waiting:
            task.end(failed)

    def _next(self) -> list[LabelTask]:
        """The first that wait, up to a pass's width and tokens; the cancelled among them are ended."""
        taken: list[LabelTask] = []
        gone: list[LabelTask] = []
        room = CHUNK
        with self._lock:
            while self._waiting and len(taken) < self._width and room > 0:
                task = self._waiting.popleft()
                if task.cancelled:
                    gone.append(task)
                else:
                    taken.append(task)
                    room -= len(task.work.ids) - task.work.shared
        for task in gone:
            task.end(CANCELLED)
        return taken

    def _work(self, tasks: list[LabelTask]) -> None:
        """Score tasks, priming what is only to be primed."""
        scorer = self._ready()
        asked = [task for task in tasks if task.work.labels]
        for task in tasks:
            if not task.work.labels:
                task.end(Primed(len(task.work.ids), scorer.prime(task.work.ids)))
        for task, done in zip(asked, scorer.score([task.work for task in asked]), strict=True):
            task.end(_labelled(task.work, done))

    def _one_by_one(self, tasks: list[LabelTask]) -> None:
        for task in tasks:
            try:
                self._work([task])
            except NoRoomError:
                task.end(CACHE_FULL)
            except Exception as error:  # noqa: BLE001 - as above, and told to who waits
                task.end(failed(error))

    def _ready(self) -> LabelScorer:
        if self._scorer is None:
            self._scorer = self._open()
        return self._scorer


def _labelled(work: LabelWork, done: LabelWorkDone) -> Labelled:
    scored = sum(score.tokens for score in done.scores)
    return Labelled(done.scores, len(work.ids), scored, done.cached)
