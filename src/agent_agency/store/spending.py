"""Money that remote calls may cost: reserved before each call, settled after it, and a switch that stops them all.

Amounts are whole micro-units of a currency. A reservation that was never settled keeps its amount counted, whatever
became of the process that made it: only a person releases it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent_agency.store.statements import next_number, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

_COLUMNS = (
    "id, at, expires, month, task, engine, currency, price_prompt, price_completion, reserved, state, settled, "
    "prompt_tokens, completion_tokens"
)
_SUMS = (
    "CAST(coalesce(sum(CASE WHEN state = 'reserved' THEN reserved ELSE 0 END), 0) AS BIGINT), "
    "CAST(coalesce(sum(CASE WHEN state = 'reserved' THEN 0 ELSE settled END), 0) AS BIGINT), "
    "CAST(coalesce(sum(CASE WHEN state = 'reserved' THEN 1 ELSE 0 END), 0) AS BIGINT), count(*)"
)
SwitchAct = Literal["stop", "resume"]


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may cost at most.

    Args:
        id: names it.
        at: when it was made, RFC 3339 in UTC; ``expires`` when the call can no longer be under way.
        month: it counts for, as ``2026-01``.
        task: what the call is made for.
        engine: by name.
        currency: of all amounts.
        price_prompt: micro-units for a million tokens; likewise ``price_completion``.
        reserved: micro-units.
    """

    id: str
    at: str
    expires: str
    month: str
    task: str
    engine: str
    currency: str
    price_prompt: int
    price_completion: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a call came to; tokens are ``None`` where the engine did not tell."""

    settled: int
    prompt_tokens: int | None
    completion_tokens: int | None
    at: str


@dataclass(frozen=True, slots=True)
class SpendCall:
    """A reservation and how it ended: ``reserved`` where it is open, else ``settled`` or ``released``."""

    reservation: Reservation
    state: str
    settled: int | None
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, slots=True)
class Spent:
    """Sums in micro-units: what is reserved by ``open`` calls, what is settled, and how many calls there were."""

    reserved: int
    settled: int
    open: int
    calls: int

    @property
    def counted(self) -> int:
        """What counts against a cap."""
        return self.reserved + self.settled


@dataclass(frozen=True, slots=True)
class TaskSpent:
    """What one task came to in a month."""

    task: str
    spent: Spent


@dataclass(frozen=True, slots=True)
class Switched:
    """Somebody stopped remote calls, or let them go on."""

    act: SwitchAct
    at: str
    who: str
    reason: str


def reserve(connection: Connection, one: Reservation) -> None:
    """Keep a reservation; the caller has held it against the caps in the same transaction."""
    run(
        connection,
        "INSERT INTO agency_spend_calls (number, id, at, expires, month, task, engine, currency, price_prompt, "
        "price_completion, reserved, state, ended_at, who, reason) VALUES (:number, :id, :at, :expires, :month, :task, "
        ":engine, :currency, :price_prompt, :price_completion, :reserved, 'reserved', '', '', '')",
        number=next_number(connection, "agency_spend_calls"),
        id=one.id,
        at=one.at,
        expires=one.expires,
        month=one.month,
        task=one.task,
        engine=one.engine,
        currency=one.currency,
        price_prompt=one.price_prompt,
        price_completion=one.price_completion,
        reserved=one.reserved,
    )


def settle(connection: Connection, name: str, settlement: Settlement) -> bool:
    """Settle an open reservation; answer whether it was open: what a person released stays released."""
    done = run(
        connection,
        "UPDATE agency_spend_calls SET state = 'settled', settled = :settled, prompt_tokens = :prompt, "
        "completion_tokens = :completion, ended_at = :at WHERE id = :id AND state = 'reserved'",
        id=name,
        settled=settlement.settled,
        prompt=settlement.prompt_tokens,
        completion=settlement.completion_tokens,
        at=settlement.at,
    )
    return bool(done.rowcount == 1)


def release(connection: Connection, name: str, at: str, who: str, reason: str) -> bool:
    """Count an open reservation no longer, on a person's word; answer whether it was open."""
    done = run(
        connection,
        "UPDATE agency_spend_calls SET state = 'released', settled = 0, ended_at = :at, who = :who, reason = :reason "
        "WHERE id = :id AND state = 'reserved'",
        id=name,
        at=at,
        who=who,
        reason=reason,
    )
    return bool(done.rowcount == 1)


def spent_in_month(connection: Connection, month: str, currency: str) -> Spent:
    """What the calls of a month come to."""
    query = f"SELECT {_SUMS} FROM agency_spend_calls WHERE month = :month AND currency = :currency"  # noqa: S608 - constants
    return Spent(*run(connection, query, month=month, currency=currency).one())


def spent_on_task(connection: Connection, task: str, currency: str) -> Spent:
    """What the calls of a task come to, in whatever month."""
    query = f"SELECT {_SUMS} FROM agency_spend_calls WHERE task = :task AND currency = :currency"  # noqa: S608 - constants
    return Spent(*run(connection, query, task=task, currency=currency).one())


def tasks_of_month(connection: Connection, month: str, currency: str, most: int) -> tuple[TaskSpent, ...]:
    """The tasks of a month that cost most, the dearest first."""
    query = (
        f"SELECT task, {_SUMS} FROM agency_spend_calls WHERE month = :month AND currency = :currency "  # noqa: S608 - constants
        "GROUP BY task ORDER BY sum(CASE WHEN state = 'reserved' THEN reserved ELSE settled END) DESC, task LIMIT :most"
    )
    rows = run(connection, query, month=month, currency=currency, most=most)
    return tuple(TaskSpent(str(task), Spent(*sums)) for task, *sums in rows)


def open_calls(connection: Connection) -> tuple[SpendCall, ...]:
    """Reservations that are neither settled nor released, the oldest first."""
    query = f"SELECT {_COLUMNS} FROM agency_spend_calls WHERE state = 'reserved' ORDER BY number"  # noqa: S608 - constants
    return tuple(SpendCall(Reservation(*row[:10]), *row[10:]) for row in run(connection, query))


def switch(connection: Connection, act: Switched) -> None:
    """Write down that remote calls are stopped, or may go on."""
    run(
        connection,
        "INSERT INTO agency_spend_switch (number, act, at, who, reason) VALUES (:number, :act, :at, :who, :reason)",
        number=next_number(connection, "agency_spend_switch"),
        act=act.act,
        at=act.at,
        who=act.who,
        reason=act.reason,
    )


def switched(connection: Connection) -> Switched | None:
    """The last act of the switch; ``None`` where nobody ever used it."""
    query = "SELECT act, at, who, reason FROM agency_spend_switch ORDER BY number DESC LIMIT 1"
    row = run(connection, query).one_or_none()
    return None if row is None else Switched(*row)
