from __future__ import annotations

from random import Random
from typing import Any

import pytest

from agent_agency.inference.pool.rollout_limits import WINDOW, RolloutLimits, standing_of
from agent_agency.store.rollouts import Pair

LIMITS = RolloutLimits()


def _pair(number: int, *, agreed: bool | None = True, old: float = 0.1, new: float = 0.1, outcome: str = "ok") -> Pair:
    times = (round(old * 1e6), round(new * 1e6))
    return Pair("shadow", f"k{number}", "2026-01-31T08:00:00.000Z", "ok", outcome, agreed, *times)


def test_enough_pairs_that_agree_let_it_go_on() -> None:
    assert standing_of([], LIMITS).decision == "wait"
    assert standing_of([_pair(at) for at in range(29)], LIMITS).reason == "too few pairs to decide"
    found = standing_of([_pair(at) for at in range(60)], LIMITS)
    assert (found.decision, found.pairs, found.agreed, found.old_p95_s) == ("enough", 60, 60, 0.1)
    assert found.low > 0.9


def test_asking_the_same_again_and_again_proves_nothing() -> None:
    assert standing_of([_pair(7) for _ in range(400)], LIMITS).decision == "wait"


def test_agreement_that_falls_takes_it_back_however_well_it_went_before() -> None:
    well = [_pair(at) for at in range(50)]
    badly = [_pair(100 + at, agreed=False) for at in range(10)]
    assert standing_of([*well, *badly[:5]], LIMITS).decision == "wait"
    found = standing_of([*well, *badly], LIMITS)
    assert (found.decision, found.reason) == ("fell", "they agree on 50 of 60, and 90% is the limit")


def test_failures_of_the_new_engine_take_it_back_and_those_of_the_old_one_say_nothing() -> None:
    failed = [_pair(at, agreed=False, outcome="engine.timeout") for at in range(12)]
    assert standing_of(failed, LIMITS).decision == "fell"
    found = standing_of([_pair(at, agreed=None) for at in range(100)], LIMITS)
    assert (found.decision, found.pairs) == ("wait", 0)


def test_a_new_engine_that_is_too_slow_goes_back_and_one_that_is_not_does_not() -> None:
    slow = [_pair(at, new=0.16) for at in range(40)]
    lucky = [_pair(at, new=0.16 if at % 20 == 0 else 0.1) for at in range(200)]
    assert standing_of(lucky, LIMITS).decision == "enough"
    found = standing_of(slow, LIMITS)
    assert (found.decision, "0.16 s where the old one takes 0.1 s" in found.reason) == ("fell", True)
    assert standing_of(slow[:29], LIMITS).decision == "wait"
    assert standing_of([_pair(at, new=0.149) for at in range(60)], LIMITS).decision == "enough"


def test_failures_of_the_new_engine_are_endless_latency() -> None:
    pairs = [_pair(at, agreed=at % 3 != 0, outcome="ok" if at % 3 else "engine.hung") for at in range(40)]
    found = standing_of(pairs, RolloutLimits(least_agreement=0.6))
    assert (found.decision, found.as_dict()["new_p95_s"]) == ("fell", None)


def test_answers_from_a_cache_say_nothing_of_time() -> None:
    found = standing_of([_pair(at, old=0.0, new=9.0) for at in range(60)], LIMITS)
    assert (found.decision, found.old_p95_s) == ("enough", None)


def test_an_agreement_at_the_limit_rarely_goes_on() -> None:
    chance = Random(3)
    gone_on = 0
    for _ in range(60):
        pairs = [_pair(at, agreed=chance.random() < 0.9) for at in range(200)]
        gone_on += any(standing_of(pairs[:seen], LIMITS).decision == "enough" for seen in range(30, 201, 5))
    assert gone_on <= 8


def _stage(chance: Random, agreement: float, slower: float) -> str:
    """How a stage ends when somebody looks after every fifth pair, with times that scatter as those of engines do."""
    pairs: list[Pair] = []
    while len(pairs) < 600:
        old, new = (0.1 * chance.lognormvariate(0.0, 0.3) for _ in range(2))
        pairs.append(_pair(len(pairs), agreed=chance.random() < agreement, old=old, new=new * slower))
        decision = standing_of(pairs[-WINDOW:], LIMITS).decision if len(pairs) % 5 == 0 else "wait"
        if decision != "wait":
            return decision
    return "wait"


@pytest.mark.parametrize("stages", [6, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("agreement", "slower", "ends"),
    [(0.96, 1.0, "enough"), (0.96, 1.2, "enough"), (0.8, 1.0, "fell"), (0.99, 3.0, "fell")],
)
def test_a_stage_ends_as_the_new_engine_deserves_whenever_somebody_looks(
    agreement: float, slower: float, ends: str, stages: int
) -> None:
    chance = Random(11)
    ended = [_stage(chance, agreement, slower) for _ in range(stages)]
    assert ended.count(ends) >= 0.94 * stages, ended


def test_limits_are_kept_and_read_back() -> None:
    limits = RolloutLimits(0.5, 0.1, 0.8, 2.0, 10)
    assert RolloutLimits.from_bytes(limits.to_bytes()) == limits
    with pytest.raises(ValueError, match="changed"):
        RolloutLimits.from_bytes(b'{"odd": 1}')


@pytest.mark.parametrize(
    "wrong",
    [
        {"shadow": 0.0},
        {"share": 1.5},
        {"least_agreement": 1.0},
        {"least_agreement": float("nan")},
        {"latency_ratio": 0.0},
        {"latency_ratio": float("inf")},
        {"least_pairs": 0},
        {"least_pairs": 1000},
    ],
)
def test_limits_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RolloutLimits(**wrong)
