"""The models of one process: loaded when they are asked, within a budget of memory, unloaded when nobody asks.

A request takes a lease. The pool loads the model where it is not warm, lets the least recently used idle ones go where
there is no room, and never one that works on a request; where requests never cease, models take turns (`turns`).
The budget is for all processes together (`memory_claims`).
Loading goes on in a thread of its own, so that a request with a short deadline ends in time and the next one finds the
model warm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import EngineError
from agent_agency.inference.pool.budget import leavers
from agent_agency.inference.pool.memory_claims import NoClaims
from agent_agency.inference.pool.pool_errors import (
    cancelled,
    closed,
    no_such_model,
    not_in_time,
    over_budget,
    same_again,
    unexpected,
)
from agent_agency.inference.pool.pooled import AlwaysWarm
from agent_agency.inference.pool.slot import Slot, Standing
from agent_agency.inference.pool.turns import comes_first, who_goes_for_others, who_yields
from agent_agency.store.pool_events import PoolEvent

if TYPE_CHECKING:
    from agent_agency.inference.pool.history import PoolHistory
    from agent_agency.inference.pool.memory_claims import Claims
    from agent_agency.inference.pool.pooled import Member, PooledEngine
    from agent_agency.inference.pool.states import Event, State
    from agent_agency.inference.protocol import Cancel

DEATHS = frozenset({"engine.process_died", "engine.hung", "engine.out_of_memory", "engine.load_timeout"})
"""Errors of an engine after which its model is not loaded any more."""
_LOOK_S = 0.05
_CLOSE_S = 30.0


@dataclass(frozen=True, slots=True)
class PoolServices:
    """What a pool draws on: where events go, what time it is, seconds that only go forward, which process it is.

    ``claims`` tell what other processes hold of the memory.
    """

    history: PoolHistory
    clock: Clock
    timer: Callable[[], float] = time.monotonic
    process: str = ""
    claims: Claims = field(default_factory=NoClaims)


class ModelPool:
    """Models that share a budget of memory.

    Args:
        members: with different names.
        budget_bytes: that all loaded models may hold together, those of other processes among them.
        services: history and clocks.
    """

    def __init__(self, members: Sequence[Member], budget_bytes: int, services: PoolServices) -> None:
        self.budget_bytes = budget_bytes
        self._services = services
        self._changed = threading.Condition()
        self._events: list[PoolEvent] = []
        self._telling = threading.Lock()
        self._closed = False
        self._slots: dict[str, Slot] = {}
        for one in members:
            self.add(one)

    def add(self, one: Member) -> None:
        """Take one more model; of two with one name the first stays."""
        expected = self._services.history.measured(one.engine.name, one.setup) or one.estimate_bytes
        state: State = "warm" if isinstance(one.engine, AlwaysWarm) else "cold"
        with self._changed:
            self._slots.setdefault(one.engine.name, Slot(one, expected, self._services.timer(), state))

    def standings(self) -> tuple[Standing, ...]:
        """How every model stands, by name."""
        with self._changed:
            now = self._services.timer()
            return tuple(self._slots[name].standing(now) for name in sorted(self._slots))

    @contextmanager
    def lease(self, name: str, deadline_s: float, cancel: Cancel | None = None) -> Iterator[PooledEngine]:
        """The engine of a warm model, which stays loaded until the block ends.

        Args:
            name: of the model.
            deadline_s: seconds to wait for it to be loaded.
            cancel: ends the wait.

        Raises:
            EngineError: there is no such model; it alone is over the budget (``engine.over_budget``); it cannot be
                loaded, or not in time; or the pool was closed.
        """
        slot = self._slot(name)
        self._take(slot, self._services.timer() + deadline_s, cancel)
        try:
            yield slot.member.engine
        except EngineError as error:
            if error.stable_code in DEATHS:
                self._crashed(slot, error)
            raise
        finally:
            self._give_back(slot)

    def start(self) -> None:
        """Begin to load the models that are to be warm from the start, in their order; returns at once."""
        for slot in self._slots.values():
            if slot.member.warm:
                self.load_ahead(slot.name)

    def load_ahead(self, name: str) -> None:
        """Begin to load a model that is not loaded; a failure is told to whoever asks it next.

        Raises:
            EngineError: there is no such model, or it alone is over the budget.
        """
        slot = self._slot(name)
        with self._changed:
            self._refuse_too_large(slot)
            if slot.taken or slot.state not in {"cold", "failed"} or self._closed:
                return
            slot.taken = True
        self._load_in_thread(slot, ahead=True)

    def drain(self, name: str) -> None:
        """Let a model end its requests and go cold; one that is not warm is left as it is.

        Raises:
            EngineError: there is no such model.
        """
        slot = self._slot(name)
        with self._changed:
            if slot.state != "warm":
                return
            self._note(slot, "drain")
            last = self._takes_leave(slot)
        if last:
            self._unload(slot)
        self._tell()

    def tick(self) -> None:
        """Look after the pool: models idle for longer than they are kept go cold, and so do those over the budget."""
        with self._changed:
            now = self._services.timer()
            for slot in self._slots.values():
                if slot.state == "warm":
                    slot.measure()
            ended = {one.name for one in self._slots.values() if one.idle and one.ended}
            gone = ended | {one.name for one in self._slots.values() if _idle_too_long(one, now)}
            rest = [one.resident() for one in self._slots.values() if one.memory and one.name not in gone]
            gone |= set(who_goes_for_others(self._services.claims.others(), self.budget_bytes, rest, now))
            leaving = [self._slots[name] for name in sorted(gone)]
            for slot in leaving:
                self._note(slot, "drain", detail="its process had ended" if slot.name in ended else "")
                slot.taken = True
        for slot in leaving:
            self._unload(slot)
        with self._changed:
            self._claim()
        self._tell()

    def close(self, drain_s: float = _CLOSE_S) -> None:
        """Take no more requests, let those in flight end, and close every engine."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            end = self._services.timer() + drain_s
            while any(one.in_flight for one in self._slots.values()) and self._services.timer() < end:
                self._changed.wait(_LOOK_S)
        for slot in self._slots.values():
            slot.member.engine.close()
            with self._changed:
                if slot.state == "warm":
                    self._note(slot, "drain")
                if slot.state == "draining":
                    self._note(slot, "drained")
                slot.memory = 0
        with self._changed:
            self._services.claims.close()
        self._tell()

    def _slot(self, name: str) -> Slot:
        found = self._slots.get(name)
        if found is None:
            raise no_such_model(name, sorted(self._slots))
        return found

    def _take(self, slot: Slot, until: float, cancel: Cancel | None) -> None:
        with self._changed:
            seen = slot.attempts
            slot.waiting += 1
            try:
                while not self._is_ready(slot, seen):
                    self._wait(slot, until, cancel)
                slot.in_flight += 1
            finally:
                slot.waiting -= 1

    def _is_ready(self, slot: Slot, seen: int) -> bool:
        """Whether the model takes a request now; where it must be loaded, that is begun."""
        if self._closed:
            raise closed()
        if slot.state == "warm" and not slot.taken:
            return True
        self._refuse_too_large(slot)
        if slot.state == "failed" and slot.error is not None:
            waits = slot.try_at - self._services.timer()
            if slot.attempts > seen or waits > 0:
                raise same_again(slot.error, waits)
        if slot.state in {"cold", "failed"} and not slot.taken:
            slot.taken = True
            self._load_in_thread(slot, ahead=False)
        return False

    def _refuse_too_large(self, slot: Slot) -> None:
        if slot.expected > self.budget_bytes:
            raise over_budget(slot.name, slot.expected, self.budget_bytes)

    def _wait(self, slot: Slot, until: float, cancel: Cancel | None) -> None:
        if cancel is not None and cancel.cancelled:
            raise cancelled(slot.name)
        left = until - self._services.timer()
        if left <= 0:
            holders = [one.name for one in self._slots.values() if one.in_flight]
            raise not_in_time(slot.name, slot.state, holders, self._services.claims.others())
        self._changed.wait(min(left, _LOOK_S) if cancel is not None else left)

    def _give_back(self, slot: Slot) -> None:
        with self._changed:
            slot.in_flight -= 1
            slot.last_used = self._services.timer()
            last = self._takes_leave(slot)
            self._changed.notify_all()
        if last:  # in a thread of its own: the answer does not wait until the process has ended
            threading.Thread(target=self._let_go, args=(slot,), name=f"unload {slot.name}", daemon=True).start()

    def _let_go(self, slot: Slot) -> None:
        self._unload(slot)
        self._tell()

    def _takes_leave(self, slot: Slot) -> bool:
        """Whether a draining model has ended its requests and is to be unloaded by whoever asks."""
        if slot.state != "draining" or slot.in_flight or slot.taken:
            return False
        slot.taken = True
        return True

    def _crashed(self, slot: Slot, error: EngineError) -> None:
        with self._changed:
            if slot.state not in {"warm", "draining"} or slot.taken:
                return
            slot.failed(error, self._services.timer())
            self._note(slot, "crashed", detail=error.message)
            slot.taken = True
        self._unload(slot)
        self._tell()

    def _unload(self, slot: Slot) -> None:
        """Give the memory of a taken slot back; a draining model is cold then, a failed one stays failed."""
        problem = ""
        try:
            slot.member.engine.unload()
        except Exception as error:  # noqa: BLE001 - a model that goes must not take the one that comes along
            problem = unexpected(slot.name, error).message
        with self._changed:
            slot.memory = 0
            slot.taken = False
            self._claim()
            if slot.state == "draining":
                self._note(slot, "drained", detail=problem)
            self._changed.notify_all()

    def _load_in_thread(self, slot: Slot, *, ahead: bool) -> None:
        threading.Thread(target=self._load, args=(slot, ahead), name=f"load {slot.name}", daemon=True).start()

    def _load(self, slot: Slot, ahead: bool) -> None:  # noqa: FBT001 - a thread's argument
        if not self._made_room(slot, ahead=ahead):
            return
        self._tell()
        try:
            slot.member.engine.warm()
        except EngineError as error:
            self._not_loaded(slot, error)
        except Exception as error:  # noqa: BLE001 - whoever waits must be told, whatever it was
            self._not_loaded(slot, unexpected(slot.name, error))
        else:
            self._loaded(slot)
        self._tell()

    def _made_room(self, slot: Slot, *, ahead: bool) -> bool:
        """Set memory aside for a taken slot, as soon as there is some; not when nobody waits for it any more."""
        while True:
            with self._changed:
                if self._closed or not (slot.waiting or ahead):
                    slot.wants_since = None
                    slot.taken = False
                    self._claim()
                    self._changed.notify_all()
                    return False
                going = self._going_for(slot)
                if going == () and not self._services.claims.take(self._held() + slot.expected, self.budget_bytes):
                    going = None  # another process was quicker
                if going == ():
                    slot.wants_since = None
                    slot.memory = slot.expected
                    self._note(slot, "load")
                    return True
                self._claim()
                if going is None:
                    self._changed.wait(_LOOK_S)
                    continue
                leaving = [self._slots[name] for name in going]
                for one in leaving:
                    self._note(one, "drain", detail=f"makes room for {slot.name}")
                    one.taken = True
            for one in leaving:
                self._unload(one)

    def _going_for(self, slot: Slot) -> tuple[str, ...] | None:
        """The idle models that go for one that wants room; ``None`` where it must wait. The lock is held."""
        now, slots = self._services.timer(), self._slots.values()
        if slot.wants_since is None:
            slot.wants_since = now
        if not comes_first(slot, slots, now):
            return None
        residents = [one.resident() for one in slots if one.memory and one is not slot]
        budget = self.budget_bytes - self._services.claims.others().held
        going = leavers(slot.expected, budget, residents)
        if going is None:
            for name in who_yields(slot, slots, budget, now):
                self._note(self._slots[name], "drain", detail=f"lets {slot.name} have its turn")
        return going

    def _held(self) -> int:
        return sum(one.memory for one in self._slots.values())

    def _claim(self) -> None:
        """Let the other processes know what this one holds, and what it waits for; the lock is held."""
        wanted = sum(one.expected for one in self._slots.values() if one.wants_since is not None)
        self._services.claims.tell(self._held(), wanted)

    def _loaded(self, slot: Slot) -> None:
        with self._changed:
            slot.measure()
            too_large = slot.memory > self.budget_bytes
            if not too_large:
                slot.succeeded()
                slot.attempts += 1
                slot.last_used = slot.warm_since = self._services.timer()
                self._note(slot, "loaded", memory=slot.memory)
                slot.taken = False
                self._changed.notify_all()
        if too_large:
            self._not_loaded(slot, over_budget(slot.name, slot.memory, self.budget_bytes), memory=slot.memory)
        else:
            self.tick()

    def _not_loaded(self, slot: Slot, error: EngineError, memory: int | None = None) -> None:
        with self._changed:
            slot.failed(error, self._services.timer())
            slot.attempts += 1
            self._note(slot, "load_failed", memory=memory, detail=error.message)
        self._unload(slot)

    def _note(self, slot: Slot, event: Event, *, memory: int | None = None, detail: str = "") -> None:
        """Bring a slot into its next state and remember that for the history; the lock is held."""
        slot.move(event)
        at = rfc3339(self._services.clock.now())
        told = slot.member.setup, self._services.process
        self._events.append(PoolEvent(at, slot.name, event, slot.state, memory, detail[:500], *told))

    def _tell(self) -> None:
        """Hand events on to the history, in their order and without holding up requests."""
        with self._telling:
            with self._changed:
                events, self._events = self._events, []
            if events:
                self._services.history.add(events)


def _idle_too_long(slot: Slot, now: float) -> bool:
    kept = slot.member.keep_alive_s
    return slot.idle and kept is not None and slot.memory > 0 and now - slot.last_used >= kept
