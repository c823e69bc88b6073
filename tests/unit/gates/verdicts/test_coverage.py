"""Coverage of the whole and of the changed lines, and that no claim about what is not there raises it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import CoverageReport, ReportProblem
from agent_agency.gates.reports.read import read_report
from agent_agency.gates.reports.refusal import Code
from agent_agency.gates.tool_verdict import ToolVerdict, judge
from agent_agency.gates.verdicts.believed_coverage import believe
from support.gate_reports import a_gate, reached
from support.report_fixtures import FIXTURES, form_of
from tools.report_fixture_projects import JAVASCRIPT, PYTHON, C

TREE = frozenset({"src/a.py", "src/b.py", "src/new.py", "lib/b.py", "tests/test_a.py", "docs/conf.py", "setup.py"})


def judged(
    report: CoverageReport, *, exit_code: int = 0, settings: Mapping[str, Any] | None = None, **known: Any
) -> ToolVerdict:
    gate = a_gate(GateKind.COVERAGE, **(settings or {}))
    context = JudgingContext(**{"paths": TREE, "root": "/co", **known})
    return judge(gate, 2, exit_code, report, context)


def figures(verdict: ToolVerdict) -> Mapping[str, Any]:
    assert verdict.figures is not None
    return verdict.figures


def rules(verdict: ToolVerdict) -> list[str]:
    return [found.rule.removeprefix("gate.g.") for found in verdict.findings]


def test_branches_are_measured_where_the_report_tells_of_them() -> None:
    report = reached({"src/a.py": ([1, 2], [])}, {"src/a.py": {2: (1, 2)}})
    verdict = judged(report)
    assert verdict.status is GateStatus.FAIL
    assert {"measured": "branch", "covered": 1, "total": 2, "percent": 50.0, "threshold": 80}.items() <= figures(
        verdict
    ).items()


def test_lines_are_measured_where_it_does_not() -> None:
    verdict = judged(reached({"src/a.py": (range(1, 81), range(81, 101))}))
    assert (verdict.status, figures(verdict)["measured"], figures(verdict)["percent"]) == (GateStatus.PASS, "line", 80)


def test_a_share_just_below_is_not_shown_as_the_threshold() -> None:
    verdict = judged(reached({"src/a.py": (range(1, 79_999), range(80_000, 100_001))}))
    assert verdict.status is GateStatus.FAIL
    assert figures(verdict)["percent"] < 80
    assert "80.00 %, " not in verdict.reason


def test_branches_that_suffice_over_lines_that_do_not_are_told() -> None:
    verdict = judged(reached({"src/a.py": ([1], range(2, 11))}, {"src/a.py": {1: (2, 2)}}))
    assert (verdict.status, rules(verdict)) == (GateStatus.PASS, ["few_lines_covered"])


def test_what_was_missed_is_named_with_lines_and_a_command() -> None:
    verdict = judged(reached({"src/a.py": ([1], [3, 4, 5, 9]), "src/b.py": ([1], [2])}))
    [found] = verdict.findings
    assert "src/a.py:3-5, 9 (4 lines); src/b.py:2 (1 line)" in found.remedy
    assert "See it with: tool --run" in found.remedy
    assert (found.place.path, found.place.line) == ("src/a.py", 3)


ADDED = {"src/a.py": frozenset(range(1, 11)), "docs/readme.md": frozenset({1})}
HALF = reached({"src/a.py": ([*range(1, 6), *range(20, 120)], [6, 7, 9, 10])})


def test_changed_lines_are_told_and_advised_once_where_nothing_holds_them() -> None:
    verdict = judged(HALF, added=ADDED)
    assert verdict.status is GateStatus.PASS
    wanted = {"changed_lines": 9, "changed_covered": 5, "changed_percent": 55.56, "changed_threshold": None}
    assert wanted.items() <= figures(verdict).items()
    [found] = verdict.findings
    assert (found.severity, found.place.path, found.place.line) == (Severity.ADVICE, "src/a.py", 6)
    assert "src/a.py:6-7, 9-10" in found.message


@pytest.mark.parametrize(("least", "status"), [(55, GateStatus.PASS), (56, GateStatus.FAIL)])
def test_changed_lines_block_below_their_own_threshold(least: float, status: GateStatus) -> None:
    verdict = judged(HALF, added=ADDED, settings={"changed_threshold": {2: least}})
    assert verdict.status is status
    assert figures(verdict)["changed_threshold"] == least
    failing = [found for found in verdict.findings if found.severity is Severity.MAJOR]
    assert [(found.place.path, found.place.line) for found in failing] == [("src/a.py", 6)] * (least == 56)


def test_changed_lines_may_be_exactly_as_much_as_asked_for() -> None:
    half = reached({"src/a.py": ([1, *range(20, 60)], [2])})
    verdict = judged(half, added={"src/a.py": frozenset({1, 2})}, settings={"changed_threshold": {2: 50}})
    assert (verdict.status, figures(verdict)["changed_percent"]) == (GateStatus.PASS, 50)


def test_another_tier_is_only_advised() -> None:
    assert judged(HALF, added=ADDED, settings={"changed_threshold": {1: 100}}).status is GateStatus.PASS


def test_a_change_without_code_has_nothing_to_cover() -> None:
    verdict = judged(HALF, added={"docs/readme.md": frozenset({1})}, settings={"changed_threshold": {2: 100}})
    assert (verdict.status, figures(verdict)["changed_lines"], figures(verdict)["changed_percent"]) == (
        GateStatus.PASS,
        0,
        None,
    )


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("src/new.py", 4),
        ("tests/test_new.py", 0),
        ("src/test_new.py", 0),
        ("src/tests/helper.py", 0),
        ("setup.py", 0),
        ("docs/conf.py", 0),
        ("src/x.md", 0),
    ],
)
def test_a_new_source_file_that_no_test_imports_is_not_covered(path: str, lines: int) -> None:
    verdict = judged(HALF, added={path: frozenset(range(1, 5))}, settings={"changed_threshold": {2: 50}})
    assert (figures(verdict)["changed_lines"], figures(verdict)["changed_covered"]) == (lines, 0)
    assert verdict.status is (GateStatus.FAIL if lines else GateStatus.PASS)


@pytest.mark.parametrize(
    ("path", "roots"),
    [
        ("/co/src/a.py", ()),
        ("./src/a.py", ()),
        ("src\\a.py", ()),
        ("a.py", ("/co/src",)),
        ("a.py", ("src",)),
        ("a.py", ()),
    ],
)
def test_changed_lines_are_found_however_the_report_writes_the_path(path: str, roots: tuple[str, ...]) -> None:
    verdict = judged(reached({path: ([1, 2, 3], [])}, roots=roots), added={"src/a.py": frozenset({1, 2})})
    assert (figures(verdict)["changed_lines"], figures(verdict)["changed_covered"]) == (2, 2)


def test_coverage_of_another_file_with_the_same_name_does_not_count_for_it() -> None:
    verdict = judged(reached({"/co/lib/b.py": ([1, 2, 3], [])}), added={"src/b.py": frozenset({1, 2})})
    assert figures(verdict)["changed_lines"] == 0
    verdict = judged(
        reached({"b.py": ([1, 2, 3], []), "src/a.py": ([1], [])}),
        added={"src/b.py": frozenset({1, 2})},
        settings={"changed_threshold": {2: 50}},
    )
    assert (verdict.status, figures(verdict)["changed_covered"]) == (GateStatus.FAIL, 0)
    assert "path_ambiguous" in rules(verdict)
    assert "could mean several files" in verdict.findings[-1].message


@pytest.mark.parametrize(
    "report",
    [
        reached({"/x/src/b.py": ([], [1]), "/x/old/src/b.py": ([1], [])}),
        reached({"src/b.py": ([], [1]), "b.py": ([1], [])}),
        reached({"src/b.py": ([], [1]), "/y/src/b.py": ([1], [])}),
    ],
)
@pytest.mark.parametrize("paths", [TREE - {"lib/b.py"}, frozenset()])
def test_two_files_with_the_same_tail_are_never_joined(report: CoverageReport, paths: frozenset[str]) -> None:
    verdict = judged(report, added={"src/b.py": frozenset({1})}, paths=paths, root=None)
    assert figures(verdict)["changed_covered"] == 0


def test_claims_about_what_is_not_there_raise_nothing() -> None:
    honest = reached({"src/a.py": ([1, 2], [3, 4, 5])}, {"src/a.py": {2: (1, 4)}})
    forged = reached(
        {
            "src/a.py": ([1, 2, *range(900, 2000)], [3, 4, 5]),
            "src/ghost.py": (range(1, 5000), []),
            "/x/y.py": ([1], []),
        },
        {"src/a.py": {2: (1, 4), 950: (90, 90)}, "src/ghost.py": {4: (80, 80)}},
    )
    lines_of = {"src/a.py": 5}.get
    before, after = (judged(report, lines_of=lines_of) for report in (honest, forged))
    for name in ("measured", "covered", "total", "percent"):
        assert figures(after)[name] == figures(before)[name]
    assert (figures(after)["files_not_there"], figures(after)["lines_not_there"]) == (2, 1100)
    assert "claims_not_there" in rules(after)
    assert after.status is GateStatus.FAIL


def test_a_report_of_other_files_only_measures_nothing() -> None:
    assert judged(reached({"ghost.py": (range(1, 100), [])})).status is GateStatus.NOT_RUN


def test_unknown_changed_lines_never_pass_a_threshold_of_theirs() -> None:
    gate = a_gate(GateKind.COVERAGE, changed_threshold={2: 1})
    assert judge(gate, 2, 0, HALF).status is GateStatus.ERROR
    assert judge(gate, 1, 0, HALF).status is GateStatus.PASS


def ratcheted(head: CoverageReport, base: Any, **known: Any) -> ToolVerdict:
    return judged(head, exit_code=2, settings={"ratchet": True, **known.pop("settings", {})}, base=base, **known)


def test_a_ratchet_holds_to_the_base_below_the_threshold() -> None:
    low, lower = reached({"src/a.py": ([1, 2], [3, 4])}), reached({"src/a.py": ([1], [2, 3, 4])})
    same = ratcheted(low, low)
    assert (same.status, figures(same)["percent"], figures(same)["base_percent"]) == (GateStatus.PASS, 50, 50)
    assert {found.severity for found in same.findings} == {Severity.ADVICE}
    assert ratcheted(lower, low).status is GateStatus.FAIL
    assert ratcheted(low, lower).status is GateStatus.PASS
    more_code = reached({"src/a.py": ([1, 2, 3], range(4, 9))})
    assert ratcheted(more_code, low).status is GateStatus.FAIL
    assert ratcheted(low, more_code).status is GateStatus.PASS


def test_a_ratchet_excuses_no_changed_line() -> None:
    low = reached({"src/a.py": ([1, 2], [3, 4])})
    verdict = ratcheted(low, low, added={"src/a.py": frozenset({3})}, settings={"changed_threshold": {2: 50}})
    assert verdict.status is GateStatus.FAIL


@pytest.mark.parametrize("base", [None, ReportProblem(Code.MISSING, "The tool wrote no report")])
def test_a_ratchet_without_a_base_is_the_plain_threshold(base: Any) -> None:
    verdict = ratcheted(reached({"src/a.py": ([1], [2])}), base)
    assert verdict.status is GateStatus.FAIL
    assert "not compared with the base" in verdict.reason
    assert figures(verdict)["ratchet"] is False


def test_generated_files_that_no_tree_has_count_on_neither_side() -> None:
    head = reached({"src/a.py": ([1], [2]), "src/_version.py": ([1, 2, 3], [])})
    assert ratcheted(head, head, base_paths=TREE).status is GateStatus.PASS


LINES = st.frozensets(st.integers(1, 30), max_size=12)
FILES = st.dictionaries(st.sampled_from(sorted(TREE)), st.tuples(LINES, LINES), min_size=1, max_size=4)


@given(FILES, st.sampled_from(["src/a.py", "src/b.py"]), st.integers(1, 40), LINES)
def test_one_more_uncovered_line_never_raises_the_share_of_changed_lines(
    files: dict[str, tuple[frozenset[int], frozenset[int]]], path: str, line: int, added: frozenset[int]
) -> None:
    files = {name: (covered, missed - covered) for name, (covered, missed) in files.items()}
    covered, missed = files.get(path, (frozenset(), frozenset()))
    known = {name: lines for name, lines in {"src/a.py": added, "src/b.py": added}.items() if lines}
    worse = {**files, path: (covered - {line}, missed | {line})}
    wider = {**known, path: known.get(path, frozenset()) | {line}}
    before = judged(reached(files), added=known).figures or {}
    after = judged(reached(worse), added=wider).figures or {}
    if before.get("changed_percent") is not None and path in files:
        assert after["changed_percent"] <= before["changed_percent"]
    assert (after.get("changed_covered") or 0) <= (before.get("changed_covered") or 0)


@given(FILES, st.booleans(), st.integers(0, 3))
def test_a_ratchet_never_fails_where_base_and_head_are_alike(
    files: dict[str, tuple[frozenset[int], frozenset[int]]], branched: bool, exit_code: int
) -> None:
    branches = {path: dict.fromkeys(covered, (1, 2)) for path, (covered, _) in files.items()} if branched else None
    report = reached({path: (covered, missed - covered) for path, (covered, missed) in files.items()}, branches)
    gate = a_gate(GateKind.COVERAGE, ratchet=True)
    context = JudgingContext(paths=TREE, base_paths=TREE, base=report)
    assert judge(gate, 1, exit_code, report, context).status is not GateStatus.FAIL


@given(FILES, FILES)
def test_files_that_are_not_there_never_raise_the_figure(
    files: dict[str, tuple[frozenset[int], frozenset[int]]],
    ghosts: dict[str, tuple[frozenset[int], frozenset[int]]],
) -> None:
    honest = {path: (covered, missed - covered) for path, (covered, missed) in files.items()}
    forged = honest | {f"ghost/{path}x": (covered | missed, ()) for path, (covered, missed) in ghosts.items()}
    before, after = judged(reached(honest)).figures or {}, judged(reached(forged)).figures or {}
    assert after.get("percent") == before.get("percent")


@pytest.mark.parametrize(
    ("name", "root", "files"),
    [
        *((f"coveragepy.{form}", "/project/python", PYTHON) for form in ("json", "cobertura.xml", "lcov")),
        *((f"istanbul.{form}", "/project/javascript", JAVASCRIPT) for form in ("json", "cobertura.xml", "lcov")),
        *((f"gcovr.{form}", "/project/c", C) for form in ("cobertura.xml", "lcov")),
    ],
)
def test_every_file_that_a_real_report_names_is_found_with_all_its_lines(
    name: str, root: str, files: Mapping[str, str]
) -> None:
    report = read_report(form_of(FIXTURES / name), FIXTURES / name)
    assert isinstance(report, CoverageReport)
    believed = believe(report, frozenset(files), root, lambda path: len(files[path].splitlines()))
    assert len(believed.files) == len(report.files)
    assert (believed.absent, dict(believed.ambiguous), believed.beyond) == ((), {}, 0)
    assert believed.lines == (report.lines_covered, report.lines_total)
