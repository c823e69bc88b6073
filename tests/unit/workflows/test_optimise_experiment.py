"""The comparison on the sealed test is an experiment that ends: its plan asks for no more than the test has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.judging.answer import Answer
from agent_agency.judging.subject import Subject
from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.model import Kind, Metric
from agent_agency.learning.experiments.states import State
from agent_agency.learning.optimise.example import Example
from agent_agency.store.database import Database
from agent_agency.workflows.experiments import Desk, Wanted
from agent_agency.workflows.optimise_experiment import plan_for, units

PASS = Answer("pass", 1.0, 1.0)


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("n", [100, 264, 1000])
def test_the_plan_fits_the_examples_that_there_are(n: int) -> None:
    plan = plan_for([0.8, 1.2] * (n // 2))
    assert n - max(3, n // 20) <= plan.n <= n


@pytest.mark.parametrize(
    ("better", "worse", "ends"),
    [(40, 8, State.EFFECT_FOUND), (20, 16, State.PLANNED_N_REACHED), (8, 40, State.EFFECT_FOUND)],
)
def test_whatever_it_finds_it_does_not_go_on_for_ever(tmp_path: Path, better: int, worse: int, ends: State) -> None:
    desk = Desk(Database.open(f"sqlite:///{tmp_path}/store.db"), StillClock())
    desk.create(
        Wanted("one", Metric("agreement", Kind.PAIRED), plan_for([1.0] * 120), arms=("baseline", "optimised")), "salt"
    )
    right = [(0.0, 1.0)] * better + [(1.0, 0.0)] * worse + [(1.0, 1.0)] * (120 - better - worse)
    given = [
        Given(f"example {at}", "agreement", value, arm)
        for at, pair in enumerate(right)
        for arm, value in zip(("baseline", "optimised"), pair, strict=True)
    ]
    assert desk.record("one", given).standing.state is ends


def test_outcomes_are_kept_under_names_that_tell_programs_apart_and_no_example() -> None:
    examples = [
        Example(f"example {at}", Subject(f"s{at}", "text", "Count.", f"{at}"), PASS, f"program {at // 4}")
        for at in range(20)
    ]
    names, others = units(examples, "one secret"), units(examples, "another")
    assert len({*names}) == 20
    assert len({name.split("/")[0] for name in names}) == 5
    assert names != others
    assert not any("example" in name or "program" in name for name in names)
