"""The book of what remote calls cost: one reservation a call, held against the caps before the call is made.

Whoever reserves holds the store's only write lock, in SQLite and in Postgres, so that two processes can never both take
the last of an allowance. A reservation that nobody settles, as after a crash, stays counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import AllowanceUsedUpError
from agent_agency.inference.engine_settings import SpendLimits
from agent_agency.inference.spend.money import cost_of, told
from agent_agency.store import spending
from agent_agency.store.spending import Reservation, Settlement, Switched

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.inference.protocol import Usage
    from agent_agency.store.database import Database

_MARGIN_S = 60.0
"""A call that is this long over its deadline is no longer under way."""


@dataclass(frozen=True, slots=True)
class Price:
    """Micro-units of a currency for a million tokens of prompts and of answers."""

    prompt: int
    completion: int
    currency: str


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that a call can use: tokens of its prompt and of its answer, and its deadline in seconds."""

    prompt: int
    completion: int
    deadline_s: float


@dataclass(frozen=True, slots=True)
class SpendBook:
    """What one task may spend.

    Args:
        database: the user's own store, which all tasks share.
        limits: the caps.
        task: what the calls are made for; its cap holds over all months.
        clock: says when, and so which month (UTC).
        new_id: names reservations.
    """

    database: Database
    limits: SpendLimits
    task: str
    clock: Clock
    new_id: Callable[[], str]

    def refuse_stopped(self) -> None:
        """Refuse while remote calls are stopped.

        Raises:
            AllowanceUsedUpError: ``spend.stopped``.
            StoreError: the store cannot be asked; then nothing may be called either.
        """
        if not self.database.exists():
            return
        with self.database.read() as connection:
            _refuse_stopped(connection)

    def reserve(self, engine: str, price: Price, bound: Bound) -> Reservation:
        """Count the most that a call can cost, before it is made.

        Raises:
            AllowanceUsedUpError: remote calls are stopped (``spend.stopped``), or a cap would be passed
                (``spend.month_used_up``, ``spend.task_used_up``); nothing was reserved.
            StoreError: the store cannot be written; nothing may be called then.
        """
        now = self.clock.now()
        wanted = self._reservation(engine, price, bound, now)
        with self.database.write() as connection:
            _refuse_stopped(connection)
            self._refuse_beyond(connection, wanted)
            spending.reserve(connection, wanted)
        return wanted

    def settle(self, one: Reservation, usage: Usage | None, *, free: bool = False) -> int:
        """Count what a call really came to.

        Args:
            one: its reservation.
            usage: what the engine told; where a count is missing, the whole reservation is counted.
            free: whether the server refused it before doing anything.

        Returns:
            what is counted now, in micro-units.

        Raises:
            StoreError: the store cannot be written; the reservation stays counted.
        """
        counts = (None, None) if usage is None else (usage.prompt, usage.completion)
        if free:
            amount = 0
        elif counts[0] is None or counts[1] is None:
            amount = one.reserved
        else:
            amount = cost_of(counts[0], one.price_prompt) + cost_of(counts[1], one.price_completion)
        with self.database.write() as connection:
            spending.settle(connection, one.id, Settlement(amount, *counts, rfc3339(self.clock.now())))
        return amount

    def _reservation(self, engine: str, price: Price, bound: Bound, now: datetime) -> Reservation:
        most = cost_of(bound.prompt, price.prompt) + cost_of(bound.completion, price.completion)
        return Reservation(
            id=f"S-{self.new_id()}",
            at=rfc3339(now),
            expires=rfc3339(now + timedelta(seconds=min(bound.deadline_s, 7 * 86_400.0) + _MARGIN_S)),
            month=month_of(now),
            task=self.task,
            engine=engine,
            currency=price.currency,
            price_prompt=price.prompt,
            price_completion=price.completion,
            reserved=most,
        )

    def _refuse_beyond(self, connection: Connection, wanted: Reservation) -> None:
        limits = self.limits
        if wanted.reserved == 0:
            return  # a server that costs nothing is no matter of the caps, used up or not
        if limits.month is not None:
            spent = spending.spent_in_month(connection, wanted.month, wanted.currency).counted
            if spent + wanted.reserved > limits.month:
                raise _beyond("month", f"the month {wanted.month}", limits.month, spent, wanted)
        if limits.task is not None:
            spent = spending.spent_on_task(connection, wanted.task, wanted.currency).counted
            if spent + wanted.reserved > limits.task:
                raise _beyond("task", f"the task {wanted.task}", limits.task, spent, wanted)


def month_of(moment: datetime) -> str:
    """The month that a call at a moment counts for, in UTC, as ``2026-01``."""
    return rfc3339(moment)[: len("2026-01")]


def _refuse_stopped(connection: Connection) -> None:
    last = spending.switched(connection)
    if last is not None and last.act == "stop":
        raise _stopped(last)


def _stopped(last: Switched) -> AllowanceUsedUpError:
    why = f": {last.reason}" if last.reason else ""
    return AllowanceUsedUpError(
        f"Remote calls were stopped by {last.who} at {last.at}{why}",
        fix="Run agency engine spend resume when they may go on, or use a model on this machine.",
        code="spend.stopped",
    )


def _beyond(scope: str, whose: str, cap: int, spent: int, wanted: Reservation) -> AllowanceUsedUpError:
    left, need = told(max(0, cap - spent), wanted.currency), told(wanted.reserved, wanted.currency)
    return AllowanceUsedUpError(
        f"A call of {wanted.engine} may cost {need}, and {left} are left of the {told(cap, wanted.currency)} "
        f"for {whose}",
        fix=f"Raise '{scope}' below [spend] in your engines.toml, see agency engine spend, or use a model here.",
        code=f"spend.{scope}_used_up",
    )
