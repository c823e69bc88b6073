"""Drives a load through something that answers: so many callers, each with its next request when one is answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_agency.inference.labels import LabelReply
from agent_agency.inference.protocol import Reply

Answer = Reply | LabelReply


@dataclass(frozen=True, slots=True)
class Driven:
    """What a load came to: the answers in the requests' order, seconds that each took, and seconds of the whole."""

    answers: tuple[Answer, ...]
    latencies_s: tuple[float, ...]
    wall_s: float


def drive(
    asks: Sequence[Callable[[], Answer]],
    concurrency: int,
    timer: Callable[[], float],
    told: Callable[[int], None] = lambda _: None,
) -> Driven:
    """Ask everything, ``concurrency`` at a time.

    Args:
        asks: one call each; called from several threads.
        concurrency: callers; each waits for its answer before its next request.
        timer: seconds that only go forward.
        told: called with how many are answered.

    Raises:
        AgencyError: a request failed; the first failure ends the run, as a figure over what is left would flatter.
    """
    run = _Run(asks, timer, told)
    started = timer()
    threads = [threading.Thread(target=run.work, daemon=True) for _ in range(min(concurrency, len(asks)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = timer() - started
    if run.failure is not None:
        raise run.failure
    return Driven(tuple(one for one in run.answers if one is not None), tuple(run.latencies), wall)


class _Run:
    def __init__(
        self, asks: Sequence[Callable[[], Answer]], timer: Callable[[], float], told: Callable[[int], None]
    ) -> None:
        self._asks = asks
        self._timer = timer
        self._told = told
        self._lock = threading.Lock()
        self._next = 0
        self._done = 0
        self.answers: list[Answer | None] = [None] * len(asks)
        self.latencies = [0.0] * len(asks)
        self.failure: BaseException | None = None

    def work(self) -> None:
        while (mine := self._take()) is not None:
            started = self._timer()
            try:
                self.answers[mine] = self._asks[mine]()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                self.failure = self.failure or error
                return
            self.latencies[mine] = self._timer() - started
            with self._lock:
                self._done += 1
                self._told(self._done)

    def _take(self) -> int | None:
        with self._lock:
            if self.failure is not None or self._next >= len(self._asks):
                return None
            self._next += 1
            return self._next - 1
