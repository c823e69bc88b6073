"""Lists of issues: what counts for each kind of gate, and which issues are new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import Issue, IssueLevel, IssueReport, IssueSeverity, ReportProblem
from agent_agency.gates.reports.read import read_report
from agent_agency.gates.tool_verdict import ToolVerdict, judge
from support.gate_reports import a_gate, issue, issues
from support.report_fixtures import FIXTURES

E, W, N = IssueLevel.ERROR, IssueLevel.WARNING, IssueLevel.NOTE
HIGH, LOW = IssueSeverity.HIGH, IssueSeverity.LOW


def judged(kind: GateKind, report: IssueReport, exit_code: int = 0, **more: Any) -> ToolVerdict:
    return judge(a_gate(kind, ratchet="base" in more), 1, exit_code, report, JudgingContext(**more))


@pytest.mark.parametrize(
    ("kind", "found", "status"),
    [
        (GateKind.LINT, issue(level=E), GateStatus.FAIL),
        (GateKind.LINT, issue(level=W), GateStatus.PASS),
        (GateKind.TYPES, issue(level=E), GateStatus.FAIL),
        (GateKind.CUSTOM, issue(level=E), GateStatus.FAIL),
        (GateKind.SECURITY, issue(level=N, severity=HIGH), GateStatus.FAIL),
        (GateKind.SECURITY, issue(level=N, severity=IssueSeverity.CRITICAL), GateStatus.FAIL),
        (GateKind.SECURITY, issue(level=E, severity=LOW), GateStatus.PASS),
        (GateKind.SECURITY, issue(level=E, severity=IssueSeverity.MEDIUM), GateStatus.PASS),
        (GateKind.SECURITY, issue(level=E), GateStatus.FAIL),
        (GateKind.SECURITY, issue(level=W), GateStatus.PASS),
        (GateKind.SECURITY, issue(level=W, ranked=False), GateStatus.FAIL),
        (GateKind.ACCESSIBILITY, issue(level=E, severity=HIGH), GateStatus.FAIL),
        (GateKind.ACCESSIBILITY, issue(level=W, severity=IssueSeverity.MEDIUM), GateStatus.PASS),
    ],
)
def test_what_counts_follows_the_kind_of_gate(kind: GateKind, found: Issue, status: GateStatus) -> None:
    assert judged(kind, issues(found)).status is status


def test_a_scanner_that_ranks_nothing_is_not_taken_for_harmless(tmp_path: Path) -> None:
    log = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [{"ruleId": "leak"%s}]}]}'
    for level, status in (("", GateStatus.FAIL), (', "level": "warning"', GateStatus.PASS)):
        (tmp_path / "r").write_text(log % level)
        report = read_report("sarif", tmp_path / "r")
        assert isinstance(report, IssueReport)
        assert judged(GateKind.SECURITY, report).status is status
        assert judged(GateKind.LINT, report).status is GateStatus.PASS


def test_serious_and_critical_violations_of_a_real_page_count() -> None:
    report = read_report("axe", FIXTURES / "axe.json")
    assert isinstance(report, IssueReport)
    grave = [found for found in report.issues if found.severity in {HIGH, IssueSeverity.CRITICAL}]
    verdict = judged(GateKind.ACCESSIBILITY, report, 1)
    assert (verdict.status, (verdict.figures or {})["counted"]) == (GateStatus.FAIL, len(grave))
    assert all(found.place.path is None for found in verdict.findings)


@pytest.mark.parametrize(
    ("found", "exit_code", "status"),
    [
        ((issue(level=W),), 1, GateStatus.PASS),
        ((issue(level=W),), 2, GateStatus.ERROR),
        ((), 1, GateStatus.ERROR),
        ((issue(level=E),), 0, GateStatus.FAIL),
    ],
)
def test_the_exit_code_must_agree_with_what_is_listed(
    found: tuple[Issue, ...], exit_code: int, status: GateStatus
) -> None:
    assert judged(GateKind.LINT, issues(*found), exit_code).status is status


@pytest.mark.parametrize(
    ("rule", "shown"), [("a b\n\x1b[2Jc", "a_b_2Jc"), ("", "unnamed"), ("@x/no-y", "@x/no-y"), ("x" * 999, "x" * 120)]
)
def test_a_tools_own_rule_cannot_forge_output(rule: str, shown: str) -> None:
    [found] = judged(GateKind.LINT, issues(issue(rule)), 1).findings
    assert found.rule == f"gate.g.issue.{shown}"


def test_so_many_as_the_threshold_allows_pass() -> None:
    gate = replace(a_gate(GateKind.LINT), threshold={1: 2})
    three = issues(issue("A"), issue("B"), issue("C"))
    assert judge(gate, 1, 1, IssueReport(three.issues[:2], "tool")).status is GateStatus.PASS
    assert judge(gate, 1, 1, three).status is GateStatus.FAIL


def test_an_absolute_path_becomes_the_repositorys_and_one_outside_is_told() -> None:
    report = issues(issue(path="/co/src/a.py"), issue(path="/usr/lib/x.py"))
    inside, outside = judged(GateKind.LINT, report, 1, root="/co").findings
    assert (inside.place.path, inside.place.line) == ("src/a.py", 3)
    assert (outside.place.path, outside.message) == (None, "no (in /usr/lib/x.py)")


@pytest.mark.parametrize(
    ("head", "more"),
    [
        (issue(line=99), {}),
        (issue(message="no, see line 7"), {}),
        (issue(path="/head/src/a.py"), {"root": "/head"}),
        (issue(message="no in /head/src/a.py:9"), {"root": "/head"}),
        (issue(path="src/moved.py"), {"renamed": {"src/moved.py": "src/a.py"}}),
        (issue(message="reworded", fingerprint="f"), {}),
    ],
)
def test_an_issue_that_only_moved_is_not_new(head: Issue, more: dict[str, Any]) -> None:
    base = issues(
        issue(), issue(message="no, see line 3"), issue(message="no in /base/src/a.py:4"), issue(fingerprint="f")
    )
    verdict = judged(GateKind.LINT, issues(head), 1, base=base, base_root="/base", **more)
    assert verdict.status is GateStatus.PASS, verdict
    assert {"counted": 1, "base_counted": 4, "new": 0}.items() <= (verdict.figures or {}).items()
    assert [found.severity for found in verdict.findings] == [Severity.ADVICE]


@pytest.mark.parametrize(
    "head",
    [
        issues(issue(), issue(line=9)),
        issues(issue(rule="R2")),
        issues(issue(path="src/b.py")),
        issues(issue(message="another")),
        issues(issue(), issue(fingerprint="f")),
    ],
)
def test_an_issue_more_or_another_one_is_new(head: IssueReport) -> None:
    verdict = judged(GateKind.LINT, head, 1, base=issues(issue()))
    assert (verdict.status, (verdict.figures or {})["new"]) == (GateStatus.FAIL, 1)
    assert [found.severity for found in verdict.findings].count(Severity.MAJOR) == 1


def test_an_issue_that_did_not_count_at_the_base_excuses_none() -> None:
    verdict = judged(GateKind.LINT, issues(issue(level=E)), 1, base=issues(issue(level=W)))
    assert verdict.status is GateStatus.FAIL


def test_one_fingerprint_excuses_one_issue() -> None:
    base = issues(issue(fingerprint="f"))
    head = issues(issue(fingerprint="f"), issue(fingerprint="f", line=8))
    assert judged(GateKind.LINT, head, 1, base=base).status is GateStatus.FAIL


LISTED = st.lists(
    st.builds(
        issue,
        st.sampled_from(["A", "B"]),
        st.sampled_from(IssueLevel),
        st.none() | st.sampled_from(IssueSeverity),
        st.sampled_from(["x", "y line 3"]),
        st.sampled_from(["a.py", "/co/b.py", None]),
        fingerprint=st.none() | st.sampled_from(["f", "g"]),
    ),
    max_size=8,
).map(lambda found: issues(*found))
KINDS = st.sampled_from([GateKind.LINT, GateKind.TYPES, GateKind.SECURITY, GateKind.ACCESSIBILITY])


@given(KINDS, LISTED, st.integers(0, 2))
def test_a_ratchet_never_fails_where_base_and_head_are_alike(kind: GateKind, report: IssueReport, code: int) -> None:
    assert judged(kind, report, code, base=report).status is not GateStatus.FAIL


@given(KINDS, LISTED, st.none() | LISTED, LISTED)
def test_no_added_issue_turns_a_fail_into_a_pass(
    kind: GateKind, head: IssueReport, base: IssueReport | None, more: IssueReport
) -> None:
    known: dict[str, Any] = {} if base is None else {"base": base}
    if judged(kind, head, 1, **known).status is GateStatus.FAIL:
        assert judged(kind, issues(*head.issues, *more.issues), 1, **known).status is GateStatus.FAIL


def test_a_base_that_could_not_be_measured_leaves_the_plain_threshold(tmp_path: Path) -> None:
    problem = read_report("ruff", tmp_path / "none")
    assert isinstance(problem, ReportProblem)
    verdict = judged(GateKind.LINT, issues(issue()), 1, base=problem)
    assert verdict.status is GateStatus.FAIL
    assert problem.message in verdict.reason
