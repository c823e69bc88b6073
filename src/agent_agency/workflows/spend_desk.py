"""What remote calls cost this user, and stopping them; what calls on this machine took beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import UsageError
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.spend.book import month_of
from agent_agency.workflows.learning_store import open_learning_store, open_users_store, reading

if TYPE_CHECKING:
    from agent_agency.inference.engine_settings import EngineChoices, SpendLimits
    from agent_agency.store.local_use import EngineUse
    from agent_agency.store.model_runs import EngineTotals
    from agent_agency.store.spending import SpendCall, Spent, Switched, TaskSpent

MOST_TASKS = 20
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_YEARS_MONTHS = 12


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A reservation that is not settled; ``stale`` where its call can no longer be under way."""

    call: SpendCall
    stale: bool


@dataclass(frozen=True, slots=True)
class SpendView:
    """What is to be told.

    Args:
        month: that is looked at.
        limits: caps of the user's file.
        currency: of all amounts; empty where nothing has a price.
        spent: in the month.
        tasks: of the month, the dearest first.
        open: reservations of whatever month.
        switch: the last act of the switch; ``None`` where it was never used.
        local: calls by engine in this folder's store in the month, remote ones among them.
        here: what models of this machine were used for in the month, by whatever command or server.
    """

    month: str
    limits: SpendLimits
    currency: str
    spent: Spent
    tasks: tuple[TaskSpent, ...]
    open: tuple[OpenCall, ...]
    switch: Switched | None
    local: tuple[EngineTotals, ...]
    here: tuple[EngineUse, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether remote calls are stopped."""
        return self.switch is not None and self.switch.act == "stop"


@dataclass(frozen=True, slots=True)
class SpendDesk:
    """Where spending is looked at and stopped.

    Args:
        folder: where the command runs; what calls on this machine took is in its store.
        environment: the process's variables.
        clock: says when.
    """

    folder: Path
    environment: Mapping[str, str]
    clock: Clock

    def view(self, month: str | None = None) -> SpendView:
        """What was spent in a month, the present one where none is named.

        Raises:
            UsageError: that is no month.
            AgencyError: the user's file or a store cannot be read.
        """
        from agent_agency.store import local_use, spending

        wanted = month or month_of(self.clock.now())
        if not _MONTH.fullmatch(wanted):
            raise UsageError(f"{wanted[:40]!r} is no month", fix="Write it as 2026-01.")
        choices = load_engines(self.environment)
        currency = _currency(choices)
        with reading(open_users_store(self.environment)) as connection:
            if connection is None:
                nothing = spending.Spent(0, 0, 0, 0)
                return SpendView(wanted, choices.spend, currency, nothing, (), (), None, self._local(wanted))
            spent = spending.spent_in_month(connection, wanted, currency)
            tasks = spending.tasks_of_month(connection, wanted, currency, MOST_TASKS)
            still_open = spending.open_calls(connection)
            switch = spending.switched(connection)
            here = local_use.use_of_month(connection, wanted)
        now = rfc3339(self.clock.now())
        told = tuple(OpenCall(one, one.reservation.expires < now) for one in still_open)
        return SpendView(wanted, choices.spend, currency, spent, tasks, told, switch, self._local(wanted), here)

    def stop(self, who: str, reason: str) -> None:
        """Stop all remote calls of this user at once, in every process.

        Raises:
            StoreError: the store refused.
        """
        self._switch("stop", who, reason)

    def resume(self, who: str, reason: str) -> None:
        """Let remote calls go on.

        Raises:
            StoreError: the store refused.
        """
        self._switch("resume", who, reason)

    def release(self, names: tuple[str, ...], who: str, reason: str, *, stale: bool = False) -> tuple[str, ...]:
        """Count open reservations no longer; answer which.

        Args:
            names: their ids.
            who: releases them.
            reason: why.
            stale: also every one whose call can no longer be under way.

        Raises:
            UsageError: one of the names is no open reservation; nothing was released.
            StoreError: the store refused; nothing was released.
        """
        from agent_agency.store import spending

        now = rfc3339(self.clock.now())
        with open_users_store(self.environment).write() as connection:
            there = {one.reservation.id: one.reservation for one in spending.open_calls(connection)}
            missing = [name for name in names if name not in there]
            if missing:
                raise UsageError(
                    f"There is no open reservation {missing[0][:80]!r}",
                    fix="Run agency engine spend for those there are.",
                )
            chosen = [name for name, one in there.items() if name in names or (stale and one.expires < now)]
            for name in chosen:
                spending.release(connection, name, now, who, reason)
        return tuple(chosen)

    def _switch(self, act: str, who: str, reason: str) -> None:
        from agent_agency.store import spending

        made = spending.Switched("stop" if act == "stop" else "resume", rfc3339(self.clock.now()), who, reason)
        with open_users_store(self.environment).write() as connection:
            spending.switch(connection, made)

    def _local(self, month: str) -> tuple[EngineTotals, ...]:
        from agent_agency.store import model_runs

        with reading(open_learning_store(self.folder, self.environment)) as connection:
            if connection is None:
                return ()
            return model_runs.totals_by_engine(connection, f"{month}-01T", _next_month(month))


def _currency(choices: EngineChoices) -> str:
    return choices.spend.currency or next((one.currency for one in choices.engines.values() if one.currency), "")


def _next_month(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    later = datetime(year + number // _YEARS_MONTHS, number % _YEARS_MONTHS + 1, 1, tzinfo=UTC)
    return f"{later:%Y-%m}-01T"
