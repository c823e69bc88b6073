"""Who runs when: independent gates side by side, a gate only after those that it needs, and all ended by Ctrl-C."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from agent_agency.facts import GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.workflows.gates_stopped import NOT_BEGUN, STOPPED, GatesStoppedError

_LOOK_UP_S = 0.2


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to run, and how.

    ``run`` measures one gate and does not raise; ``unmet`` gives the result of a gate whose need, named with it, did
    not come true. ``workers`` is how many run at once. ``cancel`` is set when all must end. A need that is not among
    ``gates`` was left out of this change and counts as met.
    """

    gates: Sequence[ConfiguredGate]
    run: Callable[[ConfiguredGate], GateResult]
    unmet: Callable[[ConfiguredGate, str], GateResult]
    workers: int
    cancel: threading.Event = field(default_factory=threading.Event)


def run_schedule(schedule: Schedule) -> dict[str, GateResult]:
    """Run all gates of a schedule; their results by name.

    Ctrl-C interrupts whatever the main thread does, so that thread does nothing but wait: no gate can be begun and not
    be known of. It waits for a socket, as an interrupt may leave a lock of Python's own taken for ever, and looks up at
    times, as one that comes just before a wait does not end it.

    Raises:
        GatesStoppedError: on Ctrl-C, once every tool has ended; also where it was cancelled by anybody else.
    """
    course = _Course(schedule)
    ended, ending = socket.socketpair()
    with ended:
        aside = threading.Thread(target=course.run, args=(ending,))
        try:
            aside.start()
            while not _can_read(ended):
                pass
        except BaseException as error:
            schedule.cancel.set()
            if aside.ident is not None:
                aside.join()
            if isinstance(error, KeyboardInterrupt):
                raise GatesStoppedError(course.states()) from None
            raise
        aside.join()
    return course.results()


def _can_read(stream: socket.socket) -> bool:
    return bool(select.select([stream], [], [], _LOOK_UP_S)[0])


class _Course:
    """How far a schedule is; ends early once it is cancelled."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._done: dict[str, GateResult] = {}
        self._running: dict[Future[GateResult], ConfiguredGate] = {}
        self._failure: BaseException | None = None

    def run(self, ending: socket.socket) -> None:
        """Run all gates, and close what tells of the end."""
        with ending, ThreadPoolExecutor(max(1, self._schedule.workers)) as pool:
            try:
                self._run(pool)
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                self._failure = error
                self._schedule.cancel.set()

    def results(self) -> dict[str, GateResult]:
        """The results by name, once all has ended; never fewer than there are gates."""
        if self._failure is not None:
            raise self._failure
        if any(gate.name not in self._done for gate in self._schedule.gates):
            raise GatesStoppedError(self.states())
        return self._done

    def _run(self, pool: ThreadPoolExecutor) -> None:
        schedule, done, running = self._schedule, self._done, self._running
        waiting = list(schedule.gates)
        while (waiting or running) and not schedule.cancel.is_set():
            waiting = _begin(schedule, pool, waiting, running, done)
            if waiting and not running:
                done |= {gate.name: schedule.unmet(gate, gate.needs[0]) for gate in waiting}
                break
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            if not schedule.cancel.is_set():
                done |= {running.pop(future).name: future.result() for future in ended}

    def states(self) -> dict[str, str]:
        """How each gate stood when all was stopped."""
        states = {gate.name: NOT_BEGUN for gate in self._schedule.gates}
        states |= {gate.name: STOPPED for gate in self._running.values()}
        return states | {name: str(result.status) for name, result in self._done.items()}


def _begin(
    schedule: Schedule,
    pool: ThreadPoolExecutor,
    waiting: list[ConfiguredGate],
    running: dict[Future[GateResult], ConfiguredGate],
    done: dict[str, GateResult],
) -> list[ConfiguredGate]:
    """Begin what can begin now, and settle what never will; what is left has to wait."""
    planned = {gate.name for gate in schedule.gates}
    while True:
        unmet = [(gate, need) for gate in waiting if (need := _unmet(gate, done))]
        if not unmet:
            break
        done |= {gate.name: schedule.unmet(gate, need) for gate, need in unmet}
        waiting = [gate for gate in waiting if gate.name not in done]
    free = max(1, schedule.workers) - len(running)
    ready = [gate for gate in waiting if all(need in done or need not in planned for need in gate.needs)][:free]
    running |= {pool.submit(schedule.run, gate): gate for gate in ready}
    begun = {gate.name for gate in ready}
    return [gate for gate in waiting if gate.name not in begun]


def _unmet(gate: ConfiguredGate, done: Mapping[str, GateResult]) -> str | None:
    """The first of its needs that ran and did not pass."""
    ran = [(need, done[need]) for need in gate.needs if need in done]
    return next((need for need, result in ran if result.applicable and result.status is not GateStatus.PASS), None)
