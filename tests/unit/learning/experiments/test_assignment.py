"""Units go where the hash says: evenly, in the set shares, differently for each experiment; and a mismatch shows."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.learning.experiments.assignment import arm_of, place_of
from agent_agency.learning.experiments.model import Assignment, Kind, Plan
from agent_agency.learning.experiments.sample_ratio import ALPHA, sample_ratio
from support.experiments import NOW, binomial_slack, experiment

_SCIPY = require("scipy.stats", extra="stats")
_NUMPY = require("numpy", extra="stats")
_MADE = experiment(Kind.PROPORTION, Plan(0.1, baseline=0.5))


@given(st.text(), st.text(min_size=1))
def test_a_place_is_a_share_and_always_the_same(salt: str, unit: str) -> None:
    unit, salt = unit.encode("utf-8", "replace").decode(), salt.encode("utf-8", "replace").decode()
    assert 0 <= place_of(salt, "x", unit) < 1
    assert place_of(salt, "x", unit) == place_of(salt, "x", unit)


def test_a_place_is_that_of_the_published_rule() -> None:
    parts = b"".join(len(part).to_bytes(8, "big") + part for part in (b"salt", b"x", b"u1"))
    first = int.from_bytes(hashlib.sha256(parts).digest()[:8], "big")
    assert place_of("salt", "x", "u1") == pytest.approx(first / 2**64, abs=1e-15)
    assert place_of("ab", "c", "d") != place_of("a", "bc", "d")


@pytest.mark.parametrize("weights", [(1, 1), (9, 1), (1, 3)])
def test_units_go_to_the_arms_in_their_shares(weights: tuple[int, int]) -> None:
    made = replace(_MADE, weights=weights)
    treated = sum(arm_of(made, f"user-{number}") == "b" for number in range(20_000))
    assert treated / 20_000 == pytest.approx(made.share, abs=binomial_slack(made.share, 20_000))


def test_experiments_split_their_units_independently() -> None:
    other = replace(_MADE, name="y")
    same = sum(arm_of(_MADE, f"user-{number}") == arm_of(other, f"user-{number}") for number in range(20_000))
    assert same / 20_000 == pytest.approx(0.5, abs=binomial_slack(0.5, 20_000))


def _assigned(treated: list[bool], share: float = 0.5) -> list[Assignment]:
    return [Assignment(str(at), "b" if one else "a", share, NOW) for at, one in enumerate(treated)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_new_share_is_held_against_the_units_that_it_was_for(seed: int) -> None:
    rng = _NUMPY.random.default_rng(seed)
    units = _assigned(list(rng.random(2000) < 0.5)) + _assigned(list(rng.random(2000) < 0.1), 0.1)
    found = sample_ratio(units, "b")
    assert found.expected_treatment == pytest.approx(1200)
    assert found.p_value > 1e-6
    assert found.control + found.treatment == 4000


def test_without_units_there_is_no_mismatch() -> None:
    assert not sample_ratio([], "b").mismatch


def test_lost_units_show() -> None:
    treated = [bool(one) for one in _NUMPY.random.default_rng(2).random(5000) < 0.45]
    found = sample_ratio(_assigned(treated), "b")
    assert found.mismatch
    assert found.chi_square_p == pytest.approx(float(_SCIPY.chisquare([found.control, found.treatment]).pvalue))
    assert found.chi_square_p < ALPHA


def test_looking_at_the_ratio_all_the_time_is_no_mismatch() -> None:
    rng = _NUMPY.random.default_rng(4)
    p_values = [sample_ratio(_assigned(list(rng.random(600) < 0.5)), "b").p_value for _ in range(300)]
    assert sum(p <= 0.05 for p in p_values) / 300 <= 0.05 + binomial_slack(0.05, 300)
    assert not any(p <= ALPHA for p in p_values)
