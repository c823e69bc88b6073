"""Every fixture that a real tool wrote, read, and compared with what is known of the run or with another's parser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_agency.gates.reports.model import (
    CoverageReport,
    IssueLevel,
    IssueReport,
    IssueSeverity,
    MutantStatus,
    MutationReport,
    PerformanceReport,
    ReportProblem,
    TestReport,
    TestStatus,
)
from agent_agency.gates.reports.read import FORMATS, read_report
from support.report_fixtures import FIXTURES, REFUSED, form_of

READABLE = sorted(path for path in FIXTURES.iterdir() if path.name not in REFUSED)


def cases_of(name: str) -> TestReport:
    report = read_report("junit" if name.endswith(".xml") else form_of(FIXTURES / name), FIXTURES / name)
    assert isinstance(report, TestReport), report
    return report


def coverage_of(name: str) -> CoverageReport:
    report = read_report(form_of(FIXTURES / name), FIXTURES / name)
    assert isinstance(report, CoverageReport), report
    return report


def issues_of(name: str, form: str | None = None) -> IssueReport:
    report = read_report(form or form_of(FIXTURES / name), FIXTURES / name)
    assert isinstance(report, IssueReport), report
    return report


def mutants_of(name: str) -> MutationReport:
    report = read_report(form_of(FIXTURES / name), FIXTURES / name)
    assert isinstance(report, MutationReport), report
    return report


def measures_of(name: str) -> dict[str, tuple[float, str]]:
    report = read_report(form_of(FIXTURES / name), FIXTURES / name)
    assert isinstance(report, PerformanceReport), report
    return {measure.name: (measure.value, measure.unit) for measure in report.measures}


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_what_a_tool_wrote_is_read(path: Path) -> None:
    assert not isinstance(read_report(form_of(path), path), ReportProblem)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_a_tool_wrote_when_it_broke_off_is_no_report(name: str) -> None:
    form, code = REFUSED[name]
    problem = read_report(form, FIXTURES / name)
    assert isinstance(problem, ReportProblem)
    assert problem.code == code


def test_every_format_has_a_fixture() -> None:
    assert {form_of(path) for path in READABLE} == set(FORMATS)


@pytest.mark.parametrize(
    ("name", "passed", "failed", "error", "skipped", "xfailed"),
    [
        ("pytest.junit.xml", 6, 4, 3, 1, 1),
        ("pytest_xunit1.junit.xml", 6, 4, 3, 1, 1),
        ("pytest_collection_error.junit.xml", 0, 0, 1, 0, 0),
        ("jest.junit.xml", 3, 2, 0, 1, 0),
        ("mocha.junit.xml", 2, 1, 0, 0, 0),
        ("vitest.junit.xml", 1, 1, 0, 1, 0),
        ("mypy.junit.xml", 0, 1, 0, 0, 0),
        ("mypy_clean.junit.xml", 1, 0, 0, 0, 0),
        ("handwritten_surefire.junit.xml", 2, 1, 1, 1, 0),
        ("handwritten_gradle.junit.xml", 1, 1, 0, 1, 0),
        ("handwritten_go_junit_report.junit.xml", 2, 1, 0, 1, 0),
        ("handwritten_googletest.junit.xml", 1, 1, 0, 2, 0),
        ("handwritten_nunit.junit.xml", 1, 1, 0, 1, 0),
    ],
)
def test_each_outcome_is_counted_apart(
    name: str, passed: int, failed: int, error: int, skipped: int, xfailed: int
) -> None:
    counts = cases_of(name).counts
    assert [counts[status] for status in TestStatus] == [passed, failed, error, skipped, xfailed]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.junit.xml")), ids=lambda path: path.name)
def test_junitparser_finds_the_same_cases(path: Path) -> None:
    import junitparser

    document: Any = junitparser.JUnitXml.fromfile(str(path))
    suites = [document] if isinstance(document, junitparser.TestSuite) else list(document)
    found = [case for suite in suites for case in _listed(suite)]
    ours = cases_of(path.name).cases
    assert [case.id.endswith(f"::{name}") for case, (name, _) in zip(ours, found, strict=True)] == [True] * len(ours)
    failing = [case.status in {TestStatus.FAILED, TestStatus.ERROR} for case in ours]
    assert failing == [any(result in {"Failure", "Error"} for result in results) for _, results in found]


def _listed(suite: object) -> list[tuple[str, list[str]]]:
    import junitparser

    assert isinstance(suite, junitparser.TestSuite)
    cases = [case for case in suite if isinstance(case, junitparser.TestCase)]
    return [(str(case.name), [type(mark).__name__ for mark in case.result]) for case in cases]


def test_the_place_of_a_failure_is_where_it_failed() -> None:
    source = (FIXTURES / "pytest.junit.xml").read_text("utf-8")
    for name in ("pytest.junit.xml", "pytest_xunit1.junit.xml"):
        case = next(case for case in cases_of(name).cases if case.id.endswith("::test_fails"))
        assert case.path == "tests/test_outcomes.py"
        assert f"{case.path}:{case.line}: AssertionError" in source


def test_a_test_that_passed_only_when_run_again_is_flaky_and_passed() -> None:
    report = cases_of("handwritten_surefire.junit.xml")
    assert [(case.id, case.status) for case in report.cases if case.flaky] == [
        ("tally.MoneyTest::passesWhenRunAgain", TestStatus.PASSED)
    ]
    assert report.flaky == 1


def test_body_and_tear_down_of_one_test_count_as_the_worse_of_both() -> None:
    report = cases_of("pytest.junit.xml")
    assert report.worst["tests.test_outcomes::test_fails_and_teardown_breaks"] is TestStatus.ERROR
    assert len(report.worst) == report.total - 1


def test_pytests_two_reports_agree() -> None:
    from_xml, from_json = cases_of("pytest.junit.xml"), cases_of("pytest_json_report.json")
    names = {
        name.replace("/", ".").replace(".py", "").replace("[\\xe9.x]", "[\\xe9/x]"): status
        for name, status in from_json.worst.items()
    }
    with_subtests = {name for name in from_xml.worst if name.endswith("::test_parts")}
    assert len(with_subtests) == 1
    assert {
        name.replace("::", "."): status for name, status in from_xml.worst.items() if name not in with_subtests
    } == {name.replace("::", "."): status for name, status in names.items()}


@pytest.mark.parametrize("other", ["coveragepy.lcov", "coveragepy.cobertura.xml"])
def test_the_reports_of_coveragepy_say_the_same(other: str) -> None:
    first, second = coverage_of("coveragepy.json"), coverage_of(other)
    known = {file.path.removeprefix("src/tally/"): file for file in first.files}
    for file in second.files:
        twin = known[file.path.removeprefix("src/tally/")]
        assert (file.covered, file.missed) == (twin.covered, twin.missed)
        assert (file.branches_covered, file.branches_total) == (twin.branches_covered, twin.branches_total)
        assert file.branches == twin.branches
    assert len(second.files) == len(first.files)
    assert first.measures_branches
    assert second.measures_branches


def test_the_numbers_are_those_of_coveragepy() -> None:
    report = coverage_of("coveragepy.json")
    totals = json.loads((FIXTURES / "coveragepy.json").read_bytes())["totals"]
    assert (report.lines_covered, report.lines_total) == (totals["covered_lines"], totals["num_statements"])
    assert (report.branches_covered, report.branches_total) == (totals["covered_branches"], totals["num_branches"])
    assert report.branches_total == 2


def test_the_reports_of_istanbul_say_the_same() -> None:
    (first,), (second,) = coverage_of("istanbul.json").files, coverage_of("istanbul.lcov").files
    (third,) = coverage_of("istanbul.cobertura.xml").files
    assert (list(first.covered), list(first.missed)) == ([2, 3, 10], [7])
    assert (second.covered, second.missed, second.branches) == (first.covered, first.missed, first.branches)
    assert third.branches == first.branches
    assert (first.branches_covered, first.branches_total) == (3, 4)


def test_the_reports_of_gcovr_say_the_same_and_its_document_type_is_no_hindrance() -> None:
    assert b"<!DOCTYPE coverage SYSTEM" in (FIXTURES / "gcovr.cobertura.xml").read_bytes()
    (first,), (second,) = coverage_of("gcovr.cobertura.xml").files, coverage_of("gcovr.lcov").files
    assert (first.covered, first.missed, first.branches) == (second.covered, second.missed, second.branches)
    assert (first.branches_covered, first.branches_total) == (2, 4)


@pytest.mark.parametrize("tool", ["ruff", "bandit", "eslint"])
def test_a_tools_own_json_and_its_sarif_say_the_same(tool: str) -> None:
    first, second = issues_of(f"{tool}.json"), issues_of(f"{tool}.sarif")
    assert [(issue.rule, issue.line, issue.level) for issue in first.issues] == [
        (issue.rule, issue.line, issue.level) for issue in second.issues
    ]
    assert [issue.severity for issue in first.issues] == [issue.severity for issue in second.issues]
    assert len(first.issues) >= 2


def test_a_clean_run_has_no_issue() -> None:
    for name in ("ruff_clean.json", "ruff_clean.sarif"):
        assert issues_of(name).issues == ()
    assert issues_of("mypy_clean.junit.xml", "mypy").issues == ()


def test_what_was_silenced_is_counted_apart() -> None:
    assert issues_of("bandit.json").suppressed == 1
    assert issues_of("eslint.json").suppressed == 1
    assert issues_of("eslint.sarif").suppressed == 1
    assert issues_of("handwritten_scanner.sarif").suppressed == 1


def test_sarif_levels_come_from_the_result_its_rule_or_the_default() -> None:
    report = issues_of("handwritten_scanner.sarif")
    assert [(issue.message, issue.level.value, issue.severity) for issue in report.issues] == [
        ("by rule", "error", IssueSeverity.CRITICAL),
        ("by result", "note", None),
        ("by default", "warning", None),
        ("not silenced", "error", IssueSeverity.CRITICAL),
    ]
    first = report.issues[0]
    assert (first.path, first.line, first.column) == ("src/a b.py", 3, 5)
    assert first.fingerprint == "39fa2ee980eb94b0:1"


def test_mypys_two_reports_say_the_same() -> None:
    from_lines, from_xml = issues_of("mypy.jsonl"), issues_of("mypy.junit.xml", "mypy")
    assert [(issue.rule, issue.path, issue.line) for issue in from_lines.issues] == [
        ("assignment", "src/tally/careless.py", 12)
    ]
    assert [(issue.rule, issue.path, issue.line) for issue in from_xml.issues] == [
        ("assignment", "src/tally/careless.py", 12)
    ]


def test_pyright_counts_lines_from_1() -> None:
    (issue,) = issues_of("pyright.json").issues
    assert (issue.rule, issue.level, issue.line) == ("reportAssignmentType", IssueLevel.ERROR, 12)


def test_a_vulnerability_is_an_error_and_an_unaudited_dependency_a_note() -> None:
    report = issues_of("handwritten_pip_audit.json")
    assert [(issue.rule, issue.level.value) for issue in report.issues] == [
        ("PYSEC-2019-179", "error"),
        ("not-audited", "note"),
    ]


def test_axe_tells_the_impact_of_each_violation_and_what_a_person_must_look_at() -> None:
    raw = json.loads((FIXTURES / "axe.json").read_bytes())[0]
    report = issues_of("axe.json")
    violations = [issue for issue in report.issues if issue.severity is not None]
    assert len(violations) == sum(len(rule["nodes"]) for rule in raw["violations"])
    assert {"image-alt", "label"} <= {issue.rule for issue in violations}
    assert report.severities[IssueSeverity.CRITICAL] == 2


def test_survivors_and_mutants_without_coverage_count_against_the_score() -> None:
    report = mutants_of("stryker.json")
    raw = [
        mutant
        for file in json.loads((FIXTURES / "stryker.json").read_bytes())["files"].values()
        for mutant in file["mutants"]
    ]
    killed = sum(mutant["status"] in {"Killed", "Timeout"} for mutant in raw)
    lost = sum(mutant["status"] in {"Survived", "NoCoverage"} for mutant in raw)
    assert lost
    assert report.score == pytest.approx(100 * killed / (killed + lost))


def test_mutmuts_reports_say_the_same() -> None:
    stats, results, meta = (mutants_of(f"mutmut_{name}") for name in ("stats.json", "results.txt", "meta.json"))
    assert stats.counts == results.counts
    assert stats.score == results.score == pytest.approx(100 * 2 / 23)
    named = {mutant.id: mutant.status for mutant in results.mutants}
    assert all(named[mutant.id] is mutant.status for mutant in meta.mutants)
    assert len(meta.mutants) == 6


def test_cosmic_ray_tells_place_and_operator_of_each_mutant() -> None:
    report = mutants_of("cosmic_ray.jsonl")
    assert {mutant.path for mutant in report.mutants} == {"src/tally/money.py"}
    assert report.counts[MutantStatus.SURVIVED] > 0
    assert report.counts[MutantStatus.KILLED] > 0
    assert all(mutant.line in range(1, 9) and mutant.description.startswith("core/") for mutant in report.mutants)


def test_a_benchmark_is_named_with_its_file_and_without_where_that_is_plain() -> None:
    measures = measures_of("pytest_benchmark.json")
    written = json.loads((FIXTURES / "pytest_benchmark.json").read_bytes())["benchmarks"]
    for benchmark in written:
        assert measures[benchmark["fullname"]] == (benchmark["stats"]["mean"], "s")
        assert measures[f"{benchmark['fullname']}.median"] == (benchmark["stats"]["median"], "s")
    assert {"test_sort[10]", "test_sort[1000].max"} <= measures.keys()
    assert "test_fee" not in measures  # two files have one of this name
    assert {"speed/test_speed.py::test_fee", "speed/test_other.py::test_fee"} <= measures.keys()


def test_a_command_is_named_by_its_text_or_the_name_it_was_given() -> None:
    measures = measures_of("hyperfine.json")
    for result in json.loads((FIXTURES / "hyperfine.json").read_bytes())["results"]:
        assert measures[result["command"]] == measures[f"{result['command']}.mean"] == (result["mean"], "s")
        assert min(result["times"]) == measures[f"{result['command']}.min"][0]
    assert {"nothing", "sleep 0.01"} <= measures.keys()


def test_both_forms_of_a_k6_summary_tell_the_same() -> None:
    summary, data = measures_of("handwritten_k6_summary.json"), measures_of("handwritten_k6_data.json")
    assert data["http_req_duration"] == data["http_req_duration.avg"] == (120.5, "ms")
    assert data["http_req_duration.p(95)"] == (181.7, "ms")
    assert summary["http_req_duration.p(95)"] == (181.7, "")
    assert summary["http_req_duration{expected_response:true}.max"] == (201.9, "")
    assert (summary["http_req_failed"], data["http_req_failed"]) == ((0, ""), (0, ""))


def test_what_mypy_says_of_a_whole_file_keeps_its_level(tmp_path: Path) -> None:
    said = "setup.cfg: note: unused section(s): [mypy-tests.*]\nlost.py: error: Cannot read file"
    report = tmp_path / "mypy.xml"
    report.write_text(
        '<testsuite name="mypy" tests="1" failures="1" errors="0" skips="0" time="1">'
        f'<testcase classname="mypy" file="mypy" line="1" name="mypy-py3_11-linux" time="1">'
        f'<failure message="mypy produced messages">{said}</failure></testcase></testsuite>'
    )
    found = read_report("mypy", report)
    assert isinstance(found, IssueReport)
    assert [(issue.level, issue.path, issue.line) for issue in found.issues] == [
        (IssueLevel.NOTE, "setup.cfg", None),
        (IssueLevel.ERROR, "lost.py", None),
    ]
