"""What a run of withheld tests means; nothing of what they ask is ever told."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agent_agency.errors import GitError
from agent_agency.facts import GateStatus
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import ToolVerdict
from agent_agency.gates.withheld_files import WithheldFiles
from agent_agency.gates.withheld_tests import judge_withheld, withheld_of
from agent_agency.sandbox.model import Ended
from agent_agency.withheld_settings import WithheldTests
from support.runs_of_tests import GATE, run_of, stopped_run

DIGEST = "sha256:" + "0" * 64
FILES = WithheldFiles((("tests/test_secret.py", b""),))
PASSING = ToolVerdict(GateStatus.PASS, "3 of 3 tests passed", figures={"passed": 3})


def judged(*runs: ToolRun, tests: int = 1, verdict: ToolVerdict = PASSING) -> ToolVerdict:
    left = list(runs)
    declared = [WithheldTests("tests", DIGEST, tests)] * len(runs)
    return judge_withheld(GATE, 3, verdict, declared, lambda _: FILES, lambda _: left.pop(0))


def test_all_withheld_tests_passing_keeps_the_gate_passing() -> None:
    found = judged(run_of({"secret.a": "passed", "secret.b": "passed"}), tests=2)
    assert found.status is GateStatus.PASS
    assert found.figures == {"passed": 3, "withheld_tests": 2, "withheld_passed": 2}


def test_a_failing_one_fails_the_gate_and_is_not_named() -> None:
    found = judged(run_of({"secret.a": "passed", "secret.b": "failed"}))
    assert found.status is GateStatus.FAIL
    assert [finding.rule for finding in found.findings] == ["gate.tests.withheld_test_failed"]
    assert "1 of 2 did not pass" in found.findings[0].message
    assert "secret" not in repr(found)


@pytest.mark.parametrize("status", ["skipped", "xfailed", "error"])
def test_only_passing_is_passing(status: str) -> None:
    assert judged(run_of({"secret.a": "passed", "secret.b": status})).status is GateStatus.FAIL


def test_fewer_tests_than_declared_is_a_failure() -> None:
    found = judged(run_of({"secret.a": "passed"}), tests=2)
    assert found.status is GateStatus.FAIL
    assert "1 were run, 2 are declared" in found.findings[0].message


@pytest.mark.parametrize(
    "ran",
    [
        run_of({}, exit_code=5),
        run_of({"secret.a": "passed"}, exit_code=1),
        run_of({"secret.a": "passed"}, exit_code=3),
        stopped_run(),
        stopped_run(ended=Ended.CANCELLED),
        ToolRun(),
    ],
)
def test_a_run_that_proves_nothing_never_passes(ran: ToolRun) -> None:
    assert judged(ran).status is not GateStatus.PASS


@pytest.mark.parametrize("verdict", [GateStatus.FAIL, GateStatus.ERROR, GateStatus.NOT_RUN])
def test_a_head_that_does_not_pass_gets_no_answer(verdict: GateStatus) -> None:
    before = ToolVerdict(verdict, "1 failed")
    declared = [WithheldTests("tests", DIGEST)]

    def never(_: object) -> ToolRun:
        raise AssertionError("the withheld tests were run")

    assert judge_withheld(GATE, 3, before, declared, lambda _: FILES, never) is before


def test_tests_that_are_not_on_this_machine_leave_the_gate_not_run() -> None:
    declared = [WithheldTests("tests", DIGEST, spec="FIX-1")]
    found = judge_withheld(GATE, 3, PASSING, declared, lambda _: "they are not on this machine", lambda _: run_of({}))
    assert found.status is GateStatus.NOT_RUN
    assert "FIX-1" in found.reason
    assert "not on this machine" in found.reason


def test_a_checkout_that_cannot_be_made_leaves_the_gate_not_run() -> None:
    def broken(_: object) -> ToolRun:
        raise GitError("tests/test_secret.py cannot stand there", fix="Move it.")

    found = judge_withheld(GATE, 3, PASSING, [WithheldTests("tests", DIGEST)], lambda _: FILES, broken)
    assert found.status is GateStatus.NOT_RUN
    assert "secret" not in found.reason


def orders() -> Iterable[tuple[ToolRun, ToolRun]]:
    good, bad = run_of({"secret.a": "passed"}), run_of({"secret.b": "failed"})
    return [(good, bad), (bad, good), (bad, bad)]


@pytest.mark.parametrize("runs", orders())
def test_one_failing_set_is_enough(runs: tuple[ToolRun, ToolRun]) -> None:
    assert judged(*runs).status is GateStatus.FAIL


def test_each_gate_and_spec_has_its_own() -> None:
    declared = (WithheldTests("tests", DIGEST, spec="A-1"), WithheldTests("other", DIGEST), WithheldTests("tests", "x"))
    assert withheld_of(declared, GATE, "A-1") == (declared[0], declared[2])
    assert withheld_of(declared, GATE, "B-1") == (declared[2],)
