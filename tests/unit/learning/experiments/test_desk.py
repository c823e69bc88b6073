"""What may be done to an experiment, on a real store: nothing is half-recorded, and it stops by its own rules."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.clock import SystemClock
from agent_agency.errors import ExperimentError
from agent_agency.learning.experiments.assignment import arm_of
from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.evidence import Guard
from agent_agency.learning.experiments.model import Kind, Method, Metric, Plan
from agent_agency.learning.experiments.standing import Decision
from agent_agency.learning.experiments.states import State
from agent_agency.store.database import Database
from agent_agency.workflows.experiments import Desk, Wanted

_PASS = Metric("pass", Kind.PROPORTION)
_PLAN = Plan(0.2, baseline=0.5)
_COST = Metric("cost", Kind.MEAN, lower_is_better=True, margin=0.5)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it; to copy it is quicker than to make one for each test."""
    path = tmp_path_factory.mktemp("empty") / "agency.db"
    database = Database.open(f"sqlite:///{path}")
    with database.write():
        pass
    database.close()
    return path


def _desk(empty: Path, folder: Path) -> Desk:
    shutil.copy(empty, folder / "agency.db")
    return Desk(Database.open(f"sqlite:///{folder}/agency.db"), SystemClock())


@pytest.fixture
def desk(empty: Path, tmp_path: Path) -> Desk:
    return _desk(empty, tmp_path)


def _observe(desk: Desk, name: str, shares: dict[str, float], units: int, **more: Callable[[str], float]) -> State:
    """Assign units and record whether they passed, by chance of their arm, until the experiment stops."""
    chance = random.Random(6)
    assigned = desk.assign(name, [f"u{number}" for number in range(units)])
    for start in range(0, units, 100):
        given = []
        for one in assigned[start : start + 100]:
            given.append(Given(one.unit, "pass", float(chance.random() < shares[one.arm])))
            given += [Given(one.unit, metric, value(one.arm)) for metric, value in more.items()]
        state = desk.record(name, given).standing.state
        if state is not State.RUNNING:
            return state
    return State.RUNNING


def test_a_better_treatment_is_found_and_adopted(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    assert _observe(desk, "x", {"control": 0.4, "treatment": 0.7}, 1000) is State.EFFECT_FOUND
    found = desk.status("x")
    assert (found.decision, found.evidence.found_better) == (Decision.ADOPT_TREATMENT, True)
    assert found.evidence.interval is not None
    assert found.evidence.interval.low > 0
    assert sum(found.n) < 1000


def test_a_worse_treatment_is_found_or_ruled_out_and_the_control_kept(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    state = _observe(desk, "x", {"control": 0.7, "treatment": 0.4}, 1000)
    assert state in {State.EFFECT_FOUND, State.EFFECT_RULED_OUT}
    assert desk.status("x").decision is Decision.KEEP_CONTROL


def test_where_lower_is_better_a_lower_treatment_is(desk: Desk) -> None:
    desk.create(Wanted("x", replace(_PASS, lower_is_better=True), _PLAN), "salt")
    assert _observe(desk, "x", {"control": 0.7, "treatment": 0.4}, 1000) is State.EFFECT_FOUND
    assert desk.status("x").decision is Decision.ADOPT_TREATMENT


def test_no_effect_ends_without_waiting_for_ever(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    state = _observe(desk, "x", {"control": 0.5, "treatment": 0.5}, 1000)
    assert state in {State.EFFECT_RULED_OUT, State.PLANNED_N_REACHED}
    assert desk.status("x").decision is Decision.KEEP_CONTROL


def test_a_broken_guardrail_stops_a_treatment_that_is_better(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN, (_COST,)), "salt")
    chance = random.Random(7)
    state = _observe(
        desk, "x", {"control": 0.4, "treatment": 0.6}, 1000, cost=lambda arm: chance.gauss(2 * (arm == "treatment"), 1)
    )
    assert state is State.GUARDRAIL_BROKEN
    found = desk.status("x")
    assert (found.decision, found.guardrails["cost"].guard) == (Decision.KEEP_CONTROL, Guard.BROKEN)


def test_a_better_treatment_waits_for_its_guardrail(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN, (_COST,)), "salt")
    chance = random.Random(7)
    _observe(desk, "x", {"control": 0.2, "treatment": 0.8}, 100, cost=lambda _: chance.gauss(0, 3))
    found = desk.status("x")
    assert (found.state, found.evidence.found) == (State.RUNNING, True)
    assert found.guardrails["cost"].guard is Guard.OPEN


def test_an_unsettled_guardrail_at_the_planned_n_is_for_a_person(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN, (_COST,)), "salt")
    state = _observe(desk, "x", {"control": 0.2, "treatment": 0.8}, 1000)
    assert state is State.EFFECT_FOUND
    found = desk.status("x")
    assert found.decision is Decision.ASK_A_PERSON
    assert found.missing["cost"] != (0, 0)


