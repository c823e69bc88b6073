from __future__ import annotations

from agent_agency.store import model_runs
from agent_agency.store.database import Database
from agent_agency.store.model_runs import CallTotals, ModelRun

AT = "2026-01-31T08:00:00.000Z"


def test_calls_are_kept_in_their_order_and_summed_by_run(database: Database) -> None:
    calls = [
        ModelRun("r1", AT, "offline", "ok", 10, 2, None, 0.25, False, {"model": "m", "seed": 0}),
        ModelRun("r1", AT, "offline", "engine.timeout", None, None, None, 1.5, False, {}),
        ModelRun("r1", AT, "offline", "ok", 10, 2, 10, 0.0, True, {"model": "m"}),
        ModelRun("r2", AT, "other", "ok", 1, 1, 1, 0.5, False, {}),
    ]
    with database.write() as connection:
        model_runs.add_calls(connection, calls)
        model_runs.add_calls(connection, [])
    with database.read() as connection:
        assert list(model_runs.calls_of(connection, "r1")) == calls[:3]
        assert model_runs.totals_of(connection, "r1") == CallTotals(3, 1, 1, 10, 2, 0, 1.75)
        assert model_runs.totals_of(connection, "none") == CallTotals(0, 0, 0, 0, 0, 0, 0.0)
