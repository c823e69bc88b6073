"""The one thread that computes: it gives each kind of work its turn, and sleeps where there is none.

One thread, because two computations at a time would share the same cores and be slower, and because neither the
pipeline nor the memory of the model driven by hand is made for several.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent_agency.inference.local.backend import Failed


class Lane(Protocol):
    """One kind of work."""

    def busy(self) -> bool:
        """Whether there is something to do; called from any thread."""
        ...

    def step(self) -> None:
        """Do a piece of it, well below a second where it can; whatever it raises has been told to who waits."""
        ...

    def end_all(self, failed: Failed) -> None:
        """End everything that was begun or waits."""
        ...


class Loop:
    """Runs lanes in turn, in a thread of its own, until closed."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = tuple(lanes)
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="openvino", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is new work."""
        with self._wake:
            self._wake.notify()

    def close(self, failed: Failed) -> None:
        """Stop after the present step, and end what is left."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()
        for lane in self._lanes:
            lane.end_all(failed)

    @property
    def closed(self) -> bool:
        """Whether it takes no more work."""
        return self._closed

    def _run(self) -> None:
        while self._wait():
            for lane in self._lanes:
                if lane.busy():
                    lane.step()

    def _wait(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._closed or any(lane.busy() for lane in self._lanes))
            return not self._closed
