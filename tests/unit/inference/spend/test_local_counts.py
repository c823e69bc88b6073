from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent_agency.inference.protocol import Usage
from agent_agency.inference.spend.local_counts import LocalCounts
from agent_agency.store.database import Database
from agent_agency.store.local_use import EngineUse, use_of_month
from support.spending import SetClock

MONTH = "2026-01"


def _use(database: Database) -> tuple[EngineUse, ...]:
    with database.read() as connection:
        return use_of_month(connection, SetClock().now().strftime("%Y-%m"))


def test_calls_of_models_here_count_their_time_and_tokens(database: Database) -> None:
    counts = LocalCounts(database, "a task", SetClock())
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: counts.add("a", 0.5, Usage(7, 3)), range(100)))
    counts.add("a", 0.25, None)
    counts.add("b", 1.0, Usage(None, None))
    counts.keep()
    counts.keep()
    again = LocalCounts(database, "another", SetClock())
    again.add("b", 1.0, Usage(5, 1))
    again.keep()
    assert _use(database) == (
        EngineUse("a", 101, 1, 50_250_000, 700, 300),
        EngineUse("b", 2, 0, 2_000_000, 5, 1),
    )


def test_what_cannot_be_kept_now_is_kept_with_the_next(tmp_path: Path) -> None:
    place = tmp_path / "store"
    place.write_text("in the way")
    counts = LocalCounts(Database.open(f"sqlite:///{place}/store.db"), "a task", SetClock())
    counts.add("a", 0.5, Usage(7, 3))
    counts.keep()
    place.unlink()
    counts.add("a", 0.5, Usage(7, 3))
    counts.keep()
    assert [one.calls for one in _use(Database.open(f"sqlite:///{place}/store.db"))] == [2]
    LocalCounts(None, "a task", SetClock()).keep()
