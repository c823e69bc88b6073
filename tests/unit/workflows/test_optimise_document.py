"""Holm's correction counts every judge, those too that were not tested."""

from __future__ import annotations

from typing import Any

from agent_agency.workflows.optimise_document import with_holm


def judge(p_value: float, n_test: int = 100) -> dict[str, Any]:
    return {"p_value": p_value, "n_test": n_test, "gain": 0.2}


def test_p_values_are_corrected_over_all_judges() -> None:
    found = with_holm({"a": judge(0.001), "b": judge(0.02), "c": judge(0.5), "d": judge(0.01), "e": judge(0.03)})
    assert [round(one["p_holm"], 4) for one in found.values()] == [0.005, 0.06, 0.5, 0.04, 0.06]
    assert [one["significant"] for one in found.values()] == [True, False, False, True, False]


def test_a_judge_that_was_not_tested_counts_as_no_gain() -> None:
    found = with_holm({"a": judge(0.02), "b": judge(0.0, n_test=0)})
    assert found["b"]["p_value"] == 1.0
    assert found["b"]["significant"] is False
    assert found["a"]["p_holm"] == 0.04
