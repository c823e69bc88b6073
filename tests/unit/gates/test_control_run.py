"""What a control means for a gate whose tests passed."""

from __future__ import annotations

import pytest

from agent_agency.facts import GateStatus
from agent_agency.gates.control_run import Control, with_control
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import ToolVerdict
from support.runs_of_tests import GATE, run_of, stopped_run

PASSED = ToolVerdict(GateStatus.PASS, "1 of 1 tests passed")
HEAD = run_of({"tests.test_a::test_x": "passed"})
MADE = Control(frozenset({"tests.test_a.test_x"}), frozenset())


def test_tests_that_fail_as_they_were_made_to_leave_the_verdict() -> None:
    control = run_of({"tests.test_a::test_x": "failed"}, "control")
    assert with_control(GATE, PASSED, HEAD, control, MADE).status is GateStatus.PASS


def test_a_test_that_passes_all_the_same_is_forged() -> None:
    verdict = with_control(GATE, PASSED, HEAD, run_of({"tests.test_a::test_x": "passed"}, "control"), MADE)
    assert (verdict.status, verdict.findings[-1].rule) == (GateStatus.FAIL, "gate.tests.forged_report")


@pytest.mark.parametrize("control", [stopped_run("control"), ToolRun()])
def test_a_control_without_a_report_never_passes(control: ToolRun) -> None:
    verdict = with_control(GATE, PASSED, HEAD, control, MADE)
    assert verdict.status is GateStatus.ERROR
    assert "not known" in verdict.reason