def test_a_test_that_is_read_once_tells_nothing_before(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, Plan(0.3, Method.NEWCOMBE, baseline=0.4)), "salt")
    assert _observe(desk, "x", {"control": 0.4, "treatment": 0.7}, 40) is State.RUNNING
    before = desk.status("x").evidence
    assert (before.estimate, before.interval, before.p_value) == (None, None, None)
    assert _observe(desk, "x", {"control": 0.4, "treatment": 0.7}, 400) is State.EFFECT_FOUND
    assert desk.status("x").evidence.p_value is not None


def test_a_unit_keeps_its_arm_when_shares_change(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    units = [f"u{number}" for number in range(200)]
    before = desk.assign("x", units)
    changed = desk.set_weights("x", (1, 99))
    assert desk.assign("x", units) == before
    assert any(arm_of(changed, one.unit) != one.arm for one in before)
    new = desk.assign("x", [f"v{number}" for number in range(200)])
    assert sum(one.arm == "treatment" for one in new) > 180
    assert {one.share for one in new} == {0.99}


def test_units_that_vanish_from_one_arm_stop_it(desk: Desk) -> None:
    made = desk.create(Wanted("x", _PASS, _PLAN), "salt")
    units = [f"u{number}" for number in range(3000)]
    desk.assign("x", [unit for at, unit in enumerate(units) if arm_of(made, unit) == "control" or at % 2])
    found = desk.status("x")
    assert (found.state, found.decision) == (State.SAMPLE_RATIO_MISMATCH, Decision.ASK_A_PERSON)
    with pytest.raises(ExperimentError, match="sample ratio mismatch"):
        desk.record("x", [Given("u1", "pass", 1.0)])


def test_values_that_are_missing_from_one_arm_alone_are_told(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    assigned = desk.assign("x", [f"u{number}" for number in range(100)])
    given = [
        Given(one.unit, "pass", float(at % 2)) for at, one in enumerate(assigned) if one.arm == "control" or at < 20
    ]
    found = desk.record("x", given).standing
    assert found.missing["pass"][0] == 0
    assert found.missing["pass"][1] > 20
    assert "missing" in found.notes[0]


_BAD = {
    "never assigned": Given("zz", "pass", 1.0),
    "no metric": Given("u0", "fail", 1.0),
    "belongs to": Given("u0", "pass", 1.0, arm="OTHER"),
    "no arm": Given("u0", "pass", 1.0, arm="placebo"),
    "0 or 1": Given("u0", "pass", 0.5),
    "no number": Given("u0", "pass", float("nan")),
    "is no number to count": Given("u0", "pass", float("-inf")),
    "no name": Given("", "pass", 1.0),
    "given twice": Given("u1", "pass", 1.0),
}


@pytest.mark.parametrize(("why", "bad"), _BAD.items(), ids=_BAD.keys())
def test_one_bad_observation_leaves_all_out(desk: Desk, why: str, bad: Given) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    u0, _ = desk.assign("x", ["u0", "u1"])
    if bad.arm == "OTHER":
        bad = replace(bad, arm="treatment" if u0.arm == "control" else "control")
    with pytest.raises(ExperimentError, match=why):
        desk.record("x", [Given("u1", "pass", 0.0), bad])
    assert desk.status("x").n == (0, 0)


def test_the_same_value_again_changes_nothing_and_another_one_needs_leave(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    desk.assign("x", ["u0", "u1"])
    desk.record("x", [Given("u0", "pass", 1.0)])
    again = desk.record("x", [Given("u0", "pass", 1.0), Given("u1", "pass", 0.0), Given("u1", "pass", 0.0)])
    assert (again.new, again.repeated, again.replaced) == (1, 2, 0)
    with pytest.raises(ExperimentError, match="recorded already"):
        desk.record("x", [Given("u0", "pass", 0.0)])
    assert desk.record("x", [Given("u0", "pass", 0.0)], replace_values=True).replaced == 1
    assert sum(desk.status("x").n) == 2


def test_pairs_count_when_both_arms_are_there(desk: Desk) -> None:
    desk.create(Wanted("x", Metric("score", Kind.PAIRED), Plan(0.5, sd=1.0)), "salt")
    with pytest.raises(ExperimentError, match="both arms"):
        desk.assign("x", ["u0"])
    with pytest.raises(ExperimentError, match="names no arm"):
        desk.record("x", [Given("u0", "score", 1.0)])
    halves = [Given("u0", "score", 1.0, "treatment"), Given("u1", "score", 2.0, "control")]
    assert desk.record("x", halves).standing.missing["score"] == (1, 1)
    found = desk.record("x", [Given("u0", "score", 0.25, "control")]).standing
    assert (found.n, found.evidence.estimate) == ((1, 1), 0.75)


def test_what_was_stopped_stays_so(desk: Desk) -> None:
    desk.create(Wanted("x", _PASS, _PLAN), "salt")
    u0 = desk.assign("x", ["u0"])
    assert desk.stop("x").decision is Decision.ASK_A_PERSON
    assert desk.assign("x", ["u0"]) == u0
    for act in (
        lambda: desk.record("x", [Given("u0", "pass", 1.0)]),
        lambda: desk.assign("x", ["u1"]),
        lambda: desk.set_weights("x", (1, 2)),
    ):
        with pytest.raises(ExperimentError) as refused:
            act()
        assert refused.value.stable_code == "experiment.stopped"
    assert desk.every()[0][1] is State.STOPPED_BY_HAND


_IMPOSSIBLE = {
    "twice": Wanted("x", _PASS, _PLAN, (replace(_PASS, margin=0.1),)),
    "no name": Wanted(" x", _PASS, _PLAN),
    "margin": Wanted("x", _PASS, _PLAN, (replace(_COST, margin=0.0),)),
    "paired": Wanted("x", _PASS, _PLAN, (replace(_COST, kind=Kind.PAIRED),)),
    "Shares": Wanted("x", _PASS, _PLAN, weights=(0, 1)),
    "effect": Wanted("x", replace(_COST, margin=None), Plan(1e-200, sd=1e-200)),
    "arm": Wanted("x", _PASS, _PLAN, arms=("a", "b\n")),
}


@pytest.mark.parametrize(("why", "wanted"), _IMPOSSIBLE.items(), ids=_IMPOSSIBLE.keys())
def test_an_experiment_that_cannot_be_is_not_created(desk: Desk, why: str, wanted: Wanted) -> None:
    with pytest.raises(ExperimentError, match=why):
        desk.create(wanted, "salt")
    assert desk.every() == []
    with pytest.raises(ExperimentError, match="no experiment"):
        desk.status("x")


def test_asking_makes_no_database(tmp_path: Path) -> None:
    desk = Desk(Database.open(f"sqlite:///{tmp_path}/agency.db"), SystemClock())
    assert desk.every() == []
    for act in (lambda: desk.status("x"), lambda: desk.stop("x"), lambda: desk.assign("x", ["u"])):
        with pytest.raises(ExperimentError, match="no experiment"):
            act()
    assert not (tmp_path / "agency.db").exists()


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.booleans()), min_size=1, max_size=60), st.integers(1, 7))
def test_how_observations_are_split_into_batches_does_not_matter(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, bool]], size: int
) -> None:
    given_all = [Given(f"u{unit}", "pass", float(value)) for unit, value in dict(drawn).items()]
    standings = []
    for step_size in (size, len(given_all)):
        desk = _desk(empty, tmp_path_factory.mktemp("x"))
        desk.create(Wanted("x", _PASS, _PLAN), "salt")
        desk.assign("x", [f"u{unit}" for unit in range(20)])
        for start in range(0, len(given_all), step_size):
            told = desk.record("x", given_all[start : start + step_size], replace_values=True).standing
        assert replace(desk.status("x"), experiment=told.experiment) == told
        standings.append(replace(told, experiment=replace(told.experiment, created_at="")))
    assert standings[0] == standings[1]
