"""Mutation scores: survivors count, time-outs are told, and what could not be judged proves nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import Mutant, MutantStatus, MutationReport
from agent_agency.gates.tool_verdict import ToolVerdict, judge
from support.gate_reports import a_gate, mutants


def judged(report: MutationReport, base: MutationReport | None = None, exit_code: int = 0) -> ToolVerdict:
    gate = a_gate(GateKind.MUTATION, ratchet=base is not None)
    return judge(gate, 2, exit_code, report, JudgingContext(base=base))


@pytest.mark.parametrize(
    ("counts", "status", "percent"),
    [
        ({"killed": 5, "survived": 5}, GateStatus.PASS, 50),
        ({"killed": 5, "survived": 6}, GateStatus.FAIL, 45.45),
        ({"killed": 5, "no_coverage": 6}, GateStatus.FAIL, 45.45),
        ({"killed": 4, "timeout": 1, "survived": 5}, GateStatus.PASS, 50),
        ({"killed": 2, "survived": 3, "error": 5}, GateStatus.FAIL, 40),
        ({"killed": 2, "survived": 3, "error": 3, "ignored": 3}, GateStatus.ERROR, None),
        ({"ignored": 3}, GateStatus.ERROR, None),
        ({}, GateStatus.NOT_RUN, None),
    ],
)
def test_the_score_is_detected_of_judged_mutants(
    counts: dict[str, int], status: GateStatus, percent: float | None
) -> None:
    verdict = judged(mutants(**counts))
    assert (verdict.status, (verdict.figures or {}).get("percent")) == (status, percent)


def test_survivors_are_named_after_what_is_asked_for() -> None:
    first, *others = judged(mutants(killed=1, survived=3)).findings
    assert "notice 1 more of the 3 mutants left alive" in first.remedy
    assert [(found.place.path, found.place.line) for found in others] == [("src/a.py", line) for line in (1, 2, 3)]


def test_survivors_on_changed_lines_come_first() -> None:
    gate = a_gate(GateKind.MUTATION)
    context = JudgingContext(added={"src/a.py": frozenset({3})})
    verdict = judge(gate, 2, 0, mutants(killed=1, survived=3), context)
    assert [found.place.line for found in verdict.findings[1:]] == [3, 1, 2]


def test_a_score_by_time_outs_alone_is_told() -> None:
    verdict = judged(mutants(killed=1, timeout=8, survived=3))
    assert verdict.status is GateStatus.PASS
    assert [(found.rule, found.severity) for found in verdict.findings] == [("gate.g.timeouts_decide", Severity.ADVICE)]
    assert judged(mutants(killed=8, timeout=1, survived=3)).findings == ()


def test_a_ratchet_holds_to_the_bases_score() -> None:
    low, lower = mutants(killed=2, survived=8), mutants(killed=1, survived=9)
    same = judged(low, low, exit_code=1)
    assert (same.status, (same.figures or {})["base_percent"]) == (GateStatus.PASS, 20)
    assert judged(lower, low, exit_code=1).status is GateStatus.FAIL


COUNTS = st.fixed_dictionaries({str(status): st.integers(0, 6) for status in MutantStatus})


@given(COUNTS, st.sampled_from([MutantStatus.SURVIVED, MutantStatus.NO_COVERAGE]), st.none() | COUNTS)
def test_one_more_survivor_never_raises_the_score(
    counts: dict[str, int], status: MutantStatus, base: dict[str, int] | None
) -> None:
    report, before = mutants(**counts), None if base is None else mutants(**base)
    worse = MutationReport((*report.mutants, Mutant("more", status, "src/b.py", 1)))
    score, lower = report.score, worse.score
    assert lower is not None
    assert score is None or lower <= score
    if judged(report, before).status is GateStatus.FAIL:
        assert judged(worse, before).status is not GateStatus.PASS


@given(COUNTS, st.integers(0, 2))
def test_a_ratchet_never_fails_where_base_and_head_are_alike(counts: dict[str, int], exit_code: int) -> None:
    report = mutants(**counts)
    assert judged(report, report, exit_code).status is not GateStatus.FAIL
