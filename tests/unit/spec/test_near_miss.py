from __future__ import annotations

import pytest

from agent_agency.spec.near_miss import did_you_mean

FIELDS = ("id", "title", "risk_tier", "mode", "lifecycle_state", "acceptance", "invariants", "in", "out")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("riskTier", "risk_tier"),
        ("risk-tier", "risk_tier"),
        ("RISK_TIER", "risk_tier"),
        ("tier", "risk_tier"),
        ("invarients", "invariants"),
        ("lifecycle", "lifecycle_state"),
        ("status", "lifecycle_state"),
        ("acceptance_criteria", "acceptance"),
        ("include", "in"),
        ("titel", "title"),
        ("zebra", None),
        ("", None),
        ("x" * 10_000, None),
        ("title", None),
    ],
)
def test_a_slip_is_led_to_the_name_that_was_meant(word: str, meant: str | None) -> None:
    assert did_you_mean(word, FIELDS) == meant


def test_what_is_no_text_has_no_near_name() -> None:
    assert did_you_mean(7, FIELDS) is None
