"""Books of what is spent, with a clock that tests set, and a program that reserves beside others of its kind."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent_agency.errors import AllowanceUsedUpError
from agent_agency.inference.engine_settings import SpendLimits
from agent_agency.inference.spend.book import Bound, Price, SpendBook
from agent_agency.store.database import Database

PRICE = Price(prompt=1_000_000, completion=2_000_000, currency="EUR")
"""A token of a prompt costs one micro-unit, one of an answer two."""


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    moment: datetime = datetime(2026, 1, 31, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def a_book(
    database: Database,
    *,
    month: int | None = None,
    task: int | None = None,
    of: str = "task-1",
    clock: SetClock | None = None,
) -> SpendBook:
    numbers = itertools.count(1)
    limits = SpendLimits(month, task, "EUR")
    return SpendBook(database, limits, of, clock or SetClock(), lambda: f"{os.getpid()}-{of}-{next(numbers)}")


def main() -> None:
    """Reserve 10 micro-units again and again until refused; write how often that went well."""
    url, cap = sys.argv[1], int(sys.argv[2])
    book = a_book(Database.open(url), month=cap, of=f"task-{os.getpid()}")
    sys.stdin.readline()
    done = 0
    try:
        while True:
            book.reserve("big", PRICE, Bound(10, 0, 1.0))
            done += 1
    except AllowanceUsedUpError:
        sys.stdout.write(str(done))


if __name__ == "__main__":
    main()
