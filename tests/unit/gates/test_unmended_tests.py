"""A test that fails as it stands at the base and no longer fails at the head was changed, not its code."""

from __future__ import annotations

import pytest

from agent_agency.change.model import Change, HeadKind
from agent_agency.facts import GateStatus
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import ToolVerdict
from agent_agency.gates.unmended_tests import with_unmended_tests
from support.gate_context import BASE, modified
from support.runs_of_tests import GATE, run_of, stopped_run

CHANGE = Change(BASE, None, "h" * 40, HeadKind.COMMIT, (modified("tests/test_a.py"), modified("src/a.py")))
PASSING = ToolVerdict(GateStatus.PASS, "all passed")


def judged(*runs: ToolRun, known: frozenset[str] = frozenset()) -> ToolVerdict:
    return with_unmended_tests(GATE, PASSING, CHANGE, runs, known)


@pytest.mark.parametrize("now", ["passed", "skipped", "xfailed"])
def test_a_test_that_only_the_change_makes_agree_fails_the_gate(now: str) -> None:
    found = judged(run_of({"t.a": now, "t.b": "passed"}), run_of({"t.a": "failed", "t.b": "passed"}, "overlay"))
    assert found.status is GateStatus.FAIL
    (finding,) = found.findings
    assert finding.rule == "gate.tests.failing_test_changed"
    assert "t.a" in finding.message
    assert "t.b" not in finding.message
    assert "-- tests/test_a.py" in finding.remedy


def test_a_deleted_test_counts_as_well() -> None:
    assert judged(run_of({"t.b": "passed"}), run_of({"t.a": "error"}, "overlay")).status is GateStatus.FAIL


def test_mended_code_passes() -> None:
    assert judged(run_of({"t.a": "passed"}), run_of({"t.a": "passed"}, "overlay")) is PASSING


def test_a_test_that_fails_at_the_head_too_is_told_there() -> None:
    assert judged(run_of({"t.a": "failed"}), run_of({"t.a": "failed"}, "overlay")) is PASSING


def test_a_test_that_passes_at_the_base_is_told_elsewhere() -> None:
    runs = (run_of({"t.a": "passed"}), run_of({"t.a": "failed"}, "overlay"))
    assert judged(*runs, known=frozenset({"t.a"})) is PASSING


def test_a_test_that_passes_in_one_of_two_runs_is_no_proof() -> None:
    runs = (run_of({"t.a": "passed"}), run_of({"t.a": "failed"}, "overlay"), run_of({"t.a": "passed"}, "overlay"))
    assert judged(*runs) is PASSING


@pytest.mark.parametrize("runs", [(), (run_of({"t.a": "passed"}),), (stopped_run(), stopped_run("overlay"))])
def test_without_both_reports_there_is_nothing_to_compare(runs: tuple[ToolRun, ...]) -> None:
    assert judged(*runs) is PASSING
