from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.config import LawLimits
from agent_agency.errors import LawError
from agent_agency.spec.budget import derive_budget, effective_budget
from agent_agency.spec.model import Budget, Waiver
from agent_agency.spec.policy import default_policy
from agent_agency.spec.waiver_force import why_not_in_force

NOW = datetime(2026, 1, 15, tzinfo=UTC)
LIMITS = LawLimits()
TOO_LONG = "it lasts longer than the 90 days that the law allows"
WAIVER = Waiver(
    id="WV-0001",
    title="Legacy import",
    status="active",
    gates=("budget_limit",),
    reason="It lands in one piece.",
    approvers=("lead@example.org",),
    requester="dev@example.org",
    created_at=NOW - timedelta(days=10),
    expires_at=NOW + timedelta(days=10),
    spec_id="FEAT-001",
    max_uses=None,
    delta=Budget(10, 500),
    path=".caws/waivers/WV-0001.yaml",
    digest="sha256:0",
)


def why(
    waiver: Waiver, *, limits: LawLimits = LIMITS, authors: tuple[str, ...] = ("dev@example.org",), tier: int = 2
) -> str | None:
    return why_not_in_force(waiver, now=NOW, spec_id="FEAT-001", authors=authors, limits=limits, tier=tier)


def test_a_waiver_in_force_has_no_reason_against_it() -> None:
    assert why(WAIVER) is None
    assert why(replace(WAIVER, spec_id=None)) is None


@pytest.mark.parametrize(
    ("waiver", "reason"),
    [
        (replace(WAIVER, status="revoked"), "its status is revoked"),
        (replace(WAIVER, status="proposed"), "its status is proposed"),
        (replace(WAIVER, spec_id="FEAT-002"), "it is for spec FEAT-002"),
        (replace(WAIVER, expires_at=NOW), "it expired at 2026-01-15T00:00:00.000Z"),
        (replace(WAIVER, created_at=NOW + timedelta(seconds=1)), "it begins only at 2026-01-15T00:00:01.000Z"),
        (replace(WAIVER, expires_at=NOW + timedelta(days=81)), TOO_LONG),
        (replace(WAIVER, created_at=None, expires_at=NOW + timedelta(days=91)), TOO_LONG),
        (replace(WAIVER, approvers=()), "nobody approved it"),
    ],
)
def test_a_waiver_out_of_force_says_why(waiver: Waiver, reason: str) -> None:
    assert why(waiver) == reason


@pytest.mark.parametrize(
    "author",
    ["LEAD@example.org", "Lead <lead@example.org>", "lead+work@example.org", "1+lead@users.noreply.github.com"],
)
def test_an_author_of_the_change_is_no_approver_however_spelled(author: str) -> None:
    reason = why(WAIVER, authors=("x@example.org", author))

    assert reason is not None
    assert "may not approve an exception for a change of their own" in reason


def test_a_second_independent_approver_is_enough() -> None:
    waiver = replace(WAIVER, approvers=("dev@example.org", "lead@example.org"))

    assert why(waiver) is None
    assert why(waiver, authors=("dev@example.org", "lead@example.org")) is not None


def test_the_requester_is_no_approver() -> None:
    assert why(replace(WAIVER, requester="lead@example.org"), authors=()) is not None


def test_the_quorum_is_that_of_the_risk_tier_and_counts_people_not_spellings() -> None:
    limits = LawLimits(quorum={1: 2, 2: 1, 3: 1})
    twice = replace(WAIVER, approvers=("lead@example.org", "Lead@Example.org", "@lead"))

    assert why(WAIVER, limits=limits, tier=2) is None
    assert why(WAIVER, limits=limits, tier=1) == "it has 1 of the 2 approvers that its risk tier needs"
    assert why(twice, limits=limits, tier=1) is not None
    assert why(replace(WAIVER, approvers=("lead@example.org", "cto@example.org")), limits=limits, tier=1) is None


