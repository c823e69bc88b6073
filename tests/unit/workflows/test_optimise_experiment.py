"""The comparison on the sealed test is an experiment that ends: its plan asks for no more than the test has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.model import Kind, Metric
from agent_agency.learning.experiments.states import State
from agent_agency.store.database import Database
from agent_agency.workflows.experiments import Desk, Wanted
from agent_agency.workflows.optimise_experiment import plan_for


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("n", [100, 264, 1000])
def test_the_plan_fits_the_examples_that_there_are(n: int) -> None:
    plan = plan_for(n)
    assert n - max(3, n // 20) <= plan.n <= n


@pytest.mark.parametrize(
    ("better", "worse", "ends"),
    [(40, 8, State.EFFECT_FOUND), (20, 16, State.PLANNED_N_REACHED), (8, 40, State.EFFECT_FOUND)],
)
def test_whatever_it_finds_it_does_not_go_on_for_ever(tmp_path: Path, better: int, worse: int, ends: State) -> None:
    desk = Desk(Database.open(f"sqlite:///{tmp_path}/store.db"), StillClock())
    desk.create(Wanted("one", Metric("agreement", Kind.PAIRED), plan_for(120), arms=("baseline", "optimised")), "salt")
    right = [(0.0, 1.0)] * better + [(1.0, 0.0)] * worse + [(1.0, 1.0)] * (120 - better - worse)
    given = [
        Given(f"example {at}", "agreement", value, arm)
        for at, pair in enumerate(right)
        for arm, value in zip(("baseline", "optimised"), pair, strict=True)
    ]
    assert desk.record("one", given).standing.state is ends
