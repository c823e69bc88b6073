from __future__ import annotations

import math
from random import Random

import pytest

from agent_agency.statistics.sequential_share import log_evidence_above, log_evidence_of_fall

ALPHA = 0.05


def _ever_above(share: float, draws: int, chance: Random) -> int | None:
    successes = 0
    for seen in range(1, draws + 1):
        successes += chance.random() < share
        if log_evidence_above(successes, seen - successes, 0.9, 0.95) >= math.log(1 / ALPHA):
            return seen
    return None


def test_a_share_at_the_limit_is_called_above_it_no_more_often_than_promised() -> None:
    chance = Random(5)
    called = sum(_ever_above(0.9, 1000, chance) is not None for _ in range(300))
    assert called <= 300 * ALPHA + 3 * math.sqrt(300 * ALPHA)


def test_a_share_well_above_the_limit_is_found() -> None:
    chance = Random(6)
    seen = [_ever_above(0.98, 2000, chance) for _ in range(50)]
    assert all(one is not None and one < 600 for one in seen)


def test_a_fall_is_noticed_however_long_all_went_well_before() -> None:
    well, badly = [True] * 5000, [False] * 10
    assert log_evidence_of_fall(well, 0.9, 0.8) == 0.0
    assert log_evidence_of_fall([*well, *badly], 0.9, 0.8) == pytest.approx(10 * math.log(2))
    assert log_evidence_of_fall([*well, *badly, *well], 0.9, 0.8) >= math.log(1000)


def test_false_alarms_of_a_fall_are_as_rare_as_promised() -> None:
    chance = Random(7)
    alarms = sum(
        log_evidence_of_fall((chance.random() < 0.9 for _ in range(500)), 0.9, 0.8) >= math.log(1000)
        for _ in range(100)
    )
    assert alarms <= 60


@pytest.mark.parametrize(("limit", "expected"), [(0.0, 0.5), (0.9, 0.9), (0.9, 0.8), (0.9, 1.0), (float("nan"), 0.5)])
def test_shares_that_are_none_are_refused(limit: float, expected: float) -> None:
    with pytest.raises(ValueError, match="no two shares"):
        log_evidence_above(1, 1, limit, expected)
