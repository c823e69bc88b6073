from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.reports.coverage_builder import CoverageBuilder
from agent_agency.gates.reports.lines import MAX_LINE, Branches, Lines
from agent_agency.gates.reports.model import CoverageReport, Mutant, MutantStatus, MutationReport

numbers = st.integers(1, MAX_LINE)


@given(st.lists(numbers), st.lists(numbers))
def test_lines_are_a_sorted_set(first: list[int], second: list[int]) -> None:
    lines = Lines.of(first)
    assert list(lines) == sorted(set(first))
    assert len(lines) == len(set(first))
    assert all(line in lines for line in first)
    assert [line in lines for line in second] == [line in set(first) for line in second]
    assert (lines == Lines.of(second)) == (set(first) == set(second))
    assert hash(lines) == hash(Lines.of(reversed(first)))


def test_what_is_no_line_is_not_among_them() -> None:
    assert "1" not in Lines.of([1])
    assert 0 not in Lines.of([1])
    assert 2 not in Lines()


@given(st.dictionaries(numbers, st.tuples(st.integers(0, 99), st.integers(0, 99))))
def test_branches_are_kept_line_by_line(counts: dict[int, tuple[int, int]]) -> None:
    branches = Branches.of(counts)
    assert {line: (taken, total) for line, taken, total in branches} == counts
    assert len(branches) == len(counts)
    assert branches.taken == sum(taken for taken, _ in counts.values())
    assert branches.total == sum(total for _, total in counts.values())


hits = st.dictionaries(st.integers(1, 30), st.integers(0, 3), max_size=20)


@given(st.lists(hits, min_size=1, max_size=4))
def test_a_file_told_of_in_parts_is_covered_where_any_part_covers_it(parts: list[dict[int, int]]) -> None:
    builder = CoverageBuilder()
    for part in parts:
        builder.add("a.py", part, {})
    (file,) = builder.files()
    covered = {line for part in parts for line, times in part.items() if times}
    assert set(file.covered) == covered
    assert set(file.missed) == {line for part in parts for line in part} - covered


@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=4))
def test_branches_of_parts_are_never_overstated(parts: list[set[int]]) -> None:
    builder = CoverageBuilder()
    for part in parts:
        builder.add("a.py", {}, {7: (len(part), 6)})
    (file,) = builder.files()
    assert file.branches_covered <= len(set().union(*parts))
    assert file.branches_total == 6


def test_a_report_sums_its_files() -> None:
    builder = CoverageBuilder()
    builder.add("a.py", {1: 1, 2: 0}, {1: (1, 2)})
    builder.add("b.py", {1: 5}, {})
    report = CoverageReport(builder.files(), builder.branched)
    assert (report.lines_covered, report.lines_total) == (2, 3)
    assert (report.branches_covered, report.branches_total, report.measures_branches) == (1, 2, True)


@pytest.mark.parametrize(
    ("statuses", "score"),
    [
        ("", None),
        ("ignored error", None),
        ("killed", 100),
        ("killed survived", 50),
        ("killed no_coverage", 50),
        ("timeout survived no_coverage ignored error", pytest.approx(100 / 3)),
        ("no_coverage", 0),
    ],
)
def test_the_score_counts_what_was_not_noticed(statuses: str, score: float | None) -> None:
    mutants = tuple(Mutant(str(n), MutantStatus(word)) for n, word in enumerate(statuses.split()))
    assert MutationReport(mutants).score == score
    unnamed = {status: sum(mutant.status is status for mutant in mutants) for status in MutantStatus}
    assert MutationReport((), unnamed).score == score
