"""Odd waivers and the kernel's budget; the answers follow from ECMA-262's coercions, checked against Node 20."""

from __future__ import annotations

from typing import Any

import pytest

from agent_agency.spec.budget import derive_budget
from agent_agency.spec.model import Budget

NOW = "2026-06-13T12:00:00.000Z"
POLICY = {"risk_tiers": {"1": {"max_files": 10, "max_loc": 100}}}
WAIVER = {
    "waiver_id": "W-1",
    "status": "active",
    "gates": ["budget_limit"],
    "expires_at": "2026-12-31T00:00:00.000Z",
    "delta": {"max_files": 5, "max_loc": 50},
    "approvers": ["a"],
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expires_at": None}, "expired"),
        ({"expires_at": "12/31/2026"}, None),
        ({"expires_at": "31.12.2026"}, "malformed"),
        ({"expires_at": [2027]}, None),
        ({"expires_at": {}}, "malformed"),
        ({"delta": "x"}, None),
        ({"delta": None, "approvers": []}, None),
        ({"approvers": "a"}, None),
        ({"approvers": True}, "insufficient_approvers"),
        ({"approvers": 5}, "insufficient_approvers"),
        ({"approvers": {"length": "2"}}, None),
        ({"approvers": {"length": 0}}, "insufficient_approvers"),
    ],
)
def test_an_odd_waiver_is_taken_or_left_as_the_kernel_does(change: dict[str, Any], reason: str | None) -> None:
    derived = derive_budget(POLICY, 1, [{**WAIVER, **change}], NOW)
    assert derived.skipped == ((("W-1", reason),) if reason else ())


def test_a_waiver_without_an_id_is_listed_without_one() -> None:
    waiver = {key: value for key, value in WAIVER.items() if key != "waiver_id"}
    applied: tuple[object, ...] = derive_budget(POLICY, 1, [waiver], NOW).applied
    assert applied == (None,)


def test_a_tier_written_as_a_float_is_the_same_tier() -> None:
    assert derive_budget(POLICY, 1.0, [], NOW).budget == Budget(10, 100)  # type: ignore[arg-type]


def test_an_unknown_tier_is_told_before_an_unreadable_moment() -> None:
    assert derive_budget(POLICY, 4, [], "not-a-date").budget is None
