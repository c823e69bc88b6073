"""Budgets: nothing passes that is held to nothing, is not measured, or is too much."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import GateKind
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import PerformanceReport
from agent_agency.gates.tool_verdict import ToolVerdict, judge
from support.gate_reports import a_gate, measured


def judged(
    report: PerformanceReport | None, budget: dict[str, float], base: PerformanceReport | None = None, code: int = 0
) -> ToolVerdict:
    gate = a_gate(GateKind.PERFORMANCE, budget=budget, ratchet=base is not None)
    return judge(gate, 1, code, report, JudgingContext(base=base))


@pytest.mark.parametrize(("value", "status"), [(0.4, GateStatus.PASS), (0.5, GateStatus.PASS), (0.6, GateStatus.FAIL)])
def test_a_measure_may_be_as_much_as_its_budget(value: float, status: GateStatus) -> None:
    verdict = judged(measured(a=value, b=9), {"a": 0.5})
    assert verdict.status is status
    assert (verdict.figures or {})["budget"] == {"a": {"value": value, "most": 0.5, "unit": "s"}}


def test_what_is_too_much_is_told_with_both_numbers() -> None:
    [found] = judged(measured(a=0.6), {"a": 0.5}).findings
    assert found.message == "a is 0.6 s, 0.5 s allowed"


@pytest.mark.parametrize("report", [None, measured(a=1)])
def test_without_budget_or_report_nothing_is_held_to_anything(report: PerformanceReport | None) -> None:
    assert judged(report, {}).status is GateStatus.NOT_RUN
    assert judged(None, {"a": 1}).status is GateStatus.NOT_RUN


def test_a_measure_that_went_missing_is_an_error_and_names_what_is_there() -> None:
    verdict = judged(measured(a=1, c=1), {"a": 2, "b": 2})
    assert verdict.status is GateStatus.ERROR
    assert "a, c" in verdict.findings[0].remedy


def test_a_failed_benchmark_never_passes() -> None:
    assert judged(measured(a=1), {"a": 2}, code=99).status is GateStatus.ERROR


def test_a_ratchet_fails_what_became_slower_and_tells_the_ratio() -> None:
    verdict = judged(measured(a=6, b=6), {"a": 5, "b": 5}, measured(a=6, b=3), 1)
    assert verdict.status is GateStatus.FAIL
    assert [(found.subject, found.severity) for found in verdict.findings] == [
        ("b", Severity.MAJOR),
        ("a", Severity.ADVICE),
    ]
    assert (verdict.figures or {})["budget"]["b"] == {"value": 6, "most": 5, "unit": "s", "base": 3, "ratio": 2}
    assert "2.00 times the base's" in verdict.findings[0].message


def test_a_measure_that_the_base_lacks_is_held_to_its_budget() -> None:
    assert judged(measured(a=6), {"a": 5}, measured(b=1)).status is GateStatus.FAIL


VALUES = st.dictionaries(st.sampled_from("abc"), st.floats(0, 10), min_size=1)


@given(VALUES, st.dictionaries(st.sampled_from("abc"), st.floats(0, 10)), st.integers(0, 1))
def test_a_ratchet_never_fails_where_base_and_head_are_alike(
    values: dict[str, float], budget: dict[str, float], code: int
) -> None:
    assert judged(measured(**values), budget, measured(**values), code).status is not GateStatus.FAIL


@given(VALUES, VALUES, st.none() | VALUES, st.floats(0, 10))
def test_more_is_never_better(
    values: dict[str, float], budget: dict[str, float], before: dict[str, float] | None, more: float
) -> None:
    base: Any = None if before is None else measured(**before)
    slower = {name: value + more for name, value in values.items()}
    if judged(measured(**slower), budget, base).status is GateStatus.PASS:
        assert judged(measured(**values), budget, base).status is GateStatus.PASS