def test_the_budget_is_the_baseline_and_the_deltas_in_force() -> None:
    second = replace(WAIVER, id="WV-0002", delta=Budget(0, 25))
    expired = replace(WAIVER, id="WV-0003", expires_at=NOW)
    other_gate = replace(WAIVER, id="WV-0004", gates=("god_object",))
    whole_gate = replace(WAIVER, id="WV-0005", delta=None)

    decision = effective_budget(
        default_policy(),
        2,
        [WAIVER, second, expired, other_gate, whole_gate],
        now=NOW,
        spec_id="FEAT-001",
        limits=LIMITS,
    )

    assert decision.baseline == Budget(15, 600)
    assert decision.budget == Budget(25, 1125)
    assert decision.applied == ("WV-0001", "WV-0002", "WV-0005")
    assert decision.skipped == {
        "WV-0003": "it expired at 2026-01-15T00:00:00.000Z",
        "WV-0004": "it does not cover budget_limit",
    }
    assert decision.notes == ()


def test_the_sum_of_all_deltas_is_cut_to_the_cap_and_that_is_told() -> None:
    limits = LawLimits(max_delta_files=12, max_delta_loc=0)

    decision = effective_budget(
        default_policy(), 3, [WAIVER, replace(WAIVER, id="WV-0002")], now=NOW, spec_id="FEAT-001", limits=limits
    )

    assert decision.budget == Budget(42, 1500)
    assert decision.notes == (
        "the waivers would add 20 files; the law lets them add 12",
        "the waivers would add 1000 lines; the law lets them add 0",
    )


def test_a_raise_needs_the_approvers_that_the_policy_asks_for() -> None:
    policy = replace(default_policy(), min_budget_approvers=2)

    decision = effective_budget(policy, 2, [WAIVER], now=NOW, spec_id="FEAT-001", limits=LIMITS)

    assert decision.budget == decision.baseline
    assert decision.skipped == {"WV-0001": "it has 1 of the 2 approvers that raise a budget"}


def test_an_author_does_not_raise_their_own_budget() -> None:
    decision = effective_budget(
        default_policy(), 2, [WAIVER], now=NOW, spec_id="FEAT-001", limits=LIMITS, authors=("lead@example.org",)
    )

    assert decision.applied == ()


def test_a_tier_without_a_budget_cannot_be_judged() -> None:
    with pytest.raises(LawError):
        effective_budget(replace(default_policy(), tiers={}), 1, [], now=NOW, spec_id="X-1", limits=LIMITS)


waivers = st.builds(
    replace,
    st.just(WAIVER),
    id=st.sampled_from(["WV-1", "WV-2", "WV-3"]),
    status=st.sampled_from(["active", "revoked"]),
    gates=st.sampled_from([("budget_limit",), ("god_object",)]),
    approvers=st.lists(st.sampled_from(["lead@example.org", "dev@example.org", "cto@example.org"]), max_size=3).map(
        tuple
    ),
    expires_at=st.integers(-5, 120).map(lambda days: NOW + timedelta(days=days)),
    delta=st.none() | st.builds(Budget, st.integers(0, 9), st.integers(0, 99)),
)


@given(st.lists(waivers, max_size=5), st.sampled_from([1, 2, 3]), st.none() | st.integers(0, 5))
def test_a_budget_is_never_below_its_baseline_nor_above_what_the_law_lets_be_added(
    found: list[Waiver], tier: int, cap: int | None
) -> None:
    limits = LawLimits(max_delta_files=cap, max_delta_loc=cap)

    decision = effective_budget(default_policy(), tier, found, now=NOW, spec_id="FEAT-001", limits=limits)

    added = decision.budget.max_files - decision.baseline.max_files
    assert 0 <= added <= sum(waiver.delta.max_files for waiver in found if waiver.delta)
    assert cap is None or added <= cap


@pytest.mark.parametrize("now", [None, 5, "garbage"])
def test_deriving_without_a_moment_is_an_error_as_in_the_reference(now: object) -> None:
    with pytest.raises(ValueError, match="no date"):
        derive_budget({"risk_tiers": {"1": {"max_files": 1, "max_loc": 1}}}, 1, [], now)
