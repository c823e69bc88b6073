"""Runs of tests: every failure fails, with the command that shows it; a ratchet excuses only old failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import TestCase, TestReport, TestStatus
from agent_agency.gates.tool_verdict import SHOWN, ToolVerdict, judge
from support.gate_reports import a_gate, ran

PASSED, FAILED, ERROR = TestStatus.PASSED, TestStatus.FAILED, TestStatus.ERROR
SKIPPED, XFAILED = TestStatus.SKIPPED, TestStatus.XFAILED
BAD = {FAILED, ERROR}
PYTEST = ("python", "-m", "pytest", "-q", "--junitxml=report.xml")


def judged(
    report: TestReport, exit_code: int = 0, base: TestReport | None = None, *argv: str, **more: Any
) -> ToolVerdict:
    gate = a_gate(GateKind.TESTS, *argv, ratchet=base is not None)
    return judge(gate, 1, exit_code, report, JudgingContext(base=base, **more))


def figures(verdict: ToolVerdict) -> Mapping[str, Any]:
    assert verdict.figures is not None
    return verdict.figures


def test_each_outcome_is_counted_apart() -> None:
    verdict = judged(ran(PASSED, FAILED, ERROR, SKIPPED, XFAILED), 1)
    assert verdict.status is GateStatus.FAIL
    wanted = {"total": 5, "passed": 1, "failed": 2, "skipped": 1, "xfailed": 1, "flaky": 0}
    assert figures(verdict) == wanted


@pytest.mark.parametrize("report", [ran(), ran(SKIPPED, SKIPPED)])
@pytest.mark.parametrize("exit_code", [0, 5])
def test_no_test_run_is_no_pass(report: TestReport, exit_code: int) -> None:
    assert judged(report, exit_code).status is GateStatus.NOT_RUN
    assert judged(report, exit_code, ran(PASSED)).status is GateStatus.NOT_RUN


def test_a_failure_in_the_report_outweighs_an_exit_with_0() -> None:
    verdict = judged(ran(PASSED, FAILED), 0)
    assert verdict.status is GateStatus.FAIL
    assert "exited with 0" in verdict.reason


@pytest.mark.parametrize("exit_code", [1, 2, 5, -9, 137])
def test_a_clean_report_of_a_tool_that_failed_is_an_error(exit_code: int) -> None:
    assert judged(ran(PASSED), exit_code).status is GateStatus.ERROR


def test_a_test_that_stands_there_twice_counts_by_its_worse_end() -> None:
    report = TestReport((TestCase("m::t", FAILED), TestCase("m::t", PASSED), TestCase("m::u", PASSED)))
    verdict = judged(report, 0)
    assert (verdict.status, figures(verdict)["failed"], figures(verdict)["distinct"]) == (GateStatus.FAIL, 1, 2)


@pytest.mark.parametrize(
    ("case", "paths", "command"),
    [
        (TestCase("tests.test_a::test_b", FAILED), {"tests/test_a.py"}, "tests/test_a.py::test_b"),
        (TestCase("tests.test_a.TestC::test_b", FAILED), {"tests/test_a.py"}, "tests/test_a.py::TestC::test_b"),
        (TestCase("tests.test_a.TestC::test_b", FAILED), set(), "tests/test_a.py::TestC::test_b"),
        (TestCase("tests.test_a.TestC::test_b", FAILED), {"unit/test_a.py"}, None),
        (TestCase("t.py::test_b[a b]", FAILED), set(), "'t.py::test_b[a b]'"),
        (TestCase("t.py::test_b['; rm -rf ~; ']", FAILED), set(), """'t.py::test_b['"'"'; rm -rf ~; '"'"']'"""),
        (TestCase("t.py::test_b[\x1b[31m]", FAILED), set(), None),
        (TestCase("-x.py::test_b", FAILED), set(), None),
        (TestCase("collection", ERROR), set(), None),
        (TestCase("pytest::tests.test_a", ERROR), {"tests/test_a.py"}, "tests/test_a.py"),
        (TestCase("pytest::tests.test_a", ERROR, path="tests/test_a.py"), set(), "tests/test_a.py"),
        (TestCase("pytest::tests.test_a", ERROR), set(), None),
    ],
)
def test_the_remedy_runs_the_failing_test_alone(case: TestCase, paths: set[str], command: str | None) -> None:
    [found] = judged(TestReport((case,)), 1, None, *PYTEST, paths=paths).findings
    generic = "See it with: python -m pytest -q --junitxml=report.xml"
    assert found.remedy == (generic if command is None else f"See it with: python -m pytest {command}")
    assert found.message.isprintable()


@pytest.mark.parametrize(
    ("argv", "known"),
    [
        (("/env/bin/pytest", "-q"), True),
        (("coverage", "run", "-m", "pytest"), True),
        (("sh", "-c", "cd x && pytest -q"), True),
        (("npx", "jest"), False),
    ],
)
def test_only_of_pytest_a_single_test_can_be_asked_for(argv: tuple[str, ...], known: bool) -> None:
    [found] = judged(TestReport((TestCase("t.py::test_b", FAILED),)), 1, None, *argv).findings
    assert ("t.py::test_b" in found.remedy) is known


def test_many_failures_are_cut_and_counted() -> None:
    verdict = judged(ran(*[FAILED] * (SHOWN + 3)), 1)
    assert len(verdict.findings) == SHOWN + 1
    assert verdict.findings[-1].message == "3 more tests fail"


def test_places_are_the_repositorys_own() -> None:
    report = TestReport(
        (TestCase("m::t", FAILED, "", "/co/tests/t.py", 4), TestCase("m::u", FAILED, "", "/usr/x.py", 4))
    )
    first, second = judged(report, 1, root="/co").findings
    assert (first.place.path, first.place.line) == ("tests/t.py", 4)
    assert (second.place.path, second.place.line) == (None, None)


def test_a_ratchet_lets_what_failed_before_fail() -> None:
    verdict = judged(ran(PASSED, old=FAILED), 1, ran(PASSED, old=ERROR))
    assert verdict.status is GateStatus.PASS
    assert {"base_failed": 1, "newly_failing": 0, "failed": 1, "ratchet": True}.items() <= figures(verdict).items()
    assert [found.severity for found in verdict.findings] == [Severity.ADVICE]


@pytest.mark.parametrize("base", [ran(old=FAILED), ran(old=FAILED, new=PASSED), ran(old=FAILED, new=SKIPPED)])
def test_a_ratchet_fails_on_what_passed_or_was_not_there(base: TestReport) -> None:
    verdict = judged(ran(old=FAILED, new=FAILED), 1, base)
    assert (verdict.status, figures(verdict)["newly_failing"]) == (GateStatus.FAIL, 1)
    assert [(found.subject, found.severity) for found in verdict.findings] == [
        ("m::new", Severity.MAJOR),
        ("m::old", Severity.ADVICE),
    ]


CASES = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(TestStatus)), max_size=12).map(
    lambda told: TestReport(tuple(TestCase(f"m::t{number}", status) for number, status in told))
)
EXITS = st.integers(0, 3)


@given(CASES, st.one_of(st.none(), CASES), EXITS, st.integers(0, 9), st.sampled_from([FAILED, ERROR]))
def test_no_added_failure_turns_a_fail_into_a_pass(
    head: TestReport, base: TestReport | None, exit_code: int, number: int, status: TestStatus
) -> None:
    more = TestReport((*head.cases, TestCase(f"m::t{number}", status)))
    if judged(head, exit_code, base).status is GateStatus.FAIL:
        assert judged(more, exit_code, base).status is GateStatus.FAIL
    if base is None:
        assert judged(more, exit_code).status is not GateStatus.PASS


@given(CASES, CASES, EXITS)
def test_a_pass_has_no_failure_that_the_base_does_not_have(head: TestReport, base: TestReport, exit_code: int) -> None:
    if judged(head, exit_code, base).status is GateStatus.PASS:
        failing = {case.id for case in head.failures}
        assert failing <= {case.id for case in base.failures}
        assert head.ran


@given(CASES, EXITS)
def test_a_ratchet_never_fails_where_base_and_head_are_alike(report: TestReport, exit_code: int) -> None:
    assert judged(report, exit_code, report).status is not GateStatus.FAIL
