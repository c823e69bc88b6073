"""Copies of requests that are answered beside the real ones: a few threads, a bounded queue, nothing that holds up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from agent_agency.inference.protocol import Cancel

_THREADS = 2
_MOST_WAITING = 8


class Copies:
    """Runs work in the background; what there is no room for is left out and counted.

    Args:
        threads: how many at once.
        most_waiting: beyond those that run.
    """

    def __init__(self, threads: int = _THREADS, most_waiting: int = _MOST_WAITING) -> None:
        self._room = threading.Semaphore(threads + most_waiting)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="copy")
        self._lock = threading.Lock()
        self._done = threading.Condition(self._lock)
        self._cancels: set[Cancel] = set()
        self._left_out = 0
        self._closed = False

    @property
    def left_out(self) -> int:
        """How many there was no room for."""
        return self._left_out

    def add(self, work: Callable[[Cancel], None], *, always: bool = False) -> bool:
        """Have work done in the background; answer whether it will be.

        Args:
            work: takes the switch that ends it; what it raises is its own affair.
            always: for short work that must not be left out while this is open.
        """
        if not always and not self._room.acquire(blocking=False):
            self._left_out += 1
            return False
        cancel = Cancel()
        with self._lock:
            if self._closed:
                return False
            self._cancels.add(cancel)
            self._threads.submit(self._run, work, cancel, always)
        return True

    def close(self, patience_s: float = 0.0) -> None:
        """Let what is there be done for so many seconds; then end what runs, leave out the rest, and return."""
        with self._lock:
            self._closed = True
            self._done.wait_for(lambda: not self._cancels, patience_s)
            for one in self._cancels:
                one.cancel()
        self._threads.shutdown(wait=True)

    def _run(self, work: Callable[[Cancel], None], cancel: Cancel, always: bool) -> None:  # noqa: FBT001 - a thread's argument
        try:
            if always or not cancel.cancelled:
                work(cancel)
        finally:
            with self._lock:
                self._cancels.discard(cancel)
                self._done.notify_all()
            if not always:
                self._room.release()
