"""Who runs when: needs are respected, cores are used, and Ctrl-C ends everything."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.workflows.gates_stopped import GatesStoppedError
from agent_agency.workflows.schedule_gates import Schedule, run_schedule
from support import stopped_schedule

PASSES, FAILS = GateStatus.PASS, GateStatus.FAIL


def gate(name: str, *needs: str) -> ConfiguredGate:
    return ConfiguredGate(name, GateKind.CUSTOM, ("true",), needs=needs)


def result(name: str, status: GateStatus) -> GateResult:
    return GateResult(name, status, GateMode.BLOCK)


def unmet(waiting: ConfiguredGate, need: str) -> GateResult:
    return GateResult(waiting.name, GateStatus.NOT_RUN, GateMode.BLOCK, reason=need)


def schedule(
    gates: Sequence[ConfiguredGate], run: Callable[[ConfiguredGate], GateResult], workers: int = 2
) -> dict[str, GateResult]:
    return run_schedule(Schedule(gates, run, unmet, workers))


def test_a_gate_runs_only_after_what_it_needs_has_passed() -> None:
    order: list[str] = []

    def run(one: ConfiguredGate) -> GateResult:
        order.append(one.name)
        return result(one.name, PASSES)

    done = schedule([gate("coverage", "tests"), gate("tests", "lint"), gate("lint")], run)
    assert order == ["lint", "tests", "coverage"]
    assert {found.status for found in done.values()} == {PASSES}


def test_what_needs_a_failed_gate_is_not_run_and_so_is_what_needs_that() -> None:
    done = schedule(
        [gate("tests"), gate("coverage", "tests"), gate("mutation", "coverage")], lambda one: result(one.name, FAILS)
    )
    assert done["coverage"].status is GateStatus.NOT_RUN
    assert done["coverage"].reason == "tests"
    assert (done["mutation"].status, done["mutation"].reason) == (GateStatus.NOT_RUN, "coverage")


def test_a_need_that_does_not_apply_to_the_change_holds_nothing_up() -> None:
    done = schedule([gate("coverage", "tests")], lambda one: result(one.name, PASSES))
    assert done["coverage"].status is PASSES


def test_gates_that_need_each_other_end_without_a_pass() -> None:
    done = schedule([gate("one", "two"), gate("two", "one")], lambda one: result(one.name, PASSES))
    assert {found.status for found in done.values()} == {GateStatus.NOT_RUN}


def test_independent_gates_run_side_by_side() -> None:
    meet = threading.Barrier(2, timeout=30)

    def run(one: ConfiguredGate) -> GateResult:
        meet.wait()
        return result(one.name, PASSES)

    assert len(schedule([gate("one"), gate("two")], run)) == 2


def test_no_more_run_at_once_than_there_are_workers() -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def run(one: ConfiguredGate) -> GateResult:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.005)
        with lock:
            running[0] -= 1
        return result(one.name, PASSES)

    schedule([gate(f"g{number}") for number in range(12)], run, workers=3)
    assert most[0] <= 3


def test_ctrl_c_ends_what_runs_and_says_how_each_gate_stood() -> None:
    done = subprocess.run([sys.executable, stopped_schedule.__file__], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"quick": "pass", "long": "stopped", "later": "not_begun"}


def test_what_is_cancelled_by_anybody_is_stopped_and_no_result_is_left_out() -> None:
    cancel = threading.Event()

    def run(one: ConfiguredGate) -> GateResult:
        cancel.set()
        return result(one.name, PASSES)

    with pytest.raises(GatesStoppedError) as stopped:
        run_schedule(Schedule([gate("one"), gate("two", "one")], run, unmet, 1, cancel))
    assert stopped.value.states == {"one": "stopped", "two": "not_begun"}


def test_what_a_gate_raises_goes_through_and_nothing_more_is_begun() -> None:
    def run(one: ConfiguredGate) -> GateResult:
        raise OSError(one.name)

    with pytest.raises(OSError, match="one"):
        schedule([gate("one"), gate("two", "one")], run)


@st.composite
def plans(draw: st.DrawFn) -> list[ConfiguredGate]:
    count = draw(st.integers(1, 8))
    earlier = [draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set() for index in range(count)]
    gates = [gate(f"g{index}", *(f"g{need}" for need in sorted(needs))) for index, needs in enumerate(earlier)]
    return list(draw(st.permutations(gates)))


@given(plans(), st.sets(st.integers(0, 7)), st.integers(1, 3))
def test_every_gate_gets_exactly_one_result_and_nothing_runs_on_a_failed_need(
    plan: list[ConfiguredGate], failing: set[int], workers: int
) -> None:
    ran: list[str] = []

    def run(one: ConfiguredGate) -> GateResult:
        ran.append(one.name)
        return result(one.name, FAILS if int(one.name[1:]) in failing else PASSES)

    done = schedule(plan, run, workers)
    assert done.keys() == {one.name for one in plan}
    assert len(ran) == len(set(ran))
    for one in plan:
        wanted = all(done[need].status is PASSES for need in one.needs)
        assert (one.name in ran) is wanted
