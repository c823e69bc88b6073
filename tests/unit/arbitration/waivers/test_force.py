"""The earlier engine's waivers covered everybody, everything and for longer; each of its defects is a test here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent_agency.arbitration.waivers.force import ChangeBefore, days_of, judge_record, quorum_of
from agent_agency.arbitration.waivers.lawful import Bounds
from agent_agency.arbitration.waivers.model import Act, Terms
from agent_agency.config import LawLimits
from agent_agency.spec.model import Budget
from agent_agency.spec.policy import default_policy
from support.waiver_acts import ANN, BEGAN, BOB, NOW, REX, TERMS, approval, bounds, record_of, request, rule

CHANGE = ChangeBefore("FEAT-1", 3, ("author@example.org",), NOW)
GRANTED = (approval(ANN), approval(BOB))


def why(*acts: Act, change: ChangeBefore = CHANGE, law: Bounds | None = None, uses: int = 0) -> str | None:
    return judge_record(record_of(*acts), change, law or bounds(), uses=uses).why


def asked(**changed: Any) -> Act:
    return request(REX, replace(TERMS, **changed))


def test_an_approved_waiver_is_in_force_for_its_spec() -> None:
    found = judge_record(record_of(request(), *GRANTED), CHANGE, bounds(), uses=0)
    assert found.why is None
    assert found.waiver.approvers == ("ann@example.org", "bob@example.org")


def test_one_waiver_is_not_for_everybody() -> None:
    assert why(request(), *GRANTED, change=replace(CHANGE, spec_id="FEAT-2")) == "it is for spec FEAT-1"


def test_to_ask_is_not_enough() -> None:
    assert why(request()) == "it has 0 of the 1 signed approvals that it needs"


def test_the_approver_is_not_the_requester() -> None:
    found = why(request(ANN), approval(ANN))
    assert found is not None
    assert "ann asked for it" in found


@pytest.mark.parametrize(
    "terms",
    [
        replace(TERMS, gates=("*",)),
        replace(TERMS, gates=("",)),
        replace(TERMS, gates=()),
        replace(TERMS, gates=(), rules=("",)),
        replace(TERMS, gates=(), rules=("law.readable",)),
        replace(TERMS, spec_id=None),
        replace(TERMS, spec_id=None, paths=("**",)),
        replace(TERMS, spec_id=None, paths=("",)),
        replace(TERMS, reason="x"),
        replace(TERMS, expires_at=BEGAN + timedelta(days=91)),
        replace(TERMS, gates=("budget_limit",)),
        replace(TERMS, gates=("budget_limit",), delta=Budget(0, 10**6)),
    ],
)
def test_what_could_not_be_asked_for_is_not_in_force_though_it_was_signed_and_approved(terms: Terms) -> None:
    law = bounds(LawLimits(max_delta_loc=100), rule("law.readable", waivable=False))
    assert why(request(REX, terms), *GRANTED, law=law) is not None


def test_asking_for_long_never_gives_more_than_asking_for_little() -> None:
    law = bounds(LawLimits(waiver_max_days=14))
    assert why(asked(), *GRANTED, law=law) is None
    assert why(asked(expires_at=BEGAN + timedelta(days=15)), *GRANTED, law=law) is not None


def test_the_law_may_become_stricter_under_an_approved_waiver() -> None:
    assert why(request(), *GRANTED, law=bounds(LawLimits(waiver_max_days=13))) is not None
    assert why(request(), *GRANTED, law=bounds(LawLimits(quorum={3: 3}))) is not None


def test_it_has_not_begun_before_it_was_asked_for() -> None:
    early = replace(CHANGE, now=BEGAN - timedelta(seconds=1))
    assert why(request(), *GRANTED, change=early) is not None


@pytest.mark.parametrize("author", ["ann@example.org", "Ann <ANN@example.org>", "bob+x@example.org"])
def test_an_author_leaves_one_approver_less(author: str) -> None:
    law = bounds(LawLimits(quorum={3: 2}))
    assert why(request(), *GRANTED, law=law) is None
    found = why(request(), *GRANTED, law=law, change=replace(CHANGE, authors=(author,)))
    assert found is not None
    assert "is an author of the change" in found


def test_the_quorum_is_that_of_the_tier() -> None:
    law = bounds(LawLimits(quorum={1: 3, 2: 2, 3: 1}))
    assert why(request(), *GRANTED, law=law, change=replace(CHANGE, tier=1)) is not None
    assert why(request(), *GRANTED, law=law, change=replace(CHANGE, tier=2)) is None


def test_raising_a_budget_needs_the_approvers_that_the_policy_asks_for() -> None:
    policy = replace(default_policy(), min_budget_approvers=3)
    law = Bounds.of(LawLimits(), policy, (), ())
    raises = asked(gates=("budget_limit",), delta=Budget(0, 5))
    record = record_of(raises, *GRANTED)
    assert quorum_of(record.waiver, 3, law) == 3
    assert judge_record(record, CHANGE, law, uses=0).why is not None
    assert quorum_of(record_of(asked()).waiver, 3, law) == 1


def test_uses_run_out() -> None:
    assert why(asked(max_uses=1), *GRANTED) is None
    assert why(asked(max_uses=1), *GRANTED, uses=1) is not None


def test_begun_days_are_counted_whole() -> None:
    waiver = record_of(asked()).waiver
    assert days_of(waiver, NOW) == 14
    assert days_of(replace(waiver, expires_at=BEGAN + timedelta(days=1, seconds=1)), NOW) == 2
    assert days_of(replace(waiver, expires_at=BEGAN), NOW) == 0
