"""The process of one model over time: started when it is first needed, again when it ended, and not for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent_agency.inference.local.process_ends import Lost, stopped
from agent_agency.inference.local.restarts import RestartPolicy

if TYPE_CHECKING:
    from agent_agency.inference.local.model_process import ModelProcess
    from agent_agency.inference.local.waiting import Wait

ModelState: TypeAlias = Literal["cold", "loading", "warm", "draining", "failed"]
Make: TypeAlias = "Callable[[Callable[[Lost], None]], ModelProcess]"
_LOOK_S = 0.05


class KeptProcess:
    """At most one process at a time.

    Args:
        make: makes a process that has not begun, given what it calls when it is over.
        policy: of restarts.
        timer: seconds that only go forward.
    """

    def __init__(self, make: Make, policy: RestartPolicy, timer: Callable[[], float]) -> None:
        self._make = make
        self._policy = policy
        self._timer = timer
        self._lock = threading.Lock()
        self._process: ModelProcess | None = None
        self._draining = False
        self._closed = False
        self._ends: tuple[float, ...] = ()
        self._last: Lost | None = None
        self._failed: Lost | None = None
        self._starts = 0
        self._losses = 0

    @property
    def state(self) -> ModelState:
        """What the model is now."""
        with self._lock:
            if self._draining:
                return "draining"
            if self._process is None:
                return "cold" if self._failed is None else "failed"
            return "loading" if self._process.stage == "loading" else "warm"

    @property
    def current(self) -> ModelProcess | None:
        """The process that is there now, if one is."""
        return self._process

    @property
    def starts(self) -> int:
        """How many processes were started so far."""
        return self._starts

    @property
    def losses(self) -> int:
        """How many of them ended without being told to."""
        return self._losses

    @property
    def failure(self) -> Lost | None:
        """Why no process is started any more, where that is so."""
        return self._failed

    def running(self, wait: Wait) -> ModelProcess:
        """The process, started where there is none; it may still be loading.

        Raises:
            EngineError: ``engine.closed``; why the model cannot be loaded; ``engine.failed`` where the process ended
                too often; why it ended last, where it may not be started again before the call's deadline.
        """
        while True:
            with self._lock:
                found = self._found()
                if not isinstance(found, float):
                    return found
                reason = self._last or stopped()
            if found >= wait.remaining:
                raise reason.error()
            wait.pause(found)

    def forgive(self) -> None:
        """Forget the ends so far, so that a failed process is started again."""
        with self._lock:
            self._ends, self._failed = (), None

    def unload(self, drain_s: float, *, close: bool = False) -> None:
        """Let what runs end, and then the process; the next question starts another unless this is the close."""
        with self._lock:
            self._closed = self._closed or close
            process = self._process
            self._draining = process is not None
        try:
            if process is not None:
                process.stop(drain_s)
        finally:
            with self._lock:
                self._draining = False

    def _found(self) -> ModelProcess | float:
        """The process, or how many seconds to wait before looking again."""
        if self._closed:
            raise stopped().error()
        if self._draining:
            return _LOOK_S
        if self._process is not None:
            return self._process
        if self._failed is not None:
            raise self._failed.error()
        now = self._timer()
        at = self._policy.start_at(self._policy.recent(self._ends, now))
        if at is not None and at > now:
            return at - now
        self._process = process = self._make(self._over)
        self._starts += 1
        process.begin()
        return process

    def _over(self, lost: Lost) -> None:
        """The process is gone."""
        with self._lock:
            self._process = None
            if lost.code == "engine.closed":
                return
            self._last = lost
            self._losses += 1
            now = self._timer()
            self._ends = (*self._policy.recent(self._ends, now), now)
            if not lost.again:
                self._failed = lost
            elif self._policy.start_at(self._ends) is None:
                self._failed = _too_often(len(self._ends), self._policy, lost)


def _too_often(count: int, policy: RestartPolicy, lost: Lost) -> Lost:
    minutes = policy.window_s / 60
    return Lost(
        "engine.failed",
        f"The model's process ended {count} times within {minutes:g} minutes and is not started again; at last: "
        f"{lost.message}",
        lost.fix,
        again=False,
    )
