from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from agent_agency.gates.context import GateContext
from agent_agency.gates.spec_completeness import evaluate
from agent_agency.spec.model import Profile, ValidationResult
from support.gate_context import NOW, context, rules, spec


def run(built: GateContext) -> GateResult:
    return evaluate(built, GateMode.BLOCK)


def experiment(**values: Any) -> GateContext:
    return context(spec=spec(document={"blast_radius": {"modules": ["src"]}, "experimental_mode": values}))


def test_a_valid_active_spec_with_modules_passes() -> None:
    assert run(context()).status is GateStatus.PASS


def test_without_a_governing_spec_the_gate_does_not_run() -> None:
    result = run(context(spec=None))
    assert result.status is GateStatus.NOT_RUN
    assert "no working spec" in result.reason


def test_findings_of_the_validation_are_carried_over_with_their_place() -> None:
    finding = Finding("spec.shape", Severity.MAJOR, "wrong", "mend it", Place("a.yaml", 3, 7))
    invalid = ValidationResult("a.yaml", Profile.VNEXT, valid=False, findings=(finding,))
    result = run(context(spec=None, spec_result=invalid))
    assert result.status is GateStatus.FAIL
    assert result.findings == (finding,)


def test_an_invalid_spec_fails_even_when_no_finding_says_why() -> None:
    result = run(context(spec=None, spec_result=ValidationResult("a.yaml", None, valid=False, findings=())))
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["spec_completeness.invalid"])


def test_a_valid_result_without_its_spec_does_not_pass() -> None:
    result = run(context(spec=None, spec_result=ValidationResult("a.yaml", None, valid=True, findings=())))
    assert result.status is GateStatus.NOT_RUN


def test_advice_on_a_valid_spec_changes_nothing() -> None:
    advice = Finding("spec.advice", Severity.ADVICE, "could be better", "do", Place("a.yaml", 1))
    result = run(context(spec_result=ValidationResult("a.yaml", Profile.VNEXT, valid=True, findings=(advice,))))
    assert (result.status, result.findings) == (GateStatus.PASS, (advice,))


@pytest.mark.parametrize("state", ["draft", "closed", "archived", "anything"])
def test_only_an_active_spec_lets_a_change_in(state: str) -> None:
    result = run(context(spec=spec(lifecycle=state)))
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["spec_completeness.not_active"])


@pytest.mark.parametrize("document", [{}, {"blast_radius": None}, {"blast_radius": {"modules": [" ", 3]}}])
def test_a_spec_that_names_no_module_is_incomplete(document: dict[str, Any]) -> None:
    assert rules(run(context(spec=spec(document=document))).findings) == ["spec_completeness.no_modules"]


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ((NOW + timedelta(seconds=1)).isoformat(), GateStatus.PASS),
        (NOW.isoformat(), GateStatus.FAIL),
        ((NOW - timedelta(days=1)).isoformat(), GateStatus.FAIL),
        (NOW.date().isoformat(), GateStatus.PASS),
        ((NOW - timedelta(days=1)).date().isoformat(), GateStatus.FAIL),
        ("2026-13-45", GateStatus.FAIL),
        ("2026-03-01t12:00:01z", GateStatus.PASS),
        ("2026-03-01T13:00:01+01", GateStatus.PASS),
        ("2026-03-02T12:00:00", GateStatus.FAIL),
        ("soon", GateStatus.FAIL),
        (20260101, GateStatus.FAIL),
        (None, GateStatus.FAIL),
    ],
)
def test_an_experiment_counts_until_it_expires(ends: object, status: GateStatus) -> None:
    assert run(experiment(enabled=True, expires_at=ends)).status is status


def test_an_experiment_that_is_switched_off_needs_no_end() -> None:
    assert run(experiment(enabled=False)).status is GateStatus.PASS
