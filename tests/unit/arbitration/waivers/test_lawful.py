from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent_agency.arbitration.constitution.model import Category
from agent_agency.arbitration.waivers.lawful import problems_of
from agent_agency.config import LawLimits
from agent_agency.spec.model import Budget
from support.waiver_acts import BEGAN, TERMS, bounds, rule

RULES = (rule("scope.boundary"), rule("law.readable", waivable=False), rule("budget.limit", category=Category.BUDGET))
DAY = timedelta(days=1)


def whys(limits: LawLimits | None = None, **asked: Any) -> list[str]:
    return [problem.why for problem in problems_of(replace(TERMS, **asked), bounds(limits, *RULES))]


def test_a_bounded_request_with_a_reason_may_be_granted() -> None:
    assert whys() == []
    assert whys(gates=("unit-tests",), spec_id=None, paths=("src/billing/**",)) == []
    assert whys(gates=(), rules=("scope.boundary",)) == []
    assert whys(gates=("budget_limit",), delta=Budget(1, 0)) == []
    assert whys(expires_at=BEGAN + 90 * DAY) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"gates": ()}, "no gate and no rule"),
        ({"gates": ("*",)}, "no gate"),
        ({"gates": ("",)}, "no gate"),
        ({"gates": ("scope_boundary", "scope")}, "no gate"),
        ({"gates": ("law",)}, "no gate"),
        ({"gates": (), "rules": ("*",)}, "no rule in force"),
        ({"gates": (), "rules": ("scope",)}, "no rule in force"),
        ({"gates": (), "rules": ("law.readable",)}, "lets no waiver cover it"),
        ({"gates": (), "rules": ("budget.limit",)}, "only raises"),
        ({"spec_id": None}, "for everything"),
        ({"spec_id": None, "paths": ("**",)}, "bounds nothing"),
        ({"paths": ("src/**", "{**,x}")}, "bounds nothing"),
        ({"reason": "TODO"}, "does not say why"),
        ({"reason": " " * 40}, "does not say why"),
        ({"reason": "x" * 40}, "does not say why"),
        ({"expires_at": BEGAN}, "before it begins"),
        ({"expires_at": BEGAN + 90 * DAY + timedelta(milliseconds=1)}, "longer than the 90 days"),
        ({"gates": ("budget_limit",)}, "only raises"),
        ({"gates": ("budget_limit",), "delta": Budget(0, 0)}, "only raises"),
        ({"delta": Budget(1, 1)}, "does not name budget_limit"),
        ({"gates": ("budget_limit",), "delta": Budget(1, 1), "spec_id": None, "paths": ("src/**",)}, "one spec's"),
    ],
)
def test_what_is_unbounded_unknown_or_not_waivable_may_not(asked: dict[str, Any], said: str) -> None:
    assert any(said in why for why in whys(**asked)), whys(**asked)


def test_asking_long_gives_nothing_rather_than_more() -> None:
    assert whys(LawLimits(waiver_max_days=10), expires_at=BEGAN + 11 * DAY)
    assert not whys(LawLimits(waiver_max_days=10), expires_at=BEGAN + 10 * DAY)


def test_a_delta_over_the_cap_is_refused() -> None:
    capped = LawLimits(max_delta_files=2, max_delta_loc=40)
    assert not whys(capped, gates=("budget_limit",), delta=Budget(2, 40))
    assert len(whys(capped, gates=("budget_limit",), delta=Budget(3, 41))) == 2
